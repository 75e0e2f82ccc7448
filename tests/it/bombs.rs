//! Pages that take what they can get (FAULTS F5–F17): each costs its own session a bounded part, and the session goes on. What a page
//! is too large to be read for is in `hostile`.

use helmwatch_tests::wait::until;
use serde_json::json;

use crate::room::{Hand, Room, SOON, section};

async fn open(config: &str) -> (Room, Hand) {
    let room = Room::with(|options| options.policy("open").config(config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    (room, agent)
}

/// The session and another of its browser still work.
async fn goes_on(room: &Room, agent: &Hand) {
    agent.ok("browser_navigate", json!({ "url": room.site.url("/form"), "snapshot": "none" })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    let panics = room.service.log_lines_with("panicked");
    assert!(panics.is_empty(), "{panics:?}");
}

#[tokio::test]
async fn loops_without_end_in_workers_leave_the_page_to_its_agent_and_in_frames_cost_a_call() {
    let (room, agent) = open("").await;
    for (what, script) in [
        ("worker", "new Worker(URL.createObjectURL(new Blob(['for(;;);'])))".to_owned()),
        ("shared worker", "new SharedWorker('/endless-worker.js')".to_owned()),
        ("service worker", "navigator.serviceWorker.register('/endless-worker.js').catch(() => 0)".to_owned()),
    ] {
        agent.ok("browser_evaluate", json!({ "function": format!("() => {{ {script}; return 1 }}") })).await;
        assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"", "{what}");
        let name = agent.find(&["textbox"]).await;
        agent.ok("browser_type", json!({ "target": name, "text": what })).await;
        let typed = agent.evaluate("() => document.querySelector('input').value").await;
        assert_eq!(typed, format!("\"{what}\""));
        goes_on(&room, &agent).await;
    }
    // A frame may share its page's process: then the page answers no more, and can be left.
    let frame = "() => { document.body.append(Object.assign(document.createElement('iframe'), { src: '/hostile/endless' })); return 1 }";
    agent.call("browser_evaluate", json!({ "function": frame })).await;
    let stuck = agent.refused("browser_evaluate", json!({ "function": "() => 1" })).await;
    assert!(stuck.contains("The session is alive"), "{stuck}");
    goes_on(&room, &agent).await;
    agent.ok("session_close", json!({ "session": "default" })).await;
    goes_on(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn printing_does_nothing_and_holds_nobody() {
    let (room, agent) = open("").await;
    assert_eq!(agent.evaluate("() => { for (let n = 0; n < 20; n++) print(); return 'printed' }").await, "\"printed\"");
    goes_on(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn a_redirect_whose_address_grows_ends_in_an_error() {
    let (room, agent) = open("").await;
    let told = agent.refused("browser_navigate", json!({ "url": room.site.url("/growing") })).await;
    assert!(told.contains("ERR_TOO_MANY_REDIRECTS"), "{told}");
    goes_on(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn a_step_within_the_document_is_no_hang_and_no_error() {
    let (room, agent) = open("").await;
    let went = agent.ok("browser_navigate", json!({ "url": room.site.url("/form#below") })).await;
    assert!(section(&went.text, "Page").contains("/form#below"), "{}", went.text);
    agent.evaluate("() => { history.pushState(null, '', '/pushed'); location.hash = 'x'; return 1 }").await;
    let back = agent.ok("browser_navigate_back", json!({})).await;
    assert!(section(&back.text, "Page").contains("/pushed"), "{}", back.text);
    assert_eq!(room.site.count("GET", "/form"), 1, "no document was asked for again");
    room.close().await;
}

#[tokio::test]
async fn a_page_without_end_is_cut_at_the_bytes_a_session_may_have() {
    let (room, agent) = open("[egress]\ndown_mib_max = 8\n").await;
    let service = room.service.process();
    let before = service.memory().rss;
    agent.call("browser_navigate", json!({ "url": room.site.url("/zeros") })).await;
    let cut = until("the end of its bytes", SOON, async || {
        let answer = agent.call("browser_navigate", json!({ "url": room.site.url("/form"), "snapshot": "none" })).await;
        answer.is_error.then_some(answer.text)
    });
    let told = cut.await.unwrap();
    assert!(told.contains("traffic limit is used up"), "{told}");
    let grown = service.memory().rss.saturating_sub(before);
    assert!(grown < 64 << 20, "the service grew by {grown} bytes");
    // The session is spent, and a new one is not.
    agent.ok("session_close", json!({ "session": "default" })).await;
    goes_on(&room, &agent).await;
    room.close().await;
}

#[tokio::test]
async fn workers_without_number_end_with_their_session() {
    let (room, agent) = open("[pool]\nwarm_sessions = 0\n").await;
    let before = room.service.children().len();
    agent.ok("session_open", json!({ "name": "bomb" })).await;
    let url = room.site.url("/form");
    agent.ok("browser_navigate", json!({ "session": "bomb", "url": url, "snapshot": "none" })).await;
    let bomb = "() => { for (let n = 0; n < 200; n++) new Worker(URL.createObjectURL(new Blob(['setInterval(() => postMessage(1), 1)']))); return 1 }";
    agent.ok("browser_evaluate", json!({ "session": "bomb", "function": bomb })).await;
    goes_on(&room, &agent).await;
    agent.ok("session_close", json!({ "session": "bomb" })).await;
    let gone = until("their end", SOON, async || (room.service.children().len() <= before).then_some(()));
    gone.await.unwrap();
    goes_on(&room, &agent).await;
    room.close().await;
}

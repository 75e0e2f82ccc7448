//! Pages that take what they can get (FAULTS F5–F17): each costs its own session a bounded part, and the session goes on. What a page
//! is too large to be read for is in `hostile`.

use helmwatch_tests::wait::until;
use serde_json::json;

use crate::room::{Hand, Room, SOON, section};
use crate::viewers::metric;

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

/// F5: in a worker, a shared one, a service worker and a frame.
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

/// F8: it has no effect.
#[tokio::test]
async fn printing_does_nothing_and_holds_nobody() {
    let (room, agent) = open("").await;
    assert_eq!(agent.evaluate("() => { for (let n = 0; n < 20; n++) print(); return 'printed' }").await, "\"printed\"");
    goes_on(&room, &agent).await;
    room.close().await;
}

/// F7: whoever goes has made up their mind; a page that goes by itself leaves the question to its agent.
#[tokio::test]
async fn a_page_that_asks_before_it_is_left_holds_nobody_who_leaves_it() {
    let (room, agent) = open("").await;
    let held = room.site.url("/hostile/leaving");
    // Without a press Chromium lets no page ask.
    let pressed = async || {
        agent.ok("browser_navigate", json!({ "url": held, "snapshot": "none" })).await;
        agent.click(&["button", "Press"]).await;
    };
    pressed().await;
    goes_on(&room, &agent).await;
    pressed().await;
    let back = agent.ok("browser_navigate_back", json!({})).await;
    assert!(section(&back.text, "Page").contains("/form"), "{}", back.text);
    pressed().await;
    agent.call("browser_evaluate", json!({ "function": "() => { location.href = '/form'; }" })).await;
    let asked = until("the question", SOON, async || {
        let answer = agent.call("browser_snapshot", json!({})).await;
        answer.text.contains("beforeunload").then_some(())
    });
    asked.await.unwrap();
    agent.ok("browser_handle_dialog", json!({ "accept": false, "snapshot": "none" })).await;
    assert_eq!(agent.evaluate("() => location.pathname").await, "\"/hostile/leaving\"");
    // A tab and a session close all the same.
    agent.ok("browser_tabs", json!({ "action": "new", "url": held, "snapshot": "none" })).await;
    agent.click(&["button", "Press"]).await;
    agent.ok("browser_tabs", json!({ "action": "close", "snapshot": "none" })).await;
    agent.ok("session_close", json!({ "session": "default" })).await;
    goes_on(&room, &agent).await;
    room.close().await;
}

/// F9: with an address that grows.
#[tokio::test]
async fn a_redirect_whose_address_grows_ends_in_an_error() {
    let (room, agent) = open("").await;
    let told = agent.refused("browser_navigate", json!({ "url": room.site.url("/growing") })).await;
    assert!(told.contains("ERR_TOO_MANY_REDIRECTS"), "{told}");
    goes_on(&room, &agent).await;
    room.close().await;
}

/// F12: forth and back, without a request.
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

/// F13: by bytes on the wire, and memory stays flat.
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

/// F13: what is little on the wire and without end behind it is bounded by the memory of its page.
#[tokio::test]
async fn a_page_that_unpacks_without_end_is_ended_for_its_memory_and_costs_nobody_else() {
    for coding in ["gzip", "br"] {
        let config = "[pool]\nwarm_sessions = 0\nbrowser_memory_mib_renew = 0\nbrowser_memory_mib_max = 700\n";
        let (room, agent) = open(config).await;
        let other = room.agent_named("other").await;
        other.goto(&room.site.url("/form")).await;
        let service = room.service.process();
        let before = service.memory().rss;
        // Chromium takes brotli by plain HTTP from this machine's own name only.
        let url = format!("http://{}/bomb/{coding}", room.site.other_address());
        let going = agent.call("browser_navigate", json!({ "url": url, "snapshot": "none" }));
        let ended = until("the page's end", 2 * SOON, async || {
            (metric(&room, "helmwatch_pages_ended_total{reason=\"memory\"}").await > 0).then_some(())
        });
        let (_, ended) = tokio::join!(going, ended);
        ended.unwrap_or_else(|fault| panic!("{coding}: {fault}\n{}", room.service.log()));
        let told = agent.refused("browser_evaluate", json!({ "function": "() => 1" })).await;
        assert!(told.contains("The page crashed"), "{coding}: {told}");
        let grown = service.memory().rss.saturating_sub(before);
        assert!(grown < 64 << 20, "{coding}: the service grew by {grown} bytes");
        assert_eq!(other.evaluate("() => document.title").await, "\"Form\"", "{coding}");
        goes_on(&room, &agent).await;
        room.close().await;
    }
}

/// F17: workers.
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

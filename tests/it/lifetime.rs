//! Start and end: nothing outlives the service, whichever way it ends.

use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::wait::until;
use serde_json::json;

use crate::room::{Room, SOON};

/// F29: whatever is open.
#[tokio::test]
async fn a_stop_leaves_nothing_even_with_sessions_open_and_a_call_held() {
    let room = Room::with(|options| options.config("[shutdown]\ngrace_ms = 1000\n")).await;
    let agent = room.agent().await;
    for name in ["one", "two", "three"] {
        agent.ok("session_open", json!({ "name": name })).await;
        agent.ok("browser_navigate", json!({ "session": name, "url": room.site.url("/shop") })).await;
    }
    let snapshot = agent.ok("browser_snapshot", json!({ "session": "one" })).await;
    let button = snapshot.find_ref(&["button", "Buy now"]).unwrap();
    let Room { site, service } = room;
    assert!(service.children().len() >= 3, "there are browsers to leave behind");
    let call = agent.client.call("browser_click", json!({ "session": "one", "target": button }));
    let stopping = async {
        let key = service.admin_key().to_owned();
        let held = helmwatch_tests::wait::until("a held call", SOON, async || {
            let (_, body) = service.api("GET", "/v1/approvals?state=pending", Some(&key), None).await.ok()?;
            body["approvals"][0]["id"].is_string().then_some(())
        });
        held.await.unwrap();
        let log = service.log();
        (service.stop().await.unwrap(), log)
    };
    let (_, (ended, log)) = tokio::join!(call, stopping);
    assert!(ended.left.is_empty(), "{:#?}\n{log}", ended.left);
    assert!(ended.status.success(), "{}", ended.status);
    assert_eq!(site.count("POST", "/buy"), 0, "a held call does not slip out at the end");
}

/// F30: the pipe ends it.
#[tokio::test]
async fn a_killed_service_leaves_no_chromium() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    assert!(!room.service.children().is_empty());
    let ended = room.service.kill().await.unwrap();
    assert!(ended.left.is_empty(), "{:#?}", ended.left);
}

#[tokio::test]
async fn closing_a_session_ends_its_renderer() {
    let room = Room::with(|options| options.config("[pool]\nwarm_sessions = 0\n")).await;
    let agent = room.agent().await;
    agent.ok("session_open", json!({ "name": "first" })).await;
    agent.ok("session_close", json!({ "session": "first" })).await;
    let before = room.service.children().len();
    agent.ok("session_open", json!({ "name": "second" })).await;
    agent.ok("browser_navigate", json!({ "session": "second", "url": room.site.url("/form") })).await;
    assert!(room.service.children().len() > before, "a session has a process of its own");
    agent.ok("session_close", json!({ "session": "second" })).await;
    let gone = helmwatch_tests::wait::until("the renderer's end", SOON, async || {
        (room.service.children().len() <= before).then_some(())
    });
    gone.await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn a_browser_that_dies_fails_its_calls_and_the_next_session_gets_another() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let browsers: Vec<_> = room.service.children().into_iter().filter(|one| one.is_browser()).collect();
    assert!(!browsers.is_empty());
    for browser in browsers {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(browser.pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    // Whether the call comes before the service has heard of it or after: the agent is told, and once.
    let told = agent.refused("browser_snapshot", json!({})).await;
    println!("{told}");
    agent.call("session_close", json!({ "session": "default" })).await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/form") })).await;
    agent.ok("session_open", json!({ "name": "again" })).await;
    agent.ok("browser_navigate", json!({ "session": "again", "url": room.site.url("/form") })).await;
    room.close().await;
}

/// Nobody called when it happened, and nothing of the session is left: the next call does not get an empty page without a word.
#[tokio::test]
async fn an_agent_that_was_away_is_told_once_that_its_browser_died() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    for browser in room.service.children().into_iter().filter(|one| one.is_browser()) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(browser.pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    let gone = until("the session is forgotten", SOON, async || {
        let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
        list["sessions"].as_array().unwrap().is_empty().then_some(())
    });
    gone.await.unwrap();
    let told = agent.refused("browser_snapshot", json!({})).await;
    assert!(told.contains("The browser is gone: session \"default\" ended with it"), "{told}");
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

#[tokio::test]
async fn a_second_start_on_the_same_folder_finds_its_keys_again() {
    let room = Room::open().await;
    let key = room.service.create_key("kept", &["view"], None).await.unwrap();
    let data = room.service.data();
    assert!(room.service.stop().await.unwrap().left.is_empty());
    let service = Service::start(Options { data: Some(data), ..Options::default() }).await.unwrap();
    assert_eq!(service.api("GET", "/v1/sessions", Some(&key), None).await.unwrap().0, 200);
    assert!(service.stop().await.unwrap().left.is_empty());
}

#[tokio::test]
async fn the_open_routes_say_how_it_is() {
    let room = Room::open().await;
    assert_eq!(room.service.api("GET", "/healthz", None, None).await.unwrap().0, 200);
    assert_eq!(room.service.api("GET", "/readyz", None, None).await.unwrap().0, 200);
    let metrics = room.service.bytes("/metrics", Some(room.service.admin_key())).await.unwrap();
    assert!(String::from_utf8_lossy(&metrics).contains("helmwatch"), "metrics have the product's name");
    let page = room.service.bytes("/", None).await.unwrap();
    assert!(String::from_utf8_lossy(&page).contains("<script"), "the viewer is served");
    room.close().await;
}

//! What a page sends by itself is held by the same rules as the calls of its agent: the site says what arrived.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use helmwatch_protocol::{LiveEvent, ViewerMessage};
use helmwatch_tests::mcp::ToolAnswer;
use helmwatch_tests::service::Options;
use helmwatch_tests::viewer::Viewer;
use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::room::{Hand, Room, SOON, section};

/// Asks about all that pages send, and about nothing else.
const WRITES: &str = "default = \"allow\"\n[[rule]]\nname = \"writes\"\nthen = \"ask\"\nmessage = \"Sends.\"\nwhen.tool = \"page_request\"\nwhen.method = \"POST\"\n";

/// A rule file; the folder goes with it.
struct Rules {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl Rules {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.toml");
        std::fs::write(&path, text).unwrap();
        Self { _folder: folder, path }
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

async fn room(rules: &Rules, change: impl FnOnce(Options) -> Options) -> Room {
    Room::with(|options| change(options.policy(rules.path().to_str().unwrap()))).await
}

/// What the site got of this way to send, to whichever address.
fn arrived(room: &Room, way: &str) -> usize {
    let body = format!("way={}", way.replace(' ', "+"));
    let all = [room.site.seen("POST", "/received"), room.site.seen("POST", "/buy")].concat();
    all.iter().filter(|seen| seen.body == body).count()
}

/// The click on the button of this way, from its page.
async fn button(room: &Room, agent: &Hand, way: &str) -> Value {
    agent.goto(&room.site.url("/sending")).await;
    json!({ "target": agent.find(&["button", &format!("\"Next: {way}.\"")]).await })
}

/// Clicks, waits for the card, decides; the answer and the card.
async fn clicked(room: &Room, agent: &Hand, way: &str, decision: &str) -> (ToolAnswer, Value) {
    let arguments = button(room, agent, way).await;
    let before = arrived(room, way);
    let deciding = async {
        let card = room.held().await;
        assert_eq!(arrived(room, way), before, "{way} left before anybody decided");
        let (status, body) = room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), decision).await;
        assert_eq!(status, 200, "{way}: {body}");
        card
    };
    tokio::join!(agent.call("browser_click", arguments), deciding)
}

/// Every way a page has to send, but for those that wait for no answer.
const WAYS: [&str; 9] = ["fetch", "form", "popup", "xhr", "waiting", "beacon", "frame", "frame form", "worker"];

#[tokio::test]
async fn whatever_way_a_page_sends_after_an_innocent_click_a_yes_lets_it_go_once() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    for way in WAYS {
        let (answer, card) = clicked(&room, &agent, way, "approve").await;
        assert!(!answer.is_error, "{way}: {}", answer.text);
        let summary = card["summary"].as_str().unwrap();
        let sends = format!("Send POST to {}/", room.site.url(""));
        assert!(summary.starts_with(sends.trim_end_matches('/')), "{way}: {summary}");
        assert!(summary.ends_with(&format!("after Click button \"Next: {way}.\"")), "{way}: {summary}");
        assert_eq!((card["tool"].as_str(), card["rule"].as_str()), (Some("page_request"), Some("writes")), "{card}");
        let came = until(way, SOON, async || (arrived(&room, way) > 0).then_some(()));
        came.await.unwrap();
        assert_eq!(arrived(&room, way), 1, "{way}");
        assert!(room.pending().await.is_empty(), "{way} is asked once");
    }
    room.close().await;
}

#[tokio::test]
async fn whatever_way_a_page_sends_after_an_innocent_click_a_no_stops_it() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    for way in WAYS {
        let (answer, _) = clicked(&room, &agent, way, "deny").await;
        let error = crate::room::two_lines(way, &answer.text);
        assert!(answer.is_error && error.contains("The call was carried out, but"), "{way}: {}", answer.text);
        assert!(error.contains("denied what the page was about to send"), "{way}: {error}");
        // The page that wanted to send is still there, and usable.
        let told = agent.evaluate("() => document.title").await;
        assert_eq!(told, "\"Sending\"", "{way}");
    }
    agent.goto(&room.site.url("/sending")).await;
    assert_eq!(room.site.count("POST", "/received") + room.site.count("POST", "/buy"), 0);
    room.close().await;
}

#[tokio::test]
async fn nobodys_answer_stops_what_a_page_sends() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options.config("[approval]\nttl_ms = 1000\n")).await;
    let agent = room.agent().await;
    for way in ["fetch", "form"] {
        let arguments = button(&room, &agent, way).await;
        let answer = agent.call("browser_click", arguments).await;
        assert!(answer.is_error && answer.text.contains("nobody approved in time"), "{way}: {}", answer.text);
        assert_eq!(arrived(&room, way), 0);
    }
    room.close().await;
}

#[tokio::test]
async fn what_a_session_was_about_to_send_when_it_ended_never_leaves() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    for way in ["fetch", "form", "beacon"] {
        let agent = room.agent_named(&format!("agent {way}")).await;
        let arguments = button(&room, &agent, way).await;
        let ending = async {
            let card = room.held().await;
            let path = format!("/v1/sessions/{}", card["session"].as_str().unwrap());
            let key = room.service.admin_key();
            let (status, _) = room.service.api("DELETE", &path, Some(key), None).await.unwrap();
            assert!(status < 300, "{status}");
            let id = card["id"].as_str().unwrap().to_owned();
            until("the card's end", SOON, async || room.pending().await.is_empty().then_some(())).await.unwrap();
            room.decide(room.service.admin_key(), &id, "approve").await.0
        };
        let (answer, late) = tokio::join!(agent.call("browser_click", arguments), ending);
        assert!(answer.is_error, "{way}: {}", answer.text);
        assert_eq!(late, 409, "{way}: too late");
    }
    assert_eq!(room.site.count("POST", "/received") + room.site.count("POST", "/buy"), 0);
    room.close().await;
}

/// F28: a request of the page that waits for a yes.
#[tokio::test]
async fn what_stands_at_the_door_when_the_service_dies_never_leaves() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    let arguments = button(&room, &agent, "form").await;
    let Room { site, service } = room;
    let key = service.admin_key().to_owned();
    let dying = async {
        let held = until("a held request", SOON, async || {
            let (_, body) = service.api("GET", "/v1/approvals?state=pending", Some(&key), None).await.ok()?;
            body["approvals"][0]["id"].as_str().map(str::to_owned)
        });
        held.await.unwrap();
        service.kill().await.unwrap()
    };
    let (_, ended) = tokio::join!(agent.client.call("browser_click", arguments), dying);
    assert!(ended.left.is_empty(), "{:#?}", ended.left);
    assert_eq!(site.count("POST", "/buy"), 0);
}

/// Closing the tab, its opener or the whole window is no way past a person.
#[tokio::test]
async fn a_tab_that_closes_takes_what_it_was_about_to_send_with_it() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/sending") })).await;
    let target = agent.find(&["button", "\"Next: fetch.\""]).await;
    let closing = async {
        room.held().await;
        agent.ok("browser_tabs", json!({ "action": "close", "index": 1 })).await;
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", json!({ "target": target })), closing);
    assert!(answer.is_error && answer.text.contains("gave it up"), "{}", answer.text);
    assert!(room.pending().await.is_empty(), "its card is withdrawn");
    let arguments = button(&room, &agent, "and close").await;
    let done = AtomicBool::new(false);
    let clicking = async {
        agent.call("browser_click", arguments).await;
        done.store(true, Ordering::Relaxed);
    };
    // What comes before its window is gone is asked about; what comes later is nobody's, and refused.
    let deciding = until("the end of the click", SOON, async || {
        for card in room.pending().await {
            room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await;
        }
        done.load(Ordering::Relaxed).then_some(())
    });
    let ((), ended) = tokio::join!(clicking, deciding);
    ended.unwrap();
    agent.goto(&room.site.url("/sending")).await;
    assert_eq!(room.site.count("POST", "/received"), 0);
    room.close().await;
}

#[tokio::test]
async fn a_request_of_no_call_is_held_as_what_it_is() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    for (decision, count) in [("deny", 0), ("approve", 1)] {
        agent.goto(&room.site.url(&format!("/sending?later={decision}"))).await;
        room.site.tell_the_page();
        let card = room.held().await;
        let summary = card["summary"].as_str().unwrap();
        assert!(summary.ends_with("/received by the page itself"), "{summary}");
        let news = agent.ok("browser_snapshot", json!({})).await.text;
        assert!(section(&news, "Events").contains("waiting for a person to approve it"), "{news}");
        room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), decision).await;
        let word = if count == 1 { "sent later" } else { "blocked later" };
        agent.ok("browser_wait_for", json!({ "text": word })).await;
        assert_eq!(arrived(&room, "later"), count);
    }
    room.close().await;
}

#[tokio::test]
async fn an_agent_that_comes_back_waits_for_the_same_request_and_nothing_is_done_twice() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options.config("[mcp]\nhold_ms_max = 400\n")).await;
    let agent = room.agent().await;
    let arguments = button(&room, &agent, "fetch").await;
    let first = agent.call("browser_click", arguments.clone()).await;
    assert!(first.is_error && first.text.contains("Waiting for approval a_"), "{}", first.text);
    let second = agent.call("browser_click", arguments.clone()).await;
    assert!(second.text.contains("Waiting for approval a_") && second.text.contains("not be carried out twice"));
    let pending = room.pending().await;
    assert_eq!(pending.len(), 1, "{pending:?}");
    room.decide(room.service.admin_key(), pending[0]["id"].as_str().unwrap(), "approve").await;
    // Released while nobody waited for it.
    room.site.wait_for("POST", "/received", SOON).await.unwrap();
    let third = agent.ok("browser_click", arguments.clone()).await;
    assert!(third.text.contains("sent fetch"), "{}", third.text);
    assert_eq!(agent.evaluate("() => document.getElementById('clicks').textContent").await, "\"1\"", "clicked once");
    assert_eq!(arrived(&room, "fetch"), 1);
    // What was heard is over: the same again is a new click and a new question.
    let fourth = agent.call("browser_click", arguments).await;
    assert!(fourth.text.contains("Waiting for approval a_"), "{}", fourth.text);
    room.close().await;
}

#[tokio::test]
async fn an_approved_click_is_asked_once_and_sends_once() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/shop")).await;
    let target = agent.find(&["button", "Buy now"]).await;
    let deciding = async {
        let card = room.held().await;
        assert_eq!(card["tool"], "browser_click");
        assert_eq!(room.site.count("POST", "/buy"), 0);
        room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "approve").await
    };
    let (answer, _) = tokio::join!(agent.call("browser_click", json!({ "target": target })), deciding);
    assert!(!answer.is_error && answer.text.contains("/bought"), "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 1);
    let (_, all) = room.service.api("GET", "/v1/approvals", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(all["approvals"].as_array().unwrap().len(), 1, "{all}");
    room.close().await;
}

#[tokio::test]
async fn a_request_let_go_may_be_sent_on_by_its_answer() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    let (answer, _) = clicked(&room, &agent, "moved", "approve").await;
    assert!(!answer.is_error && answer.text.contains("sent moved"), "{}", answer.text);
    assert_eq!((room.site.count("POST", "/moved"), room.site.count("POST", "/received")), (1, 1));
    assert!(room.pending().await.is_empty());
    room.close().await;
}

/// What a worker of the site's own sends, on a page's word or its own, is of no tab.
#[tokio::test]
async fn workers_that_belong_to_no_page_pass_the_same_door() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    for (decision, count) in [("approve", 1), ("deny", 1)] {
        clicked(&room, &agent, "service worker", decision).await;
        let word = if decision == "approve" { "sent service worker" } else { "blocked service worker" };
        agent.ok("browser_wait_for", json!({ "text": word })).await;
        assert_eq!(arrived(&room, "service worker"), count, "{decision}");
        agent.goto(&room.site.url("/form")).await;
    }
    room.close().await;
}

#[tokio::test]
async fn a_page_that_tries_again_after_a_no_asks_nobody_again() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    let (answer, _) = clicked(&room, &agent, "retry", "deny").await;
    assert!(answer.is_error, "{}", answer.text);
    agent.ok("browser_wait_for", json!({ "text": "tried three times" })).await;
    assert!(room.pending().await.is_empty());
    assert_eq!(room.site.count("POST", "/received"), 0);
    let (_, all) = room.service.api("GET", "/v1/approvals", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(all["approvals"].as_array().unwrap().len(), 1, "{all}");
    room.close().await;
}

#[tokio::test]
async fn a_rule_that_denies_stops_a_page_without_asking() {
    let rules = Rules::new(&WRITES.replace("\"ask\"", "\"deny\""));
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    let arguments = button(&room, &agent, "fetch").await;
    let answer = agent.ok("browser_click", arguments).await;
    assert!(answer.text.contains("blocked fetch"), "{}", answer.text);
    let events = section(&answer.text, "Events");
    assert!(events.contains("refused, because the rule \"writes\" does not allow it: Sends."), "{events}");
    assert_eq!(room.site.count("POST", "/received"), 0);
    assert!(room.pending().await.is_empty());
    room.close().await;
}

#[tokio::test]
async fn careful_holds_secrets_and_orders_that_scripts_send_and_shows_no_secret() {
    let room = Room::open().await;
    let agent = room.agent().await;
    for (way, rule) in [
        ("word", "sending-secrets"),
        ("card", "sending-secrets"),
        ("address", "sending-secrets"),
        ("order", "buying-by-script"),
    ] {
        let (answer, card) = clicked(&room, &agent, way, "deny").await;
        assert!(answer.is_error, "{way}: {}", answer.text);
        assert_eq!(card["rule"], rule, "{way}: {card}");
        let all = format!("{card}{}", answer.text);
        assert!(!all.contains("correct-horse") && !all.contains("4111"), "{way} is shown: {all}");
    }
    assert!(!room.service.log().contains("correct-horse"), "the log shows it");
    assert_eq!(room.site.count("POST", "/received") + room.site.count("POST", "/buy"), 0);
    assert_eq!(room.site.count("GET", "/fetch-target"), 0);
    room.close().await;
}

#[tokio::test]
async fn careful_lets_a_page_search_and_count_its_visitors() {
    let room = Room::open().await;
    let agent = room.agent().await;
    for way in ["search", "visit", "fetch"] {
        let arguments = button(&room, &agent, way).await;
        let answer = agent.ok("browser_click", arguments).await;
        assert!(answer.text.contains(&format!("sent {way}")), "{way}: {}", answer.text);
    }
    until("what was let go", SOON, async || (room.site.count("POST", "/received") == 3).then_some(())).await.unwrap();
    let (_, all) = room.service.api("GET", "/v1/approvals", Some(room.service.admin_key()), None).await.unwrap();
    assert!(all["approvals"].as_array().unwrap().is_empty(), "{all}");
    room.close().await;
}

#[tokio::test]
async fn open_lets_everything_go() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    for way in ["word", "order", "fetch"] {
        let arguments = button(&room, &agent, way).await;
        let answer = agent.ok("browser_click", arguments).await;
        assert!(answer.text.contains(&format!("sent {way}")), "{way}: {}", answer.text);
    }
    assert_eq!(room.site.count("POST", "/received"), 2);
    room.close().await;
}

/// The same door: a route answers before it, and what a route sends on passes it.
#[tokio::test]
async fn a_route_that_answers_keeps_a_request_from_the_door_and_one_that_sends_on_does_not() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent_with("agent", "network").await;
    let answer = json!({ "pattern": "**/received", "status": 200, "body": "mocked" });
    agent.ok("browser_route", answer).await;
    let arguments = button(&room, &agent, "fetch").await;
    let answer = agent.ok("browser_click", arguments).await;
    assert!(answer.text.contains("sent fetch"), "{}", answer.text);
    assert!(room.pending().await.is_empty() && room.site.count("POST", "/received") == 0);
    agent.ok("browser_unroute", json!({})).await;
    agent.ok("browser_route", json!({ "pattern": "**/received", "headers": ["X-Mark: 1"] })).await;
    let (answer, _) = clicked(&room, &agent, "fetch", "approve").await;
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/received"), 1);
    // Without the routes, and with what they needed switched off again, the door still stands.
    agent.ok("browser_unroute", json!({})).await;
    let (answer, _) = clicked(&room, &agent, "xhr", "deny").await;
    assert!(answer.is_error && room.site.count("POST", "/received") == 1, "{}", answer.text);
    room.close().await;
}

#[tokio::test]
async fn frames_of_other_sites_pass_the_same_door() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options.config("[browser]\nargs = [\"--site-per-process\"]\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let other = format!("http://{}/sending", room.site.other_address());
    let frame = format!(
        "() => new Promise(done => {{ const f = document.createElement('iframe'); f.src = '{other}'; f.width = 900; f.height = 900; f.onload = () => done(); document.body.append(f); }})"
    );
    agent.ok("browser_evaluate", json!({ "function": frame })).await;
    for (way, decision, count) in [("fetch", "deny", 0), ("xhr", "approve", 1), ("form", "approve", 1)] {
        let target = agent.find(&["button", &format!("\"Next: {way}.\"")]).await;
        let deciding = async {
            let card = room.held().await;
            assert!(card["url"].as_str().unwrap().contains("localhost"), "{card}");
            room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), decision).await
        };
        let (answer, _) = tokio::join!(agent.call("browser_click", json!({ "target": target })), deciding);
        assert_eq!(answer.is_error, decision == "deny", "{way}: {}", answer.text);
        until(way, SOON, async || (arrived(&room, way) == count).then_some(())).await.unwrap();
    }
    room.close().await;
}

#[tokio::test]
async fn what_a_person_sends_who_drives_is_theirs() {
    let rules = Rules::new(WRITES);
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/sending?later")).await;
    let driver = room.service.create_key("driver", &["view", "control"], None).await.unwrap();
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    let path = format!("/v1/sessions/{}/live", list["sessions"][0]["id"].as_str().unwrap());
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(&driver)).await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    room.site.tell_the_page();
    room.site.wait_for("POST", "/received", SOON).await.unwrap();
    assert!(room.pending().await.is_empty());
    room.close().await;
}

/// Rules that are made careful while pages are open hold for those pages too.
#[tokio::test]
async fn rules_that_become_careful_hold_for_pages_that_are_open() {
    let rules = Rules::new("default = \"allow\"\n");
    let room = room(&rules, |options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/sending")).await;
    let target = agent.find(&["button", "\"Next: fetch.\""]).await;
    agent.ok("browser_click", json!({ "target": target })).await;
    assert_eq!(arrived(&room, "fetch"), 1, "nobody asks yet");
    std::fs::write(rules.path(), WRITES).unwrap();
    let taken = until("the new rules", SOON, async || {
        (!room.service.log_lines_with("what pages send is looked at from now on").is_empty()).then_some(())
    });
    taken.await.unwrap();
    let deciding = async {
        let card = room.held().await;
        room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "deny").await
    };
    let (answer, _) = tokio::join!(agent.call("browser_click", json!({ "target": target })), deciding);
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(arrived(&room, "fetch"), 1);
    room.close().await;
}

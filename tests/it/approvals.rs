//! Who may say yes, when, and what a yes is worth.

use helmwatch_tests::service::{Options, Service};
use serde_json::{Value, json};

use crate::room::{Hand, Room, SOON, section};

/// Brings the agent before the shop's flagged button: the arguments of the click that will be held.
async fn at_the_button(room: &Room, agent: &Hand) -> Value {
    agent.goto(&room.site.url("/shop")).await;
    json!({ "target": agent.find(&["button", "Buy now"]).await, "element": "Buy now" })
}

#[tokio::test]
async fn an_agents_key_cannot_approve_by_any_route() {
    let room = Room::open().await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    let arguments = at_the_button(&room, &agent).await;
    let call = agent.call("browser_click", arguments);
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        // Not by the API, not by logging in with it, not by looking at the cards.
        assert_eq!(room.decide(&key, &id, "approve").await.0, 403);
        assert_eq!(room.service.api("GET", "/v1/approvals", Some(&key), None).await.unwrap().0, 403);
        let (login, who) = room.service.api("POST", "/v1/login", None, Some(json!({ "key": key }))).await.unwrap();
        let scopes = who["scopes"].as_array().cloned().unwrap_or_default();
        assert!(login == 403 || login == 401 || !scopes.contains(&json!("approve")), "{login} {who}");
        // Not by any tool it is offered.
        let second = room.hand(&key).await;
        let tools = second.client.request("tools/list", json!({})).await.unwrap();
        for tool in tools["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            assert!(!name.contains("approv") && !name.contains("decide"), "{name} is offered to an agent");
        }
        assert_eq!(room.pending().await.len(), 1, "it still waits");
        assert_eq!(room.decide(room.service.admin_key(), &id, "deny").await.0, 200);
    };
    let (answer, ()) = tokio::join!(call, deciding);
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 0);
    room.close().await;
}

/// F26: both callers see the same end.
#[tokio::test]
async fn the_first_decision_wins_and_the_second_is_told_it() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let arguments = at_the_button(&room, &agent).await;
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        let key = room.service.admin_key();
        let (one, two) = tokio::join!(room.decide(key, &id, "approve"), room.decide(key, &id, "deny"));
        let mut statuses = [one.0, two.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one:?} {two:?}");
        if one.0 == 200 { "approve" } else { "deny" }
    };
    let (answer, won) = tokio::join!(agent.call("browser_click", arguments), deciding);
    let sent = room.site.count("POST", "/buy");
    assert_eq!(sent, usize::from(won == "approve"), "{won}: {}", answer.text);
    assert_eq!(answer.is_error, won == "deny");
    room.close().await;
}

#[tokio::test]
async fn nobodys_answer_is_a_no() {
    let room = Room::with(|options| options.config("[approval]\nttl_ms = 1000\n").policy("careful")).await;
    let agent = room.agent().await;
    let arguments = at_the_button(&room, &agent).await;
    let answer = tokio::time::timeout(SOON, agent.call("browser_click", arguments)).await.unwrap();
    assert!(answer.is_error, "{}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 0);
    room.close().await;
}

/// F27: after its time.
#[tokio::test]
async fn a_late_yes_is_not_a_yes() {
    let room = Room::with(|options| options.config("[approval]\nttl_ms = 1000\n")).await;
    let agent = room.agent().await;
    let arguments = at_the_button(&room, &agent).await;
    let holding = async { room.held().await["id"].as_str().unwrap().to_owned() };
    let (answer, id) = tokio::join!(agent.call("browser_click", arguments), holding);
    assert!(answer.is_error, "{}", answer.text);
    let (status, body) = room.decide(room.service.admin_key(), &id, "approve").await;
    assert_eq!(status, 409, "{body}");
    assert_eq!(room.site.count("POST", "/buy"), 0);
    room.close().await;
}

/// F27: after the page changed.
#[tokio::test]
async fn a_yes_for_a_page_that_changed_since_is_not_carried_out() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/changing")).await;
    let button = agent.find(&["button", "Buy now"]).await;
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        // The page changes its form, says so, and only then comes the yes.
        room.site.tell_the_page();
        room.site.wait_for("GET", "/fetch-target", SOON).await.unwrap();
        room.decide(room.service.admin_key(), &id, "approve").await
    };
    let (answer, decided) = tokio::join!(agent.call("browser_click", json!({ "target": button })), deciding);
    assert_eq!(decided.0, 200, "{decided:?}");
    assert!(answer.is_error, "the agent is told to look again: {}", answer.text);
    assert_eq!(room.site.count("POST", "/buy"), 0, "nothing was sent");
    room.close().await;
}

#[tokio::test]
async fn a_password_is_held_before_it_is_typed_and_never_shown() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/login")).await;
    let field = agent.find(&["textbox", "Password"]).await;
    let deciding = async {
        let card = room.held().await;
        assert!(!card.to_string().contains("correct horse"), "the card shows the password: {card}");
        let id = card["id"].as_str().unwrap().to_owned();
        room.decide(room.service.admin_key(), &id, "deny").await
    };
    let typing = agent.call("browser_type", json!({ "target": field, "text": "correct horse" }));
    let (answer, _) = tokio::join!(typing, deciding);
    assert!(answer.is_error);
    assert_eq!(agent.evaluate("() => document.querySelector('[name=password]').value.length").await, "0");
    assert!(!room.service.log().contains("correct horse"), "the log shows the password");
    room.close().await;
}

#[tokio::test]
async fn a_card_number_is_held() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/card")).await;
    let field = agent.find(&["textbox", "Card number"]).await;
    let deciding = async {
        let card = room.held().await;
        assert!(!card.to_string().contains("4111111111111111"), "the card shows the number: {card}");
        let id = card["id"].as_str().unwrap().to_owned();
        room.decide(room.service.admin_key(), &id, "approve").await
    };
    let typing = agent.call("browser_type", json!({ "target": field, "text": "4111111111111111" }));
    let (answer, _) = tokio::join!(typing, deciding);
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(agent.evaluate("() => document.querySelector('[name=number]').value.length").await, "16");
    room.close().await;
}

#[tokio::test]
async fn the_open_policy_asks_nobody() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/shop")).await;
    agent.click(&["button", "Buy now"]).await;
    assert_eq!(room.site.count("POST", "/buy"), 1);
    room.close().await;
}

#[tokio::test]
async fn the_strict_policy_asks_where_the_careful_one_does_not() {
    let script = json!({ "function": "() => 1 + 1" });
    let room = Room::open().await;
    let answer = room.agent().await.ok("browser_evaluate", script.clone()).await;
    assert!(answer.text.contains('2'), "{}", answer.text);
    room.close().await;

    let room = Room::with(|options| options.policy("strict")).await;
    let agent = room.agent().await;
    let decided = async {
        let held = room.held().await;
        let key = room.service.admin_key().to_owned();
        room.decide(&key, held["id"].as_str().unwrap(), "deny").await.0
    };
    let (answer, status) = tokio::join!(agent.call("browser_evaluate", script), decided);
    assert!(answer.is_error && status == 200, "{status} {}", answer.text);
    room.close().await;
}

/// F28: what waited for a yes at the end waits no more.
#[tokio::test]
async fn a_restart_is_a_no() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let arguments = at_the_button(&room, &agent).await;
    let data = room.service.data();
    let Room { site, service } = room;
    let call = agent.client.call("browser_click", arguments);
    let (id, ended) = {
        let ending = async {
            let key = service.admin_key().to_owned();
            let held = helmwatch_tests::wait::until("a held call", SOON, async || {
                let (_, body) = service.api("GET", "/v1/approvals?state=pending", Some(&key), None).await.ok()?;
                body["approvals"][0]["id"].as_str().map(str::to_owned)
            });
            let id = held.await.unwrap();
            (id, service.kill().await.unwrap())
        };
        let (_, ended) = tokio::join!(call, ending);
        ended
    };
    assert!(ended.left.is_empty(), "{ended:?}");
    let mut options = Options::allowing([site.address()]);
    options.data = Some(data);
    let service = Service::start(options).await.unwrap();
    let key = service.admin_key().to_owned();
    let body = json!({ "decision": "approve" });
    let (status, answer) = service.api("POST", &format!("/v1/approvals/{id}"), Some(&key), Some(body)).await.unwrap();
    assert_eq!(status, 409, "a yes after a restart comes too late: {answer}");
    assert_eq!(site.count("POST", "/buy"), 0);
    assert!(service.stop().await.unwrap().left.is_empty());
}

/// F27: after the session's end.
#[tokio::test]
async fn a_session_that_closes_takes_its_question_with_it() {
    let room = Room::open().await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    let arguments = at_the_button(&room, &agent).await;
    let other = room.hand(&key).await;
    let closing = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        other.ok("session_close", json!({ "session": "default" })).await;
        id
    };
    let (answer, id) = tokio::join!(agent.call("browser_click", arguments), closing);
    assert!(answer.is_error, "{}", section(&answer.text, "Error"));
    assert_eq!(room.decide(room.service.admin_key(), &id, "approve").await.0, 409);
    assert_eq!(room.site.count("POST", "/buy"), 0);
    room.close().await;
}

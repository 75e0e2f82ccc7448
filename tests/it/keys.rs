//! Owners and tenants: someone else's session reads exactly like one that never was.

use serde_json::{Value, json};

use crate::room::{Room, section};

#[tokio::test]
async fn a_foreign_session_reads_like_an_unknown_one() {
    let room = Room::open().await;
    let owner = room.agent_named("owner").await;
    let other = room.agent_named("other").await;
    owner.ok("session_open", json!({ "name": "mine" })).await;
    owner.ok("browser_navigate", json!({ "session": "mine", "url": room.site.url("/form") })).await;
    let id = only_session(&room).await;
    let unknown = format!("s_{}", "0".repeat(id.len().saturating_sub(2)));
    for tool in ["browser_snapshot", "session_close"] {
        let foreign = other.refused(tool, json!({ "session": id })).await;
        let nobodys = other.refused(tool, json!({ "session": unknown })).await;
        assert_eq!(foreign.replace(&id, "X"), nobodys.replace(&unknown, "X"), "{tool}");
    }
    let foreign = other.call("browser_live_view", json!({ "session": id })).await.text;
    let nobodys = other.call("browser_live_view", json!({ "session": unknown })).await.text;
    assert_eq!(foreign.replace(&id, "X"), nobodys.replace(&unknown, "X"));
    // The owner's name for it is nothing to another key either.
    let by_name = other.refused("browser_snapshot", json!({ "session": "mine" })).await;
    let nobodys = other.refused("browser_snapshot", json!({ "session": "none" })).await;
    assert_eq!(by_name.replace("mine", "X"), nobodys.replace("none", "X"));
    let listed = other.ok("session_list", json!({})).await;
    assert!(!listed.text.contains(&id), "{}", listed.text);
    owner.ok("browser_snapshot", json!({ "session": id })).await;
    room.close().await;
}

#[tokio::test]
async fn a_tenant_never_sees_anothers_sessions() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let id = only_session(&room).await;
    let stranger =
        room.service.create_key("stranger", &["view", "approve", "control"], Some("elsewhere")).await.unwrap();
    let (status, list) = room.service.api("GET", "/v1/sessions", Some(&stranger), None).await.unwrap();
    assert_eq!((status, &list["sessions"]), (200, &json!([])));
    let (status, _) = room.service.api("GET", &format!("/v1/sessions/{id}"), Some(&stranger), None).await.unwrap();
    assert_eq!(status, 404);
    let (status, _) = room.service.api("DELETE", &format!("/v1/sessions/{id}"), Some(&stranger), None).await.unwrap();
    assert_eq!(status, 404);
    assert!(
        helmwatch_tests::viewer::Viewer::connect(
            &room.service.base(),
            &format!("/v1/sessions/{id}/live"),
            Some(&stranger)
        )
        .await
        .is_err()
    );
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    room.close().await;
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let room = Room::open().await;
    let key = room.service.create_key("short-lived", &["view"], None).await.unwrap();
    assert_eq!(room.service.api("GET", "/v1/sessions", Some(&key), None).await.unwrap().0, 200);
    room.service.revoke_key(key.split('_').nth(1).unwrap()).await.unwrap();
    let refused = helmwatch_tests::wait::until("the refusal", crate::room::SOON, async || {
        (room.service.api("GET", "/v1/sessions", Some(&key), None).await.ok()?.0 == 401).then_some(())
    });
    refused.await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn two_sessions_share_no_cookies_and_no_storage() {
    let room = Room::open().await;
    let agent = room.agent().await;
    for name in ["one", "two"] {
        agent.ok("session_open", json!({ "name": name })).await;
        agent.ok("browser_navigate", json!({ "session": name, "url": room.site.url("/form") })).await;
    }
    let write = "() => { document.cookie = 'who=one'; localStorage.setItem('who', 'one'); return 'kept'; }";
    agent.ok("browser_evaluate", json!({ "session": "one", "function": write })).await;
    let read = "() => document.cookie + '|' + localStorage.getItem('who')";
    let other = agent.ok("browser_evaluate", json!({ "session": "two", "function": read })).await;
    assert_eq!(section(&other.text, "Result"), "\"|null\"");
    room.close().await;
}

#[tokio::test]
async fn a_full_house_says_when_to_come_back_and_makes_room_when_told() {
    let room = Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 0\n")).await;
    let agent = room.agent().await;
    agent.ok("session_open", json!({ "name": "first" })).await;
    let said = agent.refused("session_open", json!({ "name": "second" })).await;
    assert!(said.to_lowercase().contains("again"), "{said}");
    let key = room.service.admin_key();
    let (status, pool) =
        room.service.api("PATCH", "/v1/pool", Some(key), Some(json!({ "max_sessions": 2 }))).await.unwrap();
    assert_eq!((status, &pool["max_sessions"]), (200, &json!(2)));
    agent.ok("session_open", json!({ "name": "second" })).await;
    let (_, pool) = room.service.api("GET", "/v1/pool", Some(key), None).await.unwrap();
    assert_eq!(pool["in_use"], 2);
    for name in ["first", "second"] {
        agent.ok("session_close", json!({ "session": name })).await;
    }
    let (_, pool) = room.service.api("GET", "/v1/pool", Some(key), None).await.unwrap();
    assert_eq!(pool["in_use"], 0);
    room.close().await;
}

pub async fn only_session(room: &Room) -> String {
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    let sessions: &Vec<Value> = list["sessions"].as_array().unwrap_or_else(|| panic!("{list}"));
    assert_eq!(sessions.len(), 1, "{list}");
    sessions[0]["id"].as_str().unwrap().to_owned()
}

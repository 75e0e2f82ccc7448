//! The toolset `storage`: what sites keep, told by the pages that see it.

use serde_json::{Value, json};

use crate::room::{Hand, Room, section};

/// Result section of a call that goes well.
async fn said(agent: &Hand, tool: &str, arguments: Value) -> String {
    section(&agent.ok(tool, arguments).await.text, "Result")
}

#[tokio::test]
async fn cookies_are_the_sessions_own_and_pages_see_them() {
    let room = Room::open().await;
    let agent = room.agent_with("agent", "storage").await;
    agent.goto(&room.site.url("/form")).await;
    assert_eq!(said(&agent, "browser_cookie_list", json!({})).await, "No cookies found");
    let set = agent.ok("browser_cookie_set", json!({ "name": "flavour", "value": "oat" })).await;
    let code = r#"addCookies([{"name":"flavour","value":"oat","domain":"127.0.0.1","path":"/"}]);"#;
    assert!(set.text.contains(code), "{}", set.text);
    agent
        .ok(
            "browser_cookie_set",
            json!({ "name": "secret", "value": "s1", "httpOnly": true, "sameSite": "Strict", "path": "/form", "expires": 4e9 }),
        )
        .await;
    agent.ok("browser_cookie_set", json!({ "name": "secret", "value": "s2", "domain": "localhost" })).await;
    assert_eq!(agent.evaluate("() => document.cookie").await, "\"flavour=oat\"", "httpOnly is hidden from the page");
    let list = said(&agent, "browser_cookie_list", json!({})).await;
    for line in [
        "flavour=oat (domain: 127.0.0.1, path: /)",
        "secret=s1 (domain: 127.0.0.1, path: /form)",
        "secret=s2 (domain: localhost, path: /)",
    ] {
        assert!(list.lines().any(|one| one == line), "{line} in\n{list}");
    }
    let one = said(&agent, "browser_cookie_list", json!({ "domain": "local" })).await;
    assert_eq!(one, "secret=s2 (domain: localhost, path: /)");
    let one = said(&agent, "browser_cookie_list", json!({ "path": "/form" })).await;
    assert_eq!(one, "secret=s1 (domain: 127.0.0.1, path: /form)");
    let got = said(&agent, "browser_cookie_get", json!({ "name": "flavour" })).await;
    assert_eq!(got, "flavour=oat (domain: 127.0.0.1, path: /, httpOnly: false, secure: false, sameSite: Lax)");
    assert_eq!(said(&agent, "browser_cookie_get", json!({ "name": "none" })).await, "Cookie 'none' not found");

    // Another session of the same browser has none of them.
    let other = room.agent_with("other", "storage").await;
    other.goto(&room.site.url("/form")).await;
    assert_eq!(said(&other, "browser_cookie_list", json!({})).await, "No cookies found");

    agent.ok("browser_cookie_delete", json!({ "name": "secret" })).await;
    assert_eq!(
        said(&agent, "browser_cookie_list", json!({})).await,
        "flavour=oat (domain: 127.0.0.1, path: /)",
        "of both domains, and no other"
    );
    agent.ok("browser_cookie_clear", json!({})).await;
    assert_eq!(agent.evaluate("() => document.cookie").await, "\"\"");

    for wrong in [
        json!({ "name": "a;b", "value": "c" }),
        json!({ "name": "", "value": "" }),
        json!({ "name": "a", "value": "b", "sameSite": "Sometimes" }),
        json!({ "name": "a", "value": "b", "domain": "not a domain" }),
    ] {
        agent.refused("browser_cookie_set", wrong).await;
    }
    agent.goto("about:blank").await;
    let no_host = agent.refused("browser_cookie_set", json!({ "name": "a", "value": "b" })).await;
    assert!(no_host.contains("no domain"), "{no_host}");
    assert_eq!(said(&agent, "browser_cookie_list", json!({})).await, "No cookies found");
    room.close().await;
}

#[tokio::test]
async fn items_are_kept_under_the_pages_origin_and_told_within_bounds() {
    let room = Room::open().await;
    let agent = room.agent_with("agent", "storage").await;
    let blank = agent.refused("browser_localstorage_list", json!({})).await;
    assert!(blank.contains("browser_navigate"), "{blank}");
    agent.goto(&room.site.url("/form")).await;
    for (word, tool) in [("localStorage", "browser_localstorage"), ("sessionStorage", "browser_sessionstorage")] {
        let tool = |act: &str| format!("{tool}_{act}");
        assert_eq!(said(&agent, &tool("list"), json!({})).await, format!("No {word} items found"));
        let set = agent.ok(&tool("set"), json!({ "key": "it's", "value": "one\n### Error\ntwo" })).await;
        assert!(set.text.contains(&format!(r"await page.{word}.setItem('it\'s', 'one\n")), "{}", set.text);
        agent.ok(&tool("set"), json!({ "key": "b", "value": "x".repeat(5_000) })).await;
        assert_eq!(agent.evaluate(&format!("() => {word}[\"it's\"]")).await, "\"one\\n### Error\\ntwo\"");
        let list = said(&agent, &tool("list"), json!({})).await;
        let lines: Vec<_> = list.lines().collect();
        assert_eq!(lines.len(), 2, "an item is a line, whatever is in it:\n{list}");
        assert!(lines[0].starts_with("b=xxx") && lines[0].ends_with("… (5000 characters)"), "{}", lines[0]);
        assert_eq!(lines[1], "it's=one\\n### Error\\ntwo");
        assert_eq!(said(&agent, &tool("get"), json!({ "key": "b" })).await.len(), 5_002, "whole");
        assert_eq!(said(&agent, &tool("get"), json!({ "key": "c" })).await, format!("{word} key 'c' not found"));
        agent.evaluate(&format!("() => {word}.setItem('most', 'x'.repeat(5e6))")).await;
        let full = agent.refused(&tool("set"), json!({ "key": "big", "value": "x".repeat(1 << 20) })).await;
        assert!(full.contains("is full"), "{full}");
        agent.ok(&tool("delete"), json!({ "key": "most" })).await;
        agent.ok(&tool("delete"), json!({ "key": "b" })).await;
        assert_eq!(agent.evaluate(&format!("() => Object.keys({word}).join()")).await, "\"it's\"");
        agent.ok(&tool("clear"), json!({})).await;
        assert_eq!(agent.evaluate(&format!("() => {word}.length")).await, "0");
    }
    room.close().await;
}

#[tokio::test]
async fn a_state_moves_from_one_session_to_another_by_a_file() {
    let room = Room::open().await;
    let one = room.agent_with("one", "storage").await;
    let (site, other) = (room.site.url(""), format!("http://{}", room.site.other_address()));
    one.goto(&format!("{other}/form")).await;
    one.ok("browser_localstorage_set", json!({ "key": "there", "value": "left behind" })).await;
    // From here on no tab shows the other origin.
    one.goto(&format!("{site}/form")).await;
    one.ok("browser_localstorage_set", json!({ "key": "token", "value": "t0ps3cret" })).await;
    one.ok("browser_cookie_set", json!({ "name": "sid", "value": "c00kie", "httpOnly": true, "expires": 4e9 })).await;
    let requests = room.site.count("GET", "/");
    let saved = one.ok("browser_storage_state", json!({ "filename": "state.json" })).await;
    assert!(section(&saved.text, "Result").starts_with("- [Storage state](state.json) http"), "{}", saved.text);
    assert!(!saved.text.contains("t0ps3cret") && !saved.text.contains("c00kie"), "secrets are in the file alone");
    assert_eq!(room.site.count("GET", "/"), requests, "reading an origin asks its site nothing");
    let bytes = room.file(&saved).await;
    let state: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        state["cookies"],
        json!([{ "name": "sid", "value": "c00kie", "domain": "127.0.0.1", "path": "/", "expires": state["cookies"][0]["expires"],
            "httpOnly": true, "secure": false, "sameSite": "Lax" }])
    );
    assert!(state["cookies"][0]["expires"].as_f64().unwrap() > 1.7e9, "{state}");
    assert_eq!(
        state["origins"],
        json!([
            { "origin": other, "localStorage": [{ "name": "there", "value": "left behind" }] },
            { "origin": site, "localStorage": [{ "name": "token", "value": "t0ps3cret" }] },
        ])
    );
    let tabs = said(&one, "browser_tabs", json!({ "action": "list" })).await;
    assert_eq!(tabs.lines().count(), 1, "what was opened to read is no tab:\n{tabs}");

    let two = room.agent_with("two", "storage").await;
    two.goto(&format!("{site}/form")).await;
    two.ok("browser_localstorage_set", json!({ "key": "old", "value": "gone afterwards" })).await;
    two.ok("browser_cookie_set", json!({ "name": "old", "value": "gone afterwards" })).await;
    let files = room.files_of("two").await;
    let admin = room.service.admin_key();
    for (name, body) in [("state.json", bytes), ("broken.json", br#"{"cookies":[{"name":7}]}"#.to_vec())] {
        let to = format!("{files}?name={name}");
        assert_eq!(room.service.upload(&to, admin, "application/json", body).await.unwrap().0, 201);
    }
    let broken = two.refused("browser_set_storage_state", json!({ "filename": "broken.json" })).await;
    assert!(broken.contains("is no storage state"), "{broken}");
    let missing = two.refused("browser_set_storage_state", json!({ "filename": "/etc/passwd" })).await;
    assert!(missing.contains("there is no file") || missing.contains("There is no file"), "{missing}");
    assert_eq!(two.evaluate("() => localStorage.old").await, "\"gone afterwards\"", "a refused state changes nothing");

    let set = said(&two, "browser_set_storage_state", json!({ "filename": "state.json" })).await;
    assert_eq!(set, "Storage state restored from state.json\n1 cookies, local storage of 2 origins");
    assert_eq!(
        two.evaluate("() => [document.cookie, JSON.stringify(localStorage)]")
            .await
            .split_whitespace()
            .collect::<String>(),
        r#"["","{\"token\":\"t0ps3cret\"}"]"#
    );
    let list = said(&two, "browser_cookie_list", json!({})).await;
    assert_eq!(list, "sid=c00kie (domain: 127.0.0.1, path: /)");
    two.goto(&format!("{other}/form")).await;
    assert_eq!(two.evaluate("() => localStorage.there").await, "\"left behind\"");
    room.close().await;
}

#[tokio::test]
async fn a_state_with_a_cookie_the_browser_refuses_leaves_the_cookies_there_were() {
    let room = Room::open().await;
    let agent = room.agent_with("agent", "storage").await;
    agent.goto(&room.site.url("/form")).await;
    agent.ok("browser_cookie_set", json!({ "name": "mine", "value": "stays" })).await;
    let state = json!({ "cookies": [
        { "name": "good", "value": "1", "domain": "127.0.0.1" },
        { "name": "bad\nname", "value": "1", "domain": "127.0.0.1" },
    ] });
    let to = format!("{}?name=s.json", room.files_of("agent").await);
    let body = serde_json::to_vec(&state).unwrap();
    assert_eq!(room.service.upload(&to, room.service.admin_key(), "application/json", body).await.unwrap().0, 201);
    agent.refused("browser_set_storage_state", json!({ "filename": "s.json" })).await;
    assert_eq!(agent.evaluate("() => document.cookie").await, "\"mine=stays\"");
    room.close().await;
}

//! Bad input: each gets one line saying what happened and one saying what to do; nothing hangs, and the service goes on.

use std::time::Duration;

use helmwatch_tests::mcp::{McpClient, Refused};
use helmwatch_tests::service::{Options, Service};
use serde_json::json;
use tokio::net::TcpListener;

use crate::room::{Room, SOON};

#[tokio::test]
async fn every_wrong_call_says_what_happened_and_what_to_do_and_the_session_lives_on() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let stale = agent.find(&["button", "Greet"]).await;
    agent.goto(&room.site.url("/shop")).await;
    let calls = [
        ("browser_click", json!({ "target": stale.clone() + "999" })),
        (
            "browser_click",
            json!({ "target": stale, "element": "Greet, on a page that is gone", "doubleClick": "maybe" }),
        ),
        ("browser_click", json!({})),
        ("browser_click", json!({ "target": 7 })),
        ("browser_click", json!({ "target": "" })),
        ("browser_click", json!({ "target": "button >>> [" })),
        ("browser_type", json!({ "target": "h1", "text": "not a field" })),
        ("browser_navigate", json!({})),
        ("browser_navigate", json!({ "url": "" })),
        ("browser_navigate", json!({ "url": "http://" })),
        ("browser_navigate", json!({ "url": "not a url at all" })),
        ("browser_navigate", json!({ "url": "file:///etc/passwd" })),
        ("browser_navigate", json!({ "url": "javascript:alert(1)" })),
        ("browser_navigate", json!({ "url": "chrome://crash" })),
        ("browser_navigate", json!({ "url": "data:text/html,hello" })),
        ("browser_navigate", json!({ "url": "http://127.0.0.1:1/" })),
        ("browser_tabs", json!({ "action": "select", "index": 99 })),
        ("browser_tabs", json!({ "action": "juggle" })),
        ("browser_tabs", json!({ "action": "close", "index": 42 })),
        ("browser_handle_dialog", json!({ "accept": true })),
        ("browser_evaluate", json!({ "function": "() => { throw new Error('on purpose') }" })),
        ("browser_evaluate", json!({ "function": "this is no function" })),
        ("browser_take_screenshot", json!({ "type": "bmp" })),
        ("browser_resize", json!({ "width": -1, "height": 5 })),
        ("browser_resize", json!({ "width": 1e9, "height": 1e9 })),
        ("browser_press_key", json!({ "key": "NoSuchKey" })),
        ("browser_select_option", json!({ "target": "h1", "values": ["x"] })),
        ("browser_snapshot", json!({ "session": "nobody-opened-this" })),
        ("browser_snapshot", json!({ "session": "s_000000000000000000000000" })),
        ("session_close", json!({ "session": "nobody-opened-this" })),
    ];
    let mut wrong = Vec::new();
    for (tool, arguments) in calls {
        let what = format!("{tool} {arguments}");
        match tokio::time::timeout(SOON, agent.client.call(tool, arguments)).await {
            Err(_) => wrong.push(format!("{what}: hangs")),
            Ok(Err(Refused::Rpc(-32602, _))) => {}
            Ok(Err(refused)) => wrong.push(format!("{what}: {refused}")),
            Ok(Ok(answer)) if !answer.is_error => wrong.push(format!("{what}: was taken\n{}", answer.text)),
            Ok(Ok(answer)) => {
                let lines = crate::room::section(&answer.text, "Error");
                let both = lines.ends_with("Try capturing new snapshot.");
                if !both && lines.lines().filter(|line| !line.trim().is_empty()).count() != 2 {
                    wrong.push(format!("{what}: not two lines\n{}", answer.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n---\n"));
    // As in any browser, an address that did not answer leaves its error page in the tab.
    agent.goto(&room.site.url("/shop")).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Shop\"", "the session lives on");
    room.close().await;
}

#[tokio::test]
async fn a_stale_ref_asks_for_a_new_snapshot() {
    let room = Room::open().await;
    let agent = room.agent().await;
    // Numbers begin anew with each document: only one beyond the next page's last cannot name something else there.
    agent.goto(&room.site.url("/controls")).await;
    let stale = agent.find(&["slider", "Volume"]).await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/bought") })).await;
    let said = agent.refused("browser_hover", json!({ "target": stale })).await;
    assert!(said.contains("snapshot"), "{said}");
    room.close().await;
}

/// F39: what is no request, and one that is too large.
#[tokio::test]
async fn an_unknown_tool_and_malformed_requests_are_refused_in_the_protocols_own_words() {
    let room = Room::open().await;
    let agent = room.agent().await;
    match agent.client.call("browser_fly", json!({})).await {
        Err(Refused::Rpc(-32602 | -32601, message)) => assert!(message.contains("browser_fly"), "{message}"),
        Ok(answer) if answer.is_error => assert!(answer.text.contains("browser_fly"), "{}", answer.text),
        other => panic!("{other:?}"),
    }
    for body in [json!([]), json!(7), json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }), json!({ "id": [] })] {
        let answer = agent.client.post(&body, &[]).await.unwrap();
        assert!((400..500).contains(&answer.status) || answer.messages[0]["error"].is_object(), "{body}: {answer:?}");
    }
    let huge = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "y".repeat(9 << 20) } });
    // By a client of its own: the connection is cut in the middle of the body, and nobody else may be on it.
    let clumsy = room.agent().await;
    let refused = clumsy.client.post(&huge, &[]).await;
    assert!(refused.is_err() || refused.is_ok_and(|answer| answer.status == 413));
    agent.goto(&room.site.url("/form")).await;
    room.close().await;
}

/// F9, F10: each has its own words, and the tab can be used again.
#[tokio::test]
async fn a_server_that_never_answers_and_one_that_redirects_for_ever_end_in_an_error() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let said = agent.refused("browser_navigate", json!({ "url": room.site.url("/never") })).await;
    assert!(said.contains("did not finish within"), "{said}");
    let said = agent.refused("browser_navigate", json!({ "url": room.site.url("/loop") })).await;
    assert!(said.to_lowercase().contains("redirect"), "{said}");
    let said = agent.refused("browser_navigate", json!({ "url": room.site.url("/ping") })).await;
    assert!(said.to_lowercase().contains("redirect"), "{said}");
    agent.goto(&room.site.url("/form")).await;
    room.close().await;
}

/// F11, F12: no content, a download, and a page that comes byte by byte.
#[tokio::test]
async fn nothing_to_show_and_a_download_are_told_and_do_not_hang() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    // A page that begins and never ends is shown as far as it came.
    let begun = agent.goto(&room.site.url("/drip")).await;
    assert!(begun.text.contains("Begun"), "{}", begun.text);
    agent.goto(&room.site.url("/form")).await;
    for path in ["/nothing", "/file"] {
        let call = agent.call("browser_navigate", json!({ "url": room.site.url(path) }));
        let answer = tokio::time::timeout(SOON, call).await.unwrap_or_else(|_| panic!("{path} hangs"));
        assert!(!answer.text.is_empty());
        assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"", "{path}: the page stays");
    }
    let answer = agent.call("browser_navigate", json!({ "url": room.site.url("/status/402") })).await;
    assert!(answer.text.contains("402 Payment Required"), "{}", answer.text);
    room.close().await;
}

/// F5: the call has its deadline, and the script is ended.
#[tokio::test]
async fn a_script_that_never_ends_costs_its_call_and_not_the_session() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let said = agent.refused("browser_evaluate", json!({ "function": "() => { for (;;); }" })).await;
    assert!(said.contains("did not finish within") && said.contains("The session is alive"), "{said}");
    // It was ended: the same page is used without going anywhere.
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    agent.goto(&room.site.url("/shop")).await;
    room.close().await;
}

#[tokio::test]
async fn no_key_a_wrong_key_and_a_key_without_the_scope() {
    let room = Room::open().await;
    let viewer = room.service.create_key("viewer", &["view"], None).await.unwrap();
    for (key, expected) in
        [(None, 401), (Some("hw_wrong_key"), 401), (Some("nonsense"), 401), (Some(viewer.as_str()), 403)]
    {
        let client = McpClient::connect(&room.service.mcp_url(), key, helmwatch_tests::mcp::Era::Modern).await.unwrap();
        match client.call("browser_snapshot", json!({})).await {
            Err(Refused::Http(status, body)) => assert_eq!(status, expected, "{key:?}: {body}"),
            other => panic!("{key:?}: {other:?}"),
        }
    }
    for (path, key, expected) in [
        ("/v1/sessions", None, 401),
        ("/v1/pool", Some(viewer.as_str()), 200),
        ("/v1/sessions/s_000000000000000000000000", Some(viewer.as_str()), 404),
        ("/v1/nothing", Some(viewer.as_str()), 404),
    ] {
        let (status, body) = room.service.api("GET", path, key, None).await.unwrap();
        assert_eq!(status, expected, "{path}: {body}");
        if status >= 400 {
            for field in ["code", "error", "hint"] {
                assert!(
                    body[field].as_str().is_some_and(|text| !text.is_empty() && !text.contains('\n')),
                    "{path}: {body}"
                );
            }
        }
    }
    let (status, body) =
        room.service.api("PATCH", "/v1/pool", Some(&viewer), Some(json!({ "max_sessions": 1 }))).await.unwrap();
    assert_eq!(status, 403, "{body}");
    room.close().await;
}

#[tokio::test]
async fn a_service_that_cannot_start_says_why_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen =
        |address: &str| Options { arguments: vec!["--listen".to_owned(), address.to_owned()], ..Options::default() };
    let refusals = [
        ("a port in use", listen(&format!("127.0.0.1:{port}")), vec![port.to_string()]),
        ("no address", listen("somewhere"), vec!["listen".to_owned()]),
        (
            "no Chromium",
            Options::default().config("[browser]\nexecutable = \"/nowhere/chromium\"\n"),
            vec!["/nowhere/chromium".to_owned()],
        ),
        ("an unknown setting", Options::default().config("[pool]\nmax_session = 3\n"), vec!["max_session".to_owned()]),
        (
            "a wrong setting",
            Options::default().config("[pool]\nmax_sessions = \"many\"\n"),
            vec!["max_sessions".to_owned()],
        ),
        (
            "a policy that is not there",
            Options::default().policy("/nowhere/policy.toml"),
            vec!["policy.toml".to_owned()],
        ),
        (
            "an unknown flag",
            Options { arguments: vec!["--fly".to_owned()], ..Options::default() },
            vec!["--fly".to_owned()],
        ),
        (
            "an unknown variable",
            Options { environment: vec![("HELMWATCH_FLY".to_owned(), "1".to_owned())], ..Options::default() },
            vec!["HELMWATCH_FLY".to_owned()],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, options, words) in refusals {
        match Service::refuse(&options, Duration::from_secs(20)).await {
            Err(fault) => wrong.push(format!("{what}: {fault}")),
            Ok(refusal) => {
                let said = &refusal.text;
                if refusal.status.success() || refusal.status.code().is_none() {
                    wrong.push(format!("{what}: ends with {}", refusal.status));
                }
                if let Some(word) = words.iter().find(|word| !said.contains(word.as_str())) {
                    wrong.push(format!("{what}: does not name {word}:\n{said}"));
                }
                if said.lines().filter(|line| !line.trim().is_empty()).count() < 2 || said.contains("panicked") {
                    wrong.push(format!("{what}: not what and what to do:\n{said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}

#[tokio::test]
async fn a_policy_with_a_mistake_never_becomes_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("syntax", "[[rule]\n"),
        ("word", "default = \"allow\"\n[[rule]]\nname = \"x\"\nthen = \"perhaps\"\n"),
        ("key", "default = \"allow\"\n[[rule]]\nname = \"x\"\nthen = \"deny\"\nwhen.colour = \"red\"\n"),
    ] {
        let file = folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, text).unwrap();
        let options = Options::default().policy(file.to_str().unwrap());
        let refusal = Service::refuse(&options, Duration::from_secs(20)).await.unwrap();
        assert!(!refusal.status.success() && refusal.text.contains(&format!("{name}.toml")), "{name}: {refusal:?}");
    }
}

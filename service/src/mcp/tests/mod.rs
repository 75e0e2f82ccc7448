//! What this edge promises, over real sockets, with tools that need no browser.

mod site;

use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio_util::sync::CancellationToken;

use super::McpConfig;
use super::stdio::serve;
use crate::auth::{Caller, Scope, Scopes};
use site::{Ask, Bench, Site};

/// Longer than anything here takes on the slowest machine; met only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

async fn site() -> Site {
    Site::new(McpConfig::default()).await
}

fn names(list: &Value) -> Vec<&str> {
    list["result"]["tools"].as_array().expect("tools").iter().map(|tool| tool["name"].as_str().expect("text")).collect()
}

#[tokio::test]
async fn a_request_without_a_caller_is_refused_in_both_eras() {
    let site = site().await;
    for ask in [Ask::initialize("one"), Ask::tool("one", "tell", &json!({}))] {
        let told = site.send(ask.without("x-test-key")).await;
        assert_eq!(told.status, StatusCode::UNAUTHORIZED);
        assert!(told.error().1.contains("agent scope"), "{told:?}");
    }
    assert_eq!(site.service.sessions_open(), 0);
}

#[tokio::test]
async fn a_key_that_may_only_watch_calls_nothing() {
    let told = site().await.send(Ask::tool("watcher", "tell", &json!({}))).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_list_is_the_urls_choice_in_a_fixed_order_with_every_annotation() {
    let site = site().await;
    let list = |path: &'static str| site.send(Ask::modern("one", "tools/list", json!({})).path(path));
    let core = list("/mcp").await;
    assert_eq!(names(core.last()), ["tell", "hold", "steps", "close"]);
    let more = list("/mcp?caps=pdf,vision").await;
    assert_eq!(names(more.last()), ["tell", "hold", "steps", "close", "print"]);
    let tell = &core.last()["result"]["tools"][0];
    let hints =
        json!({ "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": true });
    assert_eq!((&tell["annotations"], tell["title"].as_str()), (&hints, Some("tell")));
    assert_eq!(tell["inputSchema"]["properties"]["session"]["type"], "string");
    assert!(core.last()["result"]["ttlMs"].as_u64().is_some_and(|ttl| ttl > 0));
    assert_eq!(core.last()["result"]["cacheScope"], "private");
    assert_eq!(list("/mcp").await.text, core.text, "a call between changes nothing");
}

#[tokio::test]
async fn a_toolset_that_does_not_exist_is_told_where_clients_show_it() {
    let site = site().await;
    let path = "/mcp?caps=vison";
    let asks =
        [Ask::initialize("one"), Ask::modern("one", "tools/list", json!({})), Ask::tool("one", "tell", &json!({}))];
    for ask in asks {
        let told = site.send(ask.path(path)).await;
        let (code, message) = told.error();
        assert_eq!(code, -32602);
        assert!(message.contains("\"vison\" is no toolset") && message.lines().count() == 2, "{message}");
    }
    no_session_left(&site).await;
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_and_a_failing_one_a_tool_error() {
    let site = site().await;
    let told = site.send(Ask::tool("one", "browser_fly", &json!({}))).await;
    let (code, message) = told.error();
    assert_eq!((code, message.lines().count()), (-32602, 2));
    let told = site.send(Ask::tool("one", "print", &json!({}))).await;
    assert!(told.error().1.contains("caps=pdf"), "{told:?}");
    let told = site.send(Ask::tool("one", "tell", &json!({ "fail": true }))).await;
    assert_eq!(told.last()["result"]["isError"], true);
    let told = site.send(Ask::tool("one", "tell", &json!({ "session": 5 }))).await;
    assert_eq!(told.last()["result"]["isError"], true);
}

/// F47: at the edge.
#[tokio::test]
async fn a_call_that_panics_is_answered_and_the_next_one_works() {
    let site = site().await;
    let told = site.send(Ask::tool("one", "tell", &json!({ "panic": true }))).await;
    assert_eq!(told.last()["result"]["isError"], true);
    assert!(told.text.contains("browser_snapshot"), "{told:?}");
    site.send(Ask::tool("one", "tell", &json!({}))).await.told();
}

#[tokio::test]
async fn the_session_argument_goes_to_the_gate_and_not_to_the_tool() {
    let site = site().await;
    let ask = Ask::tool("one", "tell", &json!({ "word": "hello", "session": "shop" })).path("/mcp?session=my%20own");
    let told = site.send(ask.header("mcp-session-id", "made-up")).await.told();
    let expected = json!({
        "key": "one", "arguments": { "word": "hello" }, "argument": "shop", "url": "my own", "legacy": null,
    });
    assert_eq!(told, expected);
    let told = site.send(Ask::tool("one", "close", &json!({ "session": "shop" }))).await.told();
    assert_eq!((&told["argument"], &told["arguments"]["session"]), (&json!("shop"), &json!("shop")));
}

#[tokio::test]
async fn a_picture_is_a_second_part_of_the_answer() {
    let told = site().await.send(Ask::tool("one", "print", &json!({})).path("/mcp?caps=pdf")).await;
    let picture = json!({ "type": "image", "data": "cGljdHVyZQ==", "mimeType": "image/png" });
    assert_eq!(told.last()["result"]["content"][1], picture);
}

#[tokio::test]
async fn progress_starts_at_zero_grows_and_ends_with_the_answer() {
    let site = site().await;
    let params = json!({ "name": "steps", "arguments": {}, "progressToken": "t" });
    let told = site.send(Ask::modern("one", "tools/call", params)).await;
    let steps: Vec<_> = told.messages.iter().filter_map(|message| message["params"]["progress"].as_f64()).collect();
    assert_eq!(steps, [0.0, 1.0, 2.0, 3.0]);
    assert!(told.last()["result"].is_object());
    let told = site.send(Ask::tool("one", "steps", &json!({}))).await;
    assert_eq!(told.messages.len(), 1, "nobody asked for progress");
}

/// F24: closing the stream is the cancel.
#[tokio::test]
async fn a_stateless_client_that_hangs_up_is_told_to_the_gate() {
    let mut site = site().await;
    let params = json!({ "name": "hold", "arguments": {}, "progressToken": 1 });
    let (mut connection, mut response) = site.start(Ask::modern("one", "tools/call", params)).await;
    let first = tokio::select! {
        frame = response.frame() => frame.expect("a frame").expect("whole").into_data().expect("data"),
        () = &mut connection => panic!("the connection ended"),
    };
    assert!(String::from_utf8_lossy(&first).contains("notifications/progress"));
    drop((connection, response));
    tokio::time::timeout(PATIENCE, site.left.recv()).await.expect("in time").expect("seen");
}

/// F24: in the older protocol.
#[tokio::test]
async fn an_older_client_cancels_by_notification_but_only_its_own_call() {
    let mut site = site().await;
    let (id, other) = (site.initialize("one").await, site.initialize("other").await);
    let call =
        json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": { "name": "hold", "arguments": {} } });
    let (mut connection, _response) = site.start(Ask::post("one", call).session(&id)).await;
    let cancel = || json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 9 } });
    let told = site.send(Ask::post("other", cancel()).session(&id)).await;
    assert_eq!(told.status, StatusCode::NOT_FOUND);
    site.send(Ask::post("other", cancel()).session(&other)).await;
    assert!(site.left.try_recv().is_err());
    let told = site.send(Ask::post("one", cancel()).session(&id)).await;
    assert_eq!(told.status, StatusCode::ACCEPTED);
    tokio::select! {
        left = tokio::time::timeout(PATIENCE, site.left.recv()) => left.expect("in time").expect("seen"),
        () = &mut connection => panic!("the connection ended"),
    }
}

#[tokio::test]
async fn another_keys_session_reads_exactly_like_an_unknown_one() {
    let site = site().await;
    let id = site.initialize("one").await;
    let list = || json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let ask = |id: &str| Ask::post("other", list()).method(method.clone()).session(id);
        let (foreign, unknown) = (site.send(ask(&id)).await, site.send(ask("made-up")).await);
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method}");
        assert_eq!((foreign.status, &foreign.text), (unknown.status, &unknown.text), "{method}");
    }
    let told = site.send(Ask::post("one", list()).session(&id)).await;
    assert_eq!(names(told.last()).len(), 4, "it still is its owner's");
    let call =
        json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": { "name": "tell", "arguments": {} } });
    let told = site.send(Ask::post("one", call).session(&id)).await.told();
    assert_eq!(told["legacy"], json!(id));
    let told = site.send(Ask::post("one", list()).method(Method::DELETE).session(&id)).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    assert_eq!(site.service.sessions_open(), 0);
}

#[tokio::test]
async fn no_key_takes_more_sessions_than_its_share() {
    let config = McpConfig { legacy_sessions_max: 3, legacy_sessions_per_key_max: 2, ..McpConfig::default() };
    let site = Site::new(config).await;
    let mut ids = Vec::new();
    for key in ["one", "one", "other"] {
        ids.push(site.initialize(key).await);
    }
    let told = site.send(Ask::initialize("third")).await;
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.headers.contains_key("retry-after"));
    let end = |key, id: &str| Ask::post(key, json!({})).method(Method::DELETE).session(id);
    assert!(site.send(end("other", &ids[2])).await.status.is_success());
    let told = site.send(Ask::initialize("one")).await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(told.error().1.contains("already has 2"), "{told:?}");
    site.initialize("third").await;
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_by_host_and_by_origin() {
    let site = site().await;
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null")] {
        let told = site.send(Ask::tool("one", "tell", &json!({})).header(name, value)).await;
        assert_eq!(told.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    let told = site.send(Ask::tool("one", "tell", &json!({})).header("origin", "http://localhost:7800")).await;
    assert_eq!(told.status, StatusCode::OK);
    for (host, expected) in [("localhost", 200), ("[::1]:7800", 200), ("evil.example:7800", 403)] {
        let told = site.send(Ask::tool("one", "tell", &json!({})).header("host", host)).await;
        assert_eq!(told.status, expected, "{host}");
    }
    let config = McpConfig { hosts: vec!["browsers.example".to_owned()], ..McpConfig::default() };
    let told = Site::new(config).await.send(Ask::tool("one", "tell", &json!({}))).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let site = Site::new(McpConfig { body_bytes_max: 2_000, ..McpConfig::default() }).await;
    let told = site.send(Ask::tool("one", "tell", &json!({ "word": "a".repeat(3_000) }))).await;
    assert_eq!(told.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn stopping_ends_sessions_and_tells_running_calls() {
    let mut site = site().await;
    site.initialize("one").await;
    let params = json!({ "name": "hold", "arguments": {}, "progressToken": 1 });
    let (mut connection, response) = site.start(Ask::modern("one", "tools/call", params)).await;
    site.cancel.cancel();
    tokio::select! {
        left = tokio::time::timeout(PATIENCE, site.left.recv()) => left.expect("in time").expect("seen"),
        () = &mut connection => panic!("the connection ended"),
    }
    drop(response);
    no_session_left(&site).await;
}

#[tokio::test]
async fn a_session_nobody_uses_ends_by_itself() {
    let idle = Duration::from_millis(20);
    let site = Site::new(McpConfig { legacy_idle_max: idle, ..McpConfig::default() }).await;
    let id = site.initialize("one").await;
    no_session_left(&site).await;
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    assert_eq!(site.send(Ask::post("one", list).session(&id)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_an_empty_list_or_says_so() {
    let site = site().await;
    for (method, key) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let told = site.send(Ask::modern("one", method, json!({}))).await;
        assert_eq!(told.last()["result"][key], json!([]), "{method}");
        assert!(told.last()["result"]["ttlMs"].is_u64(), "{method}");
    }
    let ask = Ask::modern("one", "resources/read", json!({ "uri": "file:///x" })).header("mcp-name", "file:///x");
    let told = site.send(ask).await;
    assert_eq!((told.error().0, &told.last()["error"]["data"]["uri"]), (-32602, &json!("file:///x")));
}

#[tokio::test]
async fn over_stdio_both_eras_are_served_as_the_one_caller() {
    let call = |meta: Value| json!({ "name": "tell", "arguments": { "word": "x" }, "_meta": meta });
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let modern = [json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(meta) })];
    let hello =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let older = [
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(json!({})) }),
    ];
    for conversation in [&modern[..], &older[..]] {
        let answer = Box::pin(over_stdio(conversation)).await;
        let text = answer["result"]["content"][0]["text"].as_str().expect("text");
        let told: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!((&told["key"], &told["legacy"]), (&json!("local"), &Value::Null));
    }
}

/// Says these lines one after the other, waiting for an answer to each that has an id; the last answer. Then leaves.
async fn over_stdio(conversation: &[Value]) -> Value {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (input, output) = tokio::io::split(far);
    let (bench, _left) = Bench::new();
    let caller = Caller::for_tests("local", "default", Scopes::default().with(Scope::Agent));
    let (config, cancel) = (McpConfig::default(), CancellationToken::new());
    let serving = serve(bench, caller, &config, &cancel, input, output);
    let talking = async {
        let (lines, mut to) = tokio::io::split(near);
        let mut lines = BufReader::new(lines).lines();
        let mut answer = Value::Null;
        for line in conversation {
            to.write_all(format!("{line}\n").as_bytes()).await.expect("written");
            if line.get("id").is_some() {
                let line = lines.next_line().await.expect("read").expect("a line");
                answer = serde_json::from_str(&line).expect("JSON");
            }
        }
        answer
    };
    let both = Box::pin(async { tokio::join!(serving, talking) });
    let (served, answer) = tokio::time::timeout(PATIENCE, both).await.expect("in time");
    served.expect("ended by the client's leaving");
    answer
}

async fn no_session_left(site: &Site) {
    let none = async {
        while site.service.sessions_open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, none).await.expect("no session is left");
}

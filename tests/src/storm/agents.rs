//! JSON-RPC as no client would write it (FAULTS F39).

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::mutator::Mutator;
use super::{ANSWER_WITHIN, Aim, Answer};
use crate::mcp::{LEGACY, MODERN};

/// How deep what is deep is: far beyond what any parser follows.
const DEPTH: usize = 100_000;
/// A text that is long, and a body that may still be read.
const LONG: usize = 200_000;

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    reqwest::Client::builder().timeout(ANSWER_WITHIN).pool_max_idle_per_host(0).build().expect("an HTTP client")
});

/// Messages that are changed. None names a session that is there, and none opens one: what is left of them is nobody's wish.
static TEMPLATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "storm", "version": "0" },
        "progressToken": 7,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    });
    let call = |id: Value, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let tool = |name: &str, arguments: Value| {
        call(json!(1), "tools/call", json!({ "name": name, "arguments": arguments, "_meta": meta }))
    };
    let hello =
        json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "storm", "version": "0" } });
    let mut all = vec![
        call(json!(1), "initialize", hello),
        call(json!("a"), "tools/list", json!({ "_meta": meta, "cursor": "x" })),
        call(json!(2), "ping", json!({ "_meta": meta })),
        call(json!(3), "server/discover", json!({ "_meta": meta })),
        call(json!(4), "resources/read", json!({ "uri": "file:///etc/passwd", "_meta": meta })),
        call(json!(5), "prompts/get", json!({ "name": "x", "arguments": {}, "_meta": meta })),
        call(
            json!(6),
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "x" }, "argument": { "name": "a", "value": "b" } }),
        ),
        call(json!(7), "logging/setLevel", json!({ "level": "debug" })),
        tool("session_close", json!({ "session": "nobody" })),
        tool("browser_snapshot", json!({ "session": "nobody", "max_tokens": 200 })),
        tool("browser_click", json!({ "session": "nobody", "target": "e1", "element": "x" })),
        tool("browser_nothing", json!({ "session": "nobody" })),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1, "reason": "x" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "action": "accept", "content": { "yes": true } } }),
        json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32000, "message": "no" } }),
        json!([call(json!(1), "ping", json!({})), call(json!(1), "ping", json!({}))]),
    ];
    for id in [json!([]), json!({}), Value::Null, json!(true), json!(1.5), json!(-1), json!(u64::MAX), json!("")] {
        all.push(call(id, "ping", json!({ "_meta": meta })));
    }
    all.iter().map(|message| message.to_string().into_bytes()).collect()
});

/// Bodies that are wrong as they are.
fn odd(which: usize) -> Vec<u8> {
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":"#;
    match which {
        0 => format!("{ping}{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH)).into_bytes(),
        1 => format!("{ping}{}1{}}}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH)).into_bytes(),
        2 => "[".repeat(DEPTH).into_bytes(),
        3 => format!("{ping}{{\"x\":\"\\ud800\"}}}}").into_bytes(),
        4 => format!("{ping}{{\"x\":1e400}}}}").into_bytes(),
        5 => format!("\u{feff}{ping}{{}}}}").into_bytes(),
        6 => br#"{"jsonrpc":"2.0","id":1e400,"method":"ping"}"#.to_vec(),
        7 => br#"{"jsonrpc":"2.0","jsonrpc":"1.0","id":1,"id":2,"method":"ping","method":"tools/list"}"#.to_vec(),
        8 => format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "i".repeat(LONG)).into_bytes(),
        9 => format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "m".repeat(LONG)).into_bytes(),
        10 => format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#; 2_000].join(",")).into_bytes(),
        11 => b"".to_vec(),
        12 => b"\0\0\0\0".to_vec(),
        13 => b"\xff\xfe{\0}\0".to_vec(),
        14 => format!("{ping}{}}}", "9".repeat(LONG)).into_bytes(),
        _ => format!("{ping}{{}}}}{ping}{{}}}}").into_bytes(),
    }
}

/// How many of them there are.
const ODD: usize = 16;

/// One message.
pub(super) async fn one(aim: Aim, mut mutator: Mutator) -> (Answer, Mutator) {
    let body = match mutator.below(4) {
        0 => odd(mutator.below(ODD)),
        _ => mutator.next(&TEMPLATES),
    };
    let mut request = HTTP
        .post(format!("http://127.0.0.1:{}/mcp", aim.port))
        .bearer_auth(&aim.key)
        .header("accept", "application/json, text/event-stream");
    request = match mutator.below(12) {
        0 => request,
        1 => request.header("content-type", "text/plain"),
        _ => request.header("content-type", "application/json"),
    };
    request = match mutator.below(4) {
        0 => request,
        1 => request.header("mcp-protocol-version", LEGACY).header("mcp-session-id", "nobody"),
        2 => request.header("mcp-protocol-version", "1999-01-01"),
        _ => request.header("mcp-protocol-version", MODERN).header("mcp-method", "ping"),
    };
    let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    let answer = match request.body(body).send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let session = answer.headers().get("mcp-session-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            if let Some(session) = session {
                end(&aim, &session).await;
            }
            match answer.text().await {
                Err(error) if error.is_timeout() => Answer::Hung(shown),
                Ok(text) if status >= 500 => Answer::Blamed(format!("{status} {text} for {shown}")),
                // Internal error: the service's own fault, in JSON-RPC's words.
                Ok(text) if text.contains("-32603") => Answer::Blamed(format!("{text} for {shown}")),
                _ => Answer::Said(status.to_string()),
            }
        }
        Err(error) if error.is_timeout() => Answer::Hung(shown),
        // A body that is too long is cut off while it is sent.
        Err(_) => Answer::Said("hung up".to_owned()),
    };
    (answer, mutator)
}

/// Ends a session of the older era that a message happened to open.
async fn end(aim: &Aim, session: &str) {
    let request = HTTP.delete(format!("http://127.0.0.1:{}/mcp", aim.port)).bearer_auth(&aim.key);
    drop(request.header("mcp-session-id", session).timeout(Duration::from_secs(5)).send().await);
}

/// Closes the browser sessions that changed calls happened to open: such a call was no malformed one.
pub(super) async fn leave(aim: &Aim) {
    let url = format!("http://127.0.0.1:{}/v1/sessions", aim.port);
    let Ok(list) = HTTP.get(&url).bearer_auth(&aim.key).send().await else { return };
    let list: Value = list.json().await.unwrap_or_default();
    for session in list["sessions"].as_array().into_iter().flatten() {
        if let Some(id) = session["id"].as_str() {
            drop(HTTP.delete(format!("{url}/{id}")).bearer_auth(&aim.key).send().await);
        }
    }
}

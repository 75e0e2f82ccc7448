//! Every tool of every toolset with arguments nobody should send, made from the tool's own schema: a tool added later is
//! covered by being there.
//!
//! Whatever comes: a typed refusal or an answer, of bounded size, in time; and the session goes on.

use std::time::Duration;

use futures_util::future::join_all;
use helmwatch_tests::mcp::{Era, McpClient, Refused};
use serde_json::{Map, Value, json};

use crate::room::{Hand, Room, section};

/// Every toolset.
const CAPS: &str = "core,vision,pdf,network,storage,testing,devtools,config";

/// Sessions that work through the tools side by side.
const LANES: usize = 4;

/// Longest answer to one call: above every deadline of the service but the wish to wait, which is not tested here.
const ANSWER_WITHIN: Duration = Duration::from_secs(25);

/// A call that took longer is named in the output.
const SLOW: Duration = Duration::from_secs(2);

/// Largest text of one answer: the tokens an answer has unless it asks for more, with the heads of its sections.
const ANSWER_BYTES_MAX: usize = 48_000;

/// Largest text of a refusal: whatever was sent, it is not sent back.
const REFUSAL_BYTES_MAX: usize = 6_000;

/// Below the largest request body, and far above what any argument is for.
const LONG_BYTES: usize = 1 << 20;

/// Above the largest request body.
const HUGE_BYTES: usize = 10 << 20;

/// Levels no reader of JSON should follow.
const DEPTH: usize = 100_000;

/// Items of a list that is too long.
const ITEMS: usize = 5_000;

/// Arguments that the house takes off every call before its tool sees it.
const SHARED: [&str; 3] = ["session", "max_tokens", "snapshot"];

/// What is to come of a call.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// It must not be taken.
    Refusal,
    /// It may be taken: the value is odd and not wrong.
    Anything,
}

struct Case {
    what: String,
    /// JSON, or nearly.
    arguments: String,
    expected: Expected,
}

#[tokio::test]
async fn every_tool_survives_every_argument_nobody_should_send() {
    // What waits for a person waits a moment.
    let room = Room::with(|options| options.policy("open").config("[mcp]\nhold_ms_max = 1000\n")).await;
    let key = room.service.create_key("clumsy", &["agent"], None).await.unwrap();
    let first = connect(&room, &key, 0).await;
    let listed = first.client.request("tools/list", json!({})).await.unwrap();
    let tools = listed["tools"].as_array().unwrap().clone();
    assert!(tools.len() > 40, "{} tools are not all toolsets", tools.len());
    // One long list would put the slow ones together.
    let lanes = (0..LANES).map(|lane| {
        let mine: Vec<&Value> = tools.iter().skip(lane).step_by(LANES).collect();
        let (room, key) = (&room, &key);
        async move { work(room, key, lane, &mine).await }
    });
    let done = join_all(lanes).await;
    let calls: usize = done.iter().map(|(calls, _)| calls).sum();
    let wrong: Vec<String> = done.into_iter().flat_map(|(_, wrong)| wrong).collect();
    println!("{calls} bad calls of {} tools, {} not as they should be", tools.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {calls}:\n{}", wrong.len(), wrong.join("\n---\n"));
    let panics = room.service.log_lines_with("panicked");
    assert!(panics.is_empty(), "{panics:?}");
    room.close().await;
}

#[tokio::test]
async fn a_ref_of_another_tab_session_or_document_is_stale_for_every_tool() {
    let room = Room::with(|options| options.policy("open")).await;
    let key = room.service.create_key("clumsy", &["agent"], None).await.unwrap();
    let (agent, other) = (connect(&room, &key, 0).await, connect(&room, &key, 1).await);
    agent.goto(&room.site.url("/controls")).await;
    // Numbers begin anew in each tab: only one beyond the last of the others names nothing there.
    let stale = agent.find(&["slider", "Volume"]).await;
    let listed = agent.client.request("tools/list", json!({})).await.unwrap();
    let tools: Vec<&Value> =
        listed["tools"].as_array().unwrap().iter().filter(|tool| aims(&tool["inputSchema"])).collect();
    assert!(tools.len() > 10, "{} tools do not aim at anything", tools.len());
    let small = room.site.url("/bought");
    agent.ok("browser_tabs", json!({ "action": "new", "url": small })).await;
    other.ok("browser_navigate", json!({ "url": small })).await;
    let mut wrong = Vec::new();
    for (whose, hand) in [("another tab", &agent), ("another session", &other), ("an earlier document", &agent)] {
        if whose == "an earlier document" {
            agent.ok("browser_tabs", json!({ "action": "select", "index": 0 })).await;
            agent.ok("browser_navigate", json!({ "url": small })).await;
        }
        for tool in &tools {
            let name = tool["name"].as_str().unwrap();
            let answer = hand.call(name, aimed(&tool["inputSchema"], &stale)).await;
            if !answer.is_error || !section(&answer.text, "Error").contains("Try capturing new snapshot.") {
                wrong.push(format!("{name}, a ref of {whose}: {}", answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
    println!("{} tools refused a ref of another tab, session and document", tools.len());
    room.close().await;
}

/// Does anything in it say what to act on?
fn aims(schema: &Value) -> bool {
    let members = schema["properties"].as_object().into_iter().flatten();
    members.into_iter().any(|(name, member)| name.to_lowercase().ends_with("target") || aims(&member["items"]))
}

/// Arguments that are right by the schema and aim at this ref wherever they aim.
fn aimed(schema: &Value, at: &str) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let members = schema["properties"].as_object().into_iter().flatten();
    let arguments = members.filter_map(|(name, member)| {
        let value = match name.to_lowercase().ends_with("target") {
            true => at.into(),
            false if aims(&member["items"]) => json!([aimed(&member["items"], at)]),
            false if required.contains(&json!(name)) => sample(name, member),
            // A drop needs something to drop, whichever kind.
            false if name == "data" => json!({ "text/plain": "x" }),
            false => return None,
        };
        Some((name.clone(), value))
    });
    Value::Object(arguments.collect())
}

async fn connect(room: &Room, key: &str, lane: usize) -> Hand {
    let url = format!("{}?caps={CAPS}&session=lane-{lane}", room.service.mcp_url());
    Hand { client: McpClient::connect(&url, Some(key), Era::Modern).await.unwrap() }
}

/// All cases of these tools, one after another; how many, and which went wrong.
async fn work(room: &Room, key: &str, lane: usize, tools: &[&Value]) -> (usize, Vec<String>) {
    let mut wrong = Vec::new();
    let mut calls = 0;
    for (at, tool) in tools.iter().enumerate() {
        let name = tool["name"].as_str().unwrap();
        let agent = connect(room, key, lane).await;
        agent.ok("browser_navigate", json!({ "url": room.site.url("/form") })).await;
        for case in cases(name, &tool["inputSchema"], at == 0) {
            calls += 1;
            let began = tokio::time::Instant::now();
            let called = tokio::time::timeout(ANSWER_WITHIN, agent.client.call_text(name, &case.arguments)).await;
            let said = match called {
                Err(_) => Some("hangs".to_owned()),
                Ok(called) => judge(&called, case.expected),
            };
            if began.elapsed() > SLOW {
                println!("{name}, {}: {} ms", case.what, began.elapsed().as_millis());
            }
            if let Some(said) = said {
                let said: String = said.chars().take(600).collect();
                wrong.push(format!("{name}, {}: {said}", case.what));
            }
        }
        // By a client of its own: a body that is too large may be cut in the middle.
        let clumsy = connect(room, key, lane).await;
        calls += 1;
        match clumsy.client.call(name, json!({ "target": "x".repeat(HUGE_BYTES) })).await {
            Err(Refused::Http(413, _) | Refused::Gone(_)) => {}
            other => wrong.push(format!("{name}, {HUGE_BYTES} bytes: {:.200}", format!("{other:?}"))),
        }
        // What was asked of a person is answered, as they would.
        answer_questions(room).await;
        // The session goes on, or a new one begins where this one was closed.
        let agent = connect(room, key, lane).await;
        let gone_on = async {
            agent.client.call("browser_navigate", json!({ "url": room.site.url("/form"), "snapshot": "none" })).await?;
            agent.client.call("browser_evaluate", json!({ "function": "() => document.title" })).await
        };
        match tokio::time::timeout(ANSWER_WITHIN, gone_on).await {
            Ok(Ok(answer)) if section(&answer.text, "Result") == "\"Form\"" => {}
            other => wrong.push(format!("{name}: the session does not go on: {other:?}")),
        }
    }
    (calls, wrong)
}

async fn answer_questions(room: &Room) {
    let key = room.service.admin_key();
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(key), None).await.unwrap();
    for session in list["sessions"].as_array().unwrap() {
        let Some(number) = session["handoff"]["number"].as_u64() else { continue };
        let path = format!("/v1/sessions/{}/handoff", session["id"].as_str().unwrap());
        let no = json!({ "number": number, "outcome": "failed" });
        // Another lane may have been faster.
        room.service.api("POST", &path, Some(key), Some(no)).await.unwrap();
    }
}

/// What is wrong with an answer, if something is.
fn judge(called: &Result<helmwatch_tests::mcp::ToolAnswer, Refused>, expected: Expected) -> Option<String> {
    match called {
        Err(Refused::Rpc(-32602, text)) => (!is_two_lines(text)).then(|| format!("not what and what to do: {text}")),
        // What is no message at all has no id to be answered by.
        Err(Refused::Http(400, text)) => {
            let error = serde_json::from_str::<Value>(text).unwrap_or_default()["error"].take();
            let fits = error["code"] == -32700 && is_two_lines(error["message"].as_str().unwrap_or_default());
            (!fits).then(|| format!("no JSON-RPC error: {text}"))
        }
        Err(refused) => Some(refused.to_string()),
        Ok(answer) if answer.text.len() > ANSWER_BYTES_MAX => Some(format!("{} bytes of answer", answer.text.len())),
        Ok(answer) if answer.text.contains("failed inside this call") => Some(answer.text.clone()),
        Ok(answer) if answer.is_error => {
            let error = section(&answer.text, "Error");
            let both = is_two_lines(&error) || error.ends_with("Try capturing new snapshot.");
            (!both).then(|| format!("not what and what to do:\n{}", answer.text))
        }
        Ok(answer) => (expected == Expected::Refusal).then(|| format!("was taken:\n{}", answer.text)),
    }
}

fn is_two_lines(text: &str) -> bool {
    text.len() < REFUSAL_BYTES_MAX && text.lines().filter(|line| !line.trim().is_empty()).count() == 2
}

/// What is tried with a tool of this schema; with odd values of the arguments all tools share when `shared` says so.
fn cases(tool: &str, schema: &Value, shared: bool) -> Vec<Case> {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let proper: Map<String, Value> =
        required.iter().map(|name| ((*name).to_owned(), sample(name, &properties[*name]))).collect();
    let mut cases = Vec::new();
    let mut add = |what: String, arguments: String, expected| cases.push(Case { what, arguments, expected });
    for name in &required {
        let mut without = proper.clone();
        without.remove(*name);
        add(format!("without {name}"), Value::Object(without).to_string(), Expected::Refusal);
    }
    let with = |name: &str, raw: &str| {
        let mut others = proper.clone();
        others.remove(name);
        let others = Value::Object(others).to_string();
        let comma = if others == "{}" { "" } else { "," };
        format!("{{{name:?}:{raw}{comma}{}", &others[1..])
    };
    add("with one more".to_owned(), with("no_such_argument", "1"), Expected::Refusal);
    for odd in ["[]", "\"text\"", "7"] {
        add(format!("{odd} in place of arguments"), odd.to_owned(), Expected::Refusal);
    }
    for (name, property) in properties {
        let types = types(property);
        let wrong = ["true", "7", "\"nonsense\"", "[1,[2]]", "{\"a\":{}}"];
        for (value, kind) in wrong.iter().zip(["boolean", "number", "string", "array", "object"]) {
            let right = types.iter().any(|one| one == kind || (one == "integer" && kind == "number"));
            // Of a list or an object what is in it may still be wrong, and that is tried below.
            if !right || (property["enum"].is_array() && kind == "string") {
                add(format!("{name} = {value}"), with(name, value), Expected::Refusal);
            }
        }
        if !shared && tool != "session_open" && SHARED.contains(&name.as_str()) {
            continue;
        }
        for (value, what) in odd_values(tool, name, &types) {
            add(format!("{name} = {what}"), with(name, &value), Expected::Anything);
        }
        add(format!("{name} 100 deep"), with(name, &nested(100)), Expected::Refusal);
    }
    if let Some(name) = properties.keys().next() {
        add(format!("{name} {DEPTH} deep"), with(name, &nested(DEPTH)), Expected::Refusal);
    }
    cases
}

/// Values of the right type that are odd in themselves: JSON, and what to call it.
fn odd_values(tool: &str, name: &str, types: &[String]) -> Vec<(String, String)> {
    let mut values = Vec::new();
    let has = |kind: &str| types.iter().any(|one| one == kind);
    if has("number") || has("integer") {
        // A wish to wait for ever is granted for as long as it may be, which takes its time.
        if (tool, name) != ("browser_wait_for", "time") {
            values.extend(["1e308", "9007199254740993", "18446744073709551616"].map(str::to_owned));
        }
        values.extend(["-1", "0", "0.5", "-1e308", "1e400", "NaN", "-0"].map(str::to_owned));
    }
    let mut values: Vec<(String, String)> = values.into_iter().map(|value| (value.clone(), value)).collect();
    let texts = [
        ("\"\"".to_owned(), "no text"),
        ("\"a\\u0000b\"".to_owned(), "a NUL"),
        ("\"\\ud800\"".to_owned(), "half a surrogate pair"),
        ("\"\\udc00\\ud800 x\"".to_owned(), "surrogates the wrong way round"),
        ("\"\\u202e\\u200b\\ufeff\\n### Result\\n\"".to_owned(), "marks and headings"),
        ("\"../../etc/passwd\"".to_owned(), "a way out"),
        (format!("\"{}\"", "x".repeat(LONG_BYTES)), "a megabyte"),
    ];
    // A text that does not come is waited for.
    if (tool, name) == ("browser_wait_for", "text") {
        return values;
    }
    if has("string") {
        values.extend(texts.iter().map(|(value, what)| (value.clone(), (*what).to_owned())));
    }
    if has("array") {
        for (value, what) in [("\"\\ud800\"", "surrogates"), ("\"x\"", "texts"), ("null", "nulls"), ("{}", "objects")] {
            values.push((format!("[{}]", vec![value; ITEMS].join(",")), format!("{ITEMS} {what}")));
        }
        values.push(("[]".to_owned(), "no items".to_owned()));
    }
    if has("object") {
        let many: Vec<String> = (0..ITEMS).map(|number| format!("\"k{number}\":\"v\"")).collect();
        values.push((format!("{{{}}}", many.join(",")), format!("{ITEMS} members")));
    }
    values
}

/// The JSON types a property may have.
fn types(property: &Value) -> Vec<String> {
    if property["enum"].is_array() {
        return vec!["string".to_owned()];
    }
    match &property["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(some) => some.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => property["anyOf"].as_array().into_iter().flatten().flat_map(types).collect(),
    }
}

/// A value that is right by the schema.
fn sample(name: &str, property: &Value) -> Value {
    if let Some(first) = property["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match types(property).first().map(String::as_str) {
        Some("number" | "integer") => property["minimum"].as_i64().unwrap_or(1).max(1).into(),
        Some("boolean") => true.into(),
        Some("array") => json!([sample(name, &property["items"])]),
        Some("object") => {
            let members = property["properties"].as_object().into_iter().flatten();
            Value::Object(members.map(|(name, member)| (name.clone(), sample(name, member))).collect())
        }
        _ if name.to_lowercase().ends_with("target") => "[name=name]".into(),
        _ => "x".into(),
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

//! Agents that go in the middle of a call (FAULTS F24, F25): the call is over, its session is free, and what was done is written down.

use helmwatch_tests::mcp::MODERN;
use helmwatch_tests::wait::until;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::room::{Room, SOON, section};

/// Between two offsets that are tried: no divisor of anything in an answer.
const STEP: usize = 7;

/// One call, sent by hand on a connection of its own.
async fn asks(room: &Room, key: &str, tool: &str, arguments: &Value) -> TcpStream {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "leaves", "version": "0" },
    });
    let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", room.service.port())).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MODERN}\r\nMcp-Method: tools/call\r\n\
         Mcp-Name: {tool}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

/// F24: whichever byte of its answer an agent hears last, its session is free for the next call and the record has every call.
#[tokio::test]
async fn an_agent_that_goes_at_any_byte_of_its_answer_leaves_its_session_free() {
    let room = Room::with(|options| options.policy("open")).await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    agent.goto(&room.site.url("/form")).await;
    let press = json!({ "function": "() => fetch('/fetch-target').then(answer => answer.text())" });
    let mut whole = Vec::new();
    asks(&room, &key, "browser_evaluate", &press).await.read_to_end(&mut whole).await.unwrap();
    let text = String::from_utf8_lossy(&whole);
    assert!(text.contains("reached"), "{text}");
    let mut asked = 1;
    for heard in (0..whole.len()).step_by(STEP) {
        let mut stream = asks(&room, &key, "browser_evaluate", &press).await;
        let mut part = vec![0; heard];
        stream.read_exact(&mut part).await.unwrap();
        drop(stream);
        asked += 1;
    }
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    // Who went before it began wanted nothing done; what began was done once.
    let done = room.site.count("GET", "/fetch-target");
    assert!((1..=asked).contains(&done), "{done} of {asked}");
    let (_, pool) = room.service.api("GET", "/v1/pool", Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!((&pool["in_use"], &pool["waiting"]), (&1.into(), &0.into()), "{pool}");
    let noted = until("a line for every call", SOON, async || {
        let text = room.service.command(&["audit", "export"]).await.ok()?.stdout;
        let lines = String::from_utf8_lossy(&text).lines().filter(|line| line.contains("browser_evaluate")).count();
        (lines >= done).then_some(())
    });
    noted.await.unwrap();
    room.close().await;
}

/// F24, F25: an agent that goes while its call waits, by saying so or by a reset as when its process is killed, is not waited for.
#[tokio::test]
async fn an_agent_that_goes_while_its_call_waits_is_not_waited_for() {
    let room = Room::with(|options| options.policy("open")).await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    agent.goto(&room.site.url("/form")).await;
    for killed in [false, true] {
        for (tool, arguments) in [
            ("browser_wait_for", json!({ "text": "Words that never come" })),
            ("browser_evaluate", json!({ "function": "() => fetch('/never')" })),
        ] {
            let before = busy(&room).await;
            assert!(!before, "{tool}");
            let stream = asks(&room, &key, tool, &arguments).await;
            let begun = until("the call", SOON, async || busy(&room).await.then_some(()));
            begun.await.unwrap();
            if killed {
                // Nothing is left of a killed process that could say goodbye properly.
                stream.set_zero_linger().unwrap();
            }
            drop(stream);
            // A look ends at once; what acts is carried through, each step of it in its own time.
            let free = until("the session to be free", 2 * SOON, async || (!busy(&room).await).then_some(()));
            free.await.unwrap_or_else(|fault| panic!("{tool}, killed: {killed}: {fault}\n{}", room.service.log()));
            let title = agent.ok("browser_evaluate", json!({ "function": "() => document.title" })).await;
            assert_eq!(section(&title.text, "Result"), "\"Form\"", "{tool}");
        }
    }
    room.close().await;
}

/// Does a call of the only session run?
async fn busy(room: &Room) -> bool {
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    list["sessions"][0]["state"] == "busy"
}

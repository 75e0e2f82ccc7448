//! What happened can be read, and what was changed afterwards is found.

use helmwatch_protocol::{LiveEvent, ViewerMessage};
use helmwatch_tests::service::run_command;
use helmwatch_tests::viewer::Viewer;
use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::keys::only_session;
use crate::room::{Room, SOON};

#[tokio::test]
async fn the_audit_is_checked_and_exported_beside_the_running_service() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form?marked=4711")).await;
    agent.ok("browser_evaluate", json!({ "function": "() => 1" })).await;
    let (ok, text) = audit(&room, &["audit", "verify"]).await;
    assert!(ok && text.starts_with("ok: "), "{text}");
    let head = text.split_once("head ").unwrap().1.trim().to_owned();

    let (ok, lines) = audit(&room, &["audit", "export"]).await;
    assert!(ok, "{lines}");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let calls: Vec<&str> =
        lines.iter().filter(|line| line["kind"] == "call").map(|l| l["text"].as_str().unwrap()).collect();
    assert!(calls.iter().any(|call| call.contains("/form?marked=4711")), "{calls:?}");
    let seqs: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no line is missing");
    let (_, rest) = audit(&room, &["audit", "export", "--after", &(seqs.len() - 1).to_string()]).await;
    assert!(rest.lines().count() >= 1 && rest.lines().count() < seqs.len(), "{rest}");

    // More is written, and the head of before is still one of the chain's.
    agent.ok("browser_evaluate", json!({ "function": "() => 2" })).await;
    let (ok, text) = audit(&room, &["audit", "verify", "--expect", &head]).await;
    assert!(ok, "{text}");
    let other = format!("{}:{}", head.split_once(':').unwrap().0, "0".repeat(64));
    for (wrong, said) in [(other.as_str(), "not the one"), ("nonsense", "is no head")] {
        let (ok, text) = audit(&room, &["audit", "verify", "--expect", wrong]).await;
        assert!(!ok && text.contains(said), "{wrong}: {text}");
    }
    room.close().await;
}

/// Who logged in, looked and drove is in it as well as what agents did.
#[tokio::test]
async fn people_are_in_the_audit_too() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let id = only_session(&room).await;
    let ada = room.service.create_key("Ada", &["view", "control"], None).await.unwrap();
    let (status, _) = room.service.api("POST", "/v1/login", None, Some(json!({ "key": ada }))).await.unwrap();
    assert_eq!(status, 200);
    let path = format!("/v1/sessions/{id}/live");
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(&ada)).await.unwrap();
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    // Whoever goes away while driving hands back.
    drop(viewer);
    let wanted = [
        "Ada logged in with a key",
        "Ada began to look",
        "Ada took the wheel",
        "Ada handed back",
        "Ada stopped looking",
    ];
    let all = until("all of it written down", SOON, async || {
        let (_, lines) = audit(&room, &["audit", "export"]).await;
        wanted.iter().all(|one| lines.contains(one)).then_some(lines)
    });
    let lines = all.await.unwrap();
    let drove = lines.lines().find(|line| line.contains("took the wheel")).unwrap();
    let drove: Value = serde_json::from_str(drove).unwrap();
    assert_eq!((&drove["kind"], &drove["session"]), (&json!("control"), &json!(id)));
    assert!(!lines.contains(&ada), "no key in it");
    room.close().await;
}

/// F38: wherever it is.
#[tokio::test]
async fn one_changed_byte_in_the_file_is_found() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form?marked=4711")).await;
    let data = room.service.data();
    room.close().await;
    let output = run_command(&["audit", "verify"], data.path()).await.unwrap();
    assert!(output.status.success(), "whole before: {}", String::from_utf8_lossy(&output.stderr));

    let path = data.path().join("helmwatch.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let marks: Vec<usize> =
        bytes.windows(11).enumerate().filter(|(_, at)| *at == b"marked=4711").map(|(at, _)| at).collect();
    assert!(!marks.is_empty(), "the call is in the file");
    for at in marks {
        bytes[at + 7] = b'9';
    }
    std::fs::write(&path, bytes).unwrap();
    let output = run_command(&["audit", "verify"], data.path()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("is broken at line"), "{said}");
}

async fn audit(room: &Room, arguments: &[&str]) -> (bool, String) {
    let output = room.service.command(arguments).await.unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

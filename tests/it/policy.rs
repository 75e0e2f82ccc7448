//! Rules can be tried without a browser, and changed while the service runs; a broken file changes nothing.

use std::path::Path;

use helmwatch_tests::service::run_command;
use helmwatch_tests::wait::until;
use serde_json::json;

use crate::room::{Room, SOON};

const OPEN: &str = "default = \"allow\"\n";
const CLOSED: &str =
    "default = \"allow\"\n[[rule]]\nname = \"no-scripts\"\nthen = \"deny\"\nwhen.tool = \"browser_evaluate\"\n";

#[tokio::test]
async fn a_changed_rule_file_holds_for_the_next_call_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    std::fs::write(&file, OPEN).unwrap();
    let room = Room::with(|options| options.policy(file.to_str().unwrap())).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let script = json!({ "function": "() => 1" });
    agent.ok("browser_evaluate", script.clone()).await;

    std::fs::write(&file, CLOSED).unwrap();
    said(&room, "the policy was changed", 1).await;
    let refused = agent.refused("browser_evaluate", script.clone()).await;
    assert!(refused.contains("no-scripts"), "{refused}");

    for (broken, count) in [("default = \"allow\"\n[[rule]]\nname = ", 1), ("", 2)] {
        std::fs::write(&file, broken).unwrap();
        said(&room, "is broken", count).await;
        let refused = agent.refused("browser_evaluate", script.clone()).await;
        assert!(refused.contains("no-scripts"), "a broken file is not no policy: {refused}");
    }
    std::fs::remove_file(&file).unwrap();
    said(&room, "is broken", 3).await;
    agent.refused("browser_evaluate", script.clone()).await;

    std::fs::write(&file, OPEN).unwrap();
    said(&room, "the policy was changed", 2).await;
    agent.ok("browser_evaluate", script).await;
    let told = String::from_utf8(room.service.command(&["audit", "export"]).await.unwrap().stdout).unwrap();
    assert_eq!(told.lines().filter(|line| line.contains("the policy file was changed")).count(), 5, "{told}");
    room.close().await;
}

/// What was asked under other rules is not run when the rules of now forbid it, whatever the person said.
#[tokio::test]
async fn an_approved_call_that_the_rules_of_now_forbid_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    std::fs::write(&file, CLOSED.replace("deny", "ask")).unwrap();
    let room = Room::with(|options| options.policy(file.to_str().unwrap())).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let call = agent.call("browser_evaluate", json!({ "function": "() => { document.title = 'Ran'; }" }));
    let deciding = async {
        let id = room.held().await["id"].as_str().unwrap().to_owned();
        std::fs::write(&file, CLOSED).unwrap();
        said(&room, "the policy was changed", 1).await;
        room.decide(room.service.admin_key(), &id, "approve").await
    };
    let (answer, (status, _)) = tokio::join!(call, deciding);
    assert_eq!(status, 200);
    assert!(answer.is_error && answer.text.contains("no-scripts"), "{}", answer.text);
    let tab = agent.ok("browser_tabs", json!({ "action": "list" })).await.text;
    assert!(!tab.contains("Ran"), "{tab}");
    room.close().await;
}

#[tokio::test]
async fn a_policy_explains_what_it_answers_to_a_call() {
    let data = tempfile::tempdir().unwrap();
    let ask = ["browser_click", "--role", "button", "--name", "Buy now", "--page", "https://shop.example/cart"];
    let (ok, text) = explain(data.path(), &ask).await;
    assert!(ok && text.starts_with("ask for 300 s, by the rule \"buying\""), "{text}");
    assert!(text.contains("heard: \"buying\" (ask)"), "{text}");
    let (ok, text) = explain(data.path(), &["browser_click", "--role", "link", "--name", "How to buy a house"]).await;
    assert!(ok && text.starts_with("allow, by the default"), "{text}");
    let (ok, text) = explain(data.path(), &["browser_type", "--value", "4111 1111 1111 1111"]).await;
    assert!(ok && text.contains("typing-secrets"), "{text}");
    let (ok, text) = explain(data.path(), &["browser_click", "--field", "pincode"]).await;
    assert!(!ok && text.contains("Give one of text, password"), "{text}");
}

#[tokio::test]
async fn a_policy_explains_what_it_answers_to_a_key_a_tenant_and_a_request() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("rules.toml");
    let rules = "default = \"allow\"\n[[rule]]\nname = \"night-shift\"\nthen = \"ask\"\nwhen.tenant = \"shop\"\nwhen.key = \"night-*\"\n\
        [[rule]]\nname = \"writes\"\nthen = \"deny\"\nwhen.request = [\"form\", \"script\"]\nwhen.method = [\"POST\", \"PUT\"]\n";
    std::fs::write(&file, rules).unwrap();
    let file = file.to_str().unwrap();
    let run = async |arguments: &[&str]| {
        let output = run_command(&[&["policy"], arguments].concat(), data.path()).await.unwrap();
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (ok, text) = run(&["check", file]).await;
    assert!(ok && text.contains("requests that pages send by themselves are judged"), "{text}");
    let (ok, text) = run(&["explain", file, "browser_click", "--tenant", "shop", "--key", "night-3"]).await;
    assert!(ok && text.starts_with("ask for 300 s, by the rule \"night-shift\""), "{text}");
    let (ok, text) = run(&["explain", file, "browser_click", "--key", "night-3"]).await;
    assert!(ok && text.starts_with("allow"), "another tenant: {text}");
    let (ok, text) = run(&["explain", file, "page_request", "--method", "PUT", "--to", "https://shop.example/x"]).await;
    assert!(ok && text.starts_with("deny, by the rule \"writes\""), "{text}");
    let (ok, text) = run(&["explain", file, "page_request", "--request", "beacon"]).await;
    assert!(ok && text.starts_with("allow"), "{text}");
    let (ok, text) = run(&["explain", file, "page_request", "--request", "image"]).await;
    assert!(!ok && text.contains("Give one of form, script, beacon"), "{text}");
    let (ok, text) = run(&["explain", file, "browser_click", "--method", "PUT"]).await;
    assert!(!ok && text.contains("Give page_request as the call"), "{text}");
    std::fs::write(file, rules.replace("\"PUT\"", "\"PUTT\"")).unwrap();
    let (ok, text) = run(&["check", file]).await;
    assert!(!ok && text.contains("line 11") && text.contains("PUTT"), "{text}");
}

async fn explain(data: &Path, call: &[&str]) -> (bool, String) {
    let output = run_command(&[&["policy", "explain", "careful"], call].concat(), data).await.unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// Waits until the log has said it so many times.
async fn said(room: &Room, word: &str, count: usize) {
    let waited = until(word, SOON, async || (room.service.log_lines_with(word).len() >= count).then_some(()));
    waited.await.unwrap();
}

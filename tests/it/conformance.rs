//! The suite of the protocol's authors, in both eras, and their Inspector's strict reading of our tool list.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use helmwatch_tests::node;
use serde_json::Value;
use tokio::process::Command;

use crate::agent::Agent;
use crate::room::Room;

/// What the default `tools/list` may cost, bytes.
const TOOLS_BYTES_MAX: usize = 16 << 10;

/// The whole suite takes some seconds; it has its own deadlines inside.
const SUITE_WITHIN: Duration = Duration::from_secs(150);

#[tokio::test]
async fn the_conformance_suite_passes_for_2026_07_28() {
    suite("2026-07-28").await;
}

#[tokio::test]
async fn the_conformance_suite_passes_for_2025_11_25() {
    suite("2025-11-25").await;
}

async fn suite(revision: &str) {
    let room = Room::open().await;
    let out = tempfile::tempdir().unwrap();
    // The suite checks Host and Origin by name, so it is given the name and not the number.
    let url = format!("http://localhost:{}/__conformance/mcp", room.service.port());
    let (code, text) = run(
        &script("@modelcontextprotocol/conformance", "conformance"),
        &["server", "--url", &url, "--requirements", revision, "-o", out.path().to_str().unwrap()],
    )
    .await;
    let failed: Vec<&str> = text.lines().filter(|line| line.contains('✗') || line.contains("FAIL")).collect();
    assert_eq!(code, Some(0), "{} lines:\n{}\n{}", failed.len(), failed.join("\n"), tail(&text, 60));
    assert!(text.contains("passed") || text.contains('✓'), "it ran something: {}", tail(&text, 20));
    room.close().await;
}

#[tokio::test]
async fn the_inspector_reads_our_tools_strictly() {
    let room = Room::open().await;
    let key = room.service.create_key("inspector", &["agent"], None).await.unwrap();
    for era in ["modern", "legacy"] {
        let (code, text) = run(
            &script("@modelcontextprotocol/inspector", "mcp-inspector"),
            &[
                "--cli",
                &room.service.mcp_url(),
                "--transport",
                "http",
                "--protocol-era",
                era,
                "--method",
                "tools/list",
                "--strict",
                "--format",
                "json",
                "--header",
                &format!("Authorization: Bearer {key}"),
            ],
        )
        .await;
        assert_eq!(code, Some(0), "{era}: {}", tail(&text, 40));
        assert!(text.contains("browser_navigate"), "{era}: {}", tail(&text, 10));
    }
    room.close().await;
}

#[tokio::test]
async fn the_tools_are_listed_alike_to_every_client_with_honest_annotations() {
    let room = Room::open().await;
    let key = room.service.create_key("lister", &["agent"], None).await.unwrap();
    let mut lists = Vec::new();
    for mode in ["auto", "legacy"] {
        let mut agent = Agent::connect(&room.service.mcp_url(), &key, mode).await;
        lists.push(agent.tools().await);
        agent.close().await;
    }
    assert_eq!(lists[0], lists[1], "both eras are offered the same");
    let names: Vec<&str> = lists[0].iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for wanted in [
        "browser_navigate",
        "browser_navigate_back",
        "browser_snapshot",
        "browser_click",
        "browser_type",
        "browser_press_key",
        "browser_hover",
        "browser_drag",
        "browser_drop",
        "browser_select_option",
        "browser_fill_form",
        "browser_wait_for",
        "browser_take_screenshot",
        "browser_tabs",
        "browser_evaluate",
        "browser_console_messages",
        "browser_network_requests",
        "browser_network_request",
        "browser_emulate_media",
        "browser_handle_dialog",
        "browser_file_upload",
        "browser_resize",
        "browser_close",
        "browser_find",
        "browser_read",
        "session_open",
        "session_list",
        "session_close",
        "browser_live_view",
        "browser_request_human",
    ] {
        assert!(names.contains(&wanted), "{wanted} is missing from {names:?}");
    }
    let bytes = serde_json::to_string(&lists[0]).unwrap().len();
    println!("tools/list: {} tools, {bytes} bytes", names.len());
    assert!(bytes <= TOOLS_BYTES_MAX, "tools/list has {bytes} bytes: every agent pays for each of them");
    for tool in &lists[0] {
        let hints = &tool["annotations"];
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(hints[hint].is_boolean(), "{}: {hint}", tool["name"]);
        }
        assert_eq!(tool["inputSchema"]["type"], "object");
    }
    room.close().await;
}

#[tokio::test]
async fn the_settings_are_told_without_what_is_the_operators() {
    let room = Room::with(|options| options.config("[session]\ntabs_max = 7\n")).await;
    let agent = room.agent_with("agent", "config,pdf").await;
    let told = agent.ok("browser_get_config", serde_json::json!({ "max_tokens": 900 })).await;
    let told: Value = serde_json::from_str(&crate::room::section(&told.text, "Result")).unwrap();
    assert_eq!(told["session"]["tabs_max"], 7, "{told}");
    assert_eq!(told["caps"], serde_json::json!(["core", "pdf", "config"]), "{told}");
    assert_eq!((told["max_tokens"].as_u64(), told["policy"].as_str()), (Some(900), Some("careful")), "{told}");
    let text = told.to_string();
    assert!(!text.contains('/') && !text.contains("127.0.0.1"), "no path and no address: {text}");
    room.close().await;
}

/// The program a package offers under this name.
fn script(package: &str, name: &str) -> PathBuf {
    let manifest = node::file(&format!("{package}/package.json")).unwrap();
    let read: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    let bin = read["bin"][name].as_str().or_else(|| read["bin"].as_str()).unwrap();
    manifest.parent().unwrap().join(bin)
}

async fn run(script: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let child = Command::new(node::node().unwrap())
        .arg(script)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = tokio::time::timeout(SUITE_WITHIN, child.wait_with_output()).await.expect("it ends in time").unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

//! The page script, case by case: each page of `tests/page_script` reads as the YAML beside it.

use std::collections::BTreeSet;
use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::response::Html;
use helmwatch_tests::service::Options;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::room::Room;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/page_script");

#[tokio::test]
async fn every_page_reads_as_its_yaml_says() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let page = async |request: Request| {
            let name = Path::new(request.uri().path()).file_name().map(|name| Path::new(CASES).join(name));
            Html(name.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default())
        };
        axum::serve(listener, Router::new().fallback(page)).await.unwrap();
    });
    let room = Room::with(|options: Options| options.and_allow(&address.to_string())).await;
    let agent = room.agent().await;
    let mut names: Vec<_> = std::fs::read_dir(CASES)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".html")?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() > 50, "the cases are where they belong: {names:?}");
    let mut wrong = Vec::new();
    for name in &names {
        // Each in a tab of its own: the numbers of its refs begin anew there.
        let url = format!("http://{address}/{name}.html");
        agent.ok("browser_tabs", json!({ "action": "new", "url": url, "snapshot": "none" })).await;
        let answer = agent.ok("browser_snapshot", json!({ "max_tokens": 100_000 })).await;
        let read = answer
            .text
            .split_once("```yaml\n")
            .and_then(|(_, rest)| rest.split_once("\n```"))
            .map_or("", |(yaml, _)| yaml);
        let wanted = std::fs::read_to_string(Path::new(CASES).join(format!("{name}.yaml"))).unwrap();
        if read.trim_end() != wanted.trim_end() {
            wrong.push(format!("{name}: wanted\n{wanted}\nread\n{read}"));
        }
        for role in roles(read) {
            // One that is there is found by its role, also where the browser is asked for it by tag.
            let target = format!("role={role}[include-hidden] >> nth=0");
            let found =
                agent.call("browser_evaluate", json!({ "target": target, "function": "one => one.tagName" })).await;
            if found.is_error {
                wrong.push(format!("{name}: role={role}: {}", found.text));
            }
        }
        agent.ok("browser_tabs", json!({ "action": "close" })).await;
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), names.len(), wrong.join("\n---\n"));
    room.close().await;
}

/// The roles of the lines that have a ref, each once.
fn roles(yaml: &str) -> BTreeSet<&str> {
    let lines = yaml.lines().filter(|line| line.contains("[ref=") && !line.contains("[aria-hidden]"));
    let words =
        lines.filter_map(|line| line.trim_start().trim_start_matches(['-', ' ', '\'']).split([' ', ':']).next());
    words.filter(|word| !matches!(*word, "generic" | "iframe")).collect()
}

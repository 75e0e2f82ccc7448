//! File choosers and what is given to them, told by the page and by what the site received.

use std::path::Path;

use helmwatch_tests::mcp::ToolAnswer;
use helmwatch_tests::service::Options;
use serde_json::json;

use crate::room::{Hand, Room, SOON, section};

const CHOOSER: &str = "- [File chooser]: can be handled by browser_file_upload";

/// A room whose people are not asked about uploads, unless the test is about that.
async fn open_room(change: impl FnOnce(Options) -> Options) -> Room {
    Room::with(|options| change(options.policy("open"))).await
}

/// Opens the chooser behind a control of `/upload`.
async fn choose(agent: &Hand, words: &[&str]) -> ToolAnswer {
    let pressed = agent.click(words).await;
    assert_eq!(section(&pressed.text, "Modal state"), CHOOSER, "{}", pressed.text);
    pressed
}

async fn out(agent: &Hand) -> String {
    agent.evaluate("() => document.getElementById('out').textContent").await
}

/// Puts a file into the agent's session, as a client without our disk does.
async fn put(room: &Room, name: &str, text: &str) {
    let admin = room.service.admin_key().to_owned();
    let (_, sessions) = room.service.api("GET", "/v1/sessions", Some(&admin), None).await.unwrap();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{id}/files?name={name}");
    let (status, made) = room.service.upload(&path, &admin, "text/plain", text.into()).await.unwrap();
    assert_eq!(status, 201, "{made}");
}

async fn received(room: &Room, body: &str) {
    let arrived = helmwatch_tests::wait::until("the upload", SOON, async || {
        room.site.seen("POST", "/received").iter().any(|seen| seen.body == body).then_some(())
    });
    if arrived.await.is_err() {
        panic!("no {body:?} in {:?}", room.site.seen("POST", "/received"));
    }
}

#[tokio::test]
async fn files_of_the_session_reach_the_site_through_every_kind_of_chooser() {
    let room = open_room(|options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/upload")).await;
    put(&room, "one.txt", "first file").await;
    put(&room, "two.txt", "second file").await;
    choose(&agent, &["button", "One file"]).await;
    let given = agent.ok("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    assert!(given.text.contains(r#"await fileChooser.setFiles(["one.txt"])"#), "{}", given.text);
    received(&room, "one.txt=first file").await;
    choose(&agent, &["button", "Several files"]).await;
    agent.ok("browser_file_upload", json!({ "paths": ["one.txt", "two.txt"] })).await;
    received(&room, "one.txt=first file\ntwo.txt=second file").await;
    // The input is on no page, and nothing of the page's refers to it any more.
    choose(&agent, &["button", "Attach"]).await;
    agent.ok("browser_file_upload", json!({ "paths": ["two.txt"] })).await;
    received(&room, "two.txt=second file").await;
    assert_eq!(out(&agent).await, "\"made two.txt=second file\"");
    room.close().await;
}

#[tokio::test]
async fn an_open_chooser_is_answered_or_cancelled_before_the_page_is_gone_on_with() {
    let room = open_room(|options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/upload")).await;
    put(&room, "one.txt", "x").await;
    for (tool, arguments) in [("browser_file_upload", json!({})), ("browser_handle_dialog", json!({ "accept": true }))]
    {
        let refused = agent.refused(tool, arguments).await;
        let phrase = format!("Error: The tool \"{tool}\" can only be used when there is related modal state present.");
        assert!(refused.starts_with(&phrase), "{refused}");
    }
    choose(&agent, &["button", "One file"]).await;
    for (tool, arguments) in [
        ("browser_snapshot", json!({})),
        ("browser_evaluate", json!({ "function": "() => 1" })),
        ("browser_take_screenshot", json!({})),
        ("browser_press_key", json!({ "key": "a" })),
    ] {
        let answer = agent.call(tool, arguments).await;
        assert!(answer.is_error, "{tool}: {}", answer.text);
        let phrase = format!("Error: Tool \"{tool}\" does not handle the modal state.");
        assert!(section(&answer.text, "Error").starts_with(&phrase), "{}", answer.text);
        assert_eq!(section(&answer.text, "Modal state"), CHOOSER, "{}", answer.text);
    }
    agent.ok("browser_tabs", json!({ "action": "list" })).await;
    // One that takes a single file says so and stays open.
    let refused = agent.refused("browser_file_upload", json!({ "paths": ["one.txt", "one.txt"] })).await;
    assert!(refused.contains("single file"), "{refused}");
    let refused = agent.refused("browser_file_upload", json!({ "paths": ["nothing.txt"] })).await;
    assert!(refused.contains("nothing.txt"), "{refused}");
    let cancelled = agent.ok("browser_file_upload", json!({})).await;
    assert!(cancelled.text.contains("await fileChooser.setFiles(undefined)"), "{}", cancelled.text);
    assert_eq!(out(&agent).await, "\"one cancelled\"");
    choose(&agent, &["button", "Folder"]).await;
    let refused = agent.refused("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    assert!(refused.contains("whole folder"), "{refused}");
    // Whoever leaves the page leaves its chooser.
    let gone = agent.ok("browser_navigate", json!({ "url": room.site.url("/form") })).await;
    assert!(!gone.text.contains("### Modal state"), "{}", gone.text);
    assert_eq!(room.site.count("POST", "/received"), 0);
    room.close().await;
}

#[tokio::test]
async fn a_chooser_and_a_dialog_at_a_time_are_answered_one_after_the_other() {
    let room = open_room(|options| options).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/upload")).await;
    put(&room, "one.txt", "both").await;
    let pressed = agent.click(&["button", "Two at once"]).await;
    let state = section(&pressed.text, "Modal state");
    let dialog = "- [\"alert\" dialog with message \"Mind both\"]: can be handled by browser_handle_dialog";
    assert_eq!(state, format!("{dialog}\n{CHOOSER}"));
    let refused = agent.refused("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    assert!(refused.starts_with("Error: Tool \"browser_file_upload\" does not handle the modal state."), "{refused}");
    let answered = agent.ok("browser_handle_dialog", json!({ "accept": true })).await;
    assert_eq!(section(&answered.text, "Modal state"), CHOOSER);
    agent.ok("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    received(&room, "one.txt=both").await;
    room.close().await;
}

#[tokio::test]
async fn choosers_open_in_frames_of_other_processes_and_in_popups_too() {
    let room = open_room(|options| options.config("[browser]\nargs = [\"--site-per-process\"]\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    put(&room, "one.txt", "through a frame").await;
    let other = format!("http://{}/upload", room.site.other_address());
    let frame = format!(
        "() => {{ document.body.innerHTML = '<iframe src=\"{other}\" width=600 height=300></iframe>'; return new Promise(done => {{ document.querySelector('iframe').onload = () => done(1); }}); }}"
    );
    agent.evaluate(&frame).await;
    choose(&agent, &["button", "Attach"]).await;
    agent.ok("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    received(&room, "one.txt=through a frame").await;
    let popup = format!("() => {{ window.open('{}'); return 1; }}", room.site.url("/upload"));
    agent.evaluate(&popup).await;
    agent.ok("browser_tabs", json!({ "action": "select", "index": 1 })).await;
    choose(&agent, &["button", "One file"]).await;
    agent.ok("browser_file_upload", json!({ "paths": ["one.txt"] })).await;
    let twice = helmwatch_tests::wait::until("the second upload", SOON, async || {
        (room.site.count("POST", "/received") == 2).then_some(())
    });
    twice.await.unwrap();
    assert_eq!(out(&agent).await, "\"one one.txt=through a frame\"");
    room.close().await;
}

#[tokio::test]
async fn paths_are_read_below_allowed_roots_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("shared");
    std::fs::create_dir(&root).unwrap();
    // Of a name no other test has: copies lie where those of all services lie.
    let report = format!("report-{}.txt", std::process::id());
    std::fs::write(root.join(&report), "from disk").unwrap();
    let secret = folder.path().join("secret.txt");
    std::fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, root.join("link.txt")).unwrap();
    // Only its owner may read there, and Chromium runs as somebody else.
    std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let room = open_room(|options| options.config(&format!("[files]\nroots = [\"{}\"]\n", root.display()))).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/upload")).await;
    choose(&agent, &["button", "One file"]).await;
    for outside in [secret.to_str().unwrap(), "../secret.txt", "link.txt", "/etc/passwd"] {
        let refused = agent.refused("browser_file_upload", json!({ "paths": [outside] })).await;
        let phrase = format!(
            "Error: File access denied: {outside} is outside allowed roots. Allowed roots: {}\n",
            root.display()
        );
        assert!(refused.starts_with(&phrase), "{refused}");
    }
    agent.ok("browser_file_upload", json!({ "paths": [root.join(&report)] })).await;
    received(&room, &format!("{report}=from disk")).await;
    agent.goto(&room.site.url("/upload?again")).await;
    choose(&agent, &["button", "One file"]).await;
    agent.ok("browser_file_upload", json!({ "paths": [report] })).await;
    let twice = helmwatch_tests::wait::until("the second upload", SOON, async || {
        (room.site.count("POST", "/received") == 2).then_some(())
    });
    twice.await.unwrap();
    let files = copies(&report);
    assert_eq!(files.len(), 1, "one copy, and it is used again: {files:?}");
    agent.ok("browser_close", json!({})).await;
    let gone =
        helmwatch_tests::wait::until("the end of the copy", SOON, async || copies(&report).is_empty().then_some(()));
    gone.await.unwrap();
    room.close().await;
}

/// Copies of a file that the service made for Chromium.
fn copies(name: &str) -> Vec<String> {
    fn below(folder: &Path, name: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, name, found);
            } else if path.ends_with(name) {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    below(&std::env::temp_dir(), name, &mut found);
    // The file itself is below the folder of temporary files too.
    found.retain(|path| path.contains("/lent/"));
    found
}

#[tokio::test]
async fn by_the_usual_policy_a_person_is_asked_before_a_file_leaves() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/upload")).await;
    put(&room, "one.txt", "with a yes").await;
    choose(&agent, &["button", "One file"]).await;
    let upload = agent.call("browser_file_upload", json!({ "paths": ["one.txt"] }));
    let decide = async {
        let card = room.held().await;
        assert_eq!(room.site.count("POST", "/received"), 0, "nothing has left");
        let approval = serde_json::to_string(&card).unwrap();
        assert!(approval.contains("Upload a file to") && approval.contains("one.txt"), "{approval}");
        let (status, body) = room.decide(room.service.admin_key(), card["id"].as_str().unwrap(), "approve").await;
        assert_eq!(status, 200, "{body}");
    };
    let (answer, ()) = tokio::join!(upload, decide);
    assert!(!answer.is_error, "{}", answer.text);
    received(&room, "one.txt=with a yes").await;
    // Cancelling hands over nothing.
    choose(&agent, &["button", "One file"]).await;
    agent.ok("browser_file_upload", json!({ "paths": [] })).await;
    room.close().await;
}

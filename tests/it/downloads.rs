//! Downloads: files of the session, with a name that is ours and a link; bounded; and what is told beside a call, once.

use serde_json::json;

use crate::room::{Hand, Room, SOON, section};

/// The policy that asks nothing: these tests are about what follows.
async fn room(config: &str) -> Room {
    Room::with(|options| options.policy("open").config(config)).await
}

/// Calls until the news has these words: a download may end behind the answer of the call that began it.
async fn told(agent: &Hand, words: &str) -> String {
    let told = helmwatch_tests::wait::until("the news", SOON, async || {
        let events = section(&agent.ok("browser_snapshot", json!({})).await.text, "Events");
        events.contains(words).then_some(events)
    });
    told.await.unwrap()
}

#[tokio::test]
async fn an_address_that_is_a_download_becomes_a_file_with_a_link() {
    let room = room("").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let went = agent.ok("browser_navigate", json!({ "url": room.site.url("/download/report.pdf?count=5000") })).await;
    assert!(section(&went.text, "Page").contains("/form"), "the page stays: {}", went.text);
    let events = section(&went.text, "Events");
    let lines: Vec<_> = events.lines().collect();
    assert_eq!(lines[0], "- Downloading file report.pdf ...");
    assert!(lines[1].starts_with("- Downloaded file report.pdf to \"report.pdf\" http"), "{events}");
    let (status, headers, body) = room.service.fetch(lines[1].rsplit(' ').next().unwrap(), None).await.unwrap();
    assert_eq!((status, headers["content-type"].as_str(), body), (200, "application/pdf", vec![7; 5000]));
    assert!(!agent.ok("browser_snapshot", json!({})).await.text.contains("### Events"), "told once");
    // The second of a name gets a number; a name of the page's never leaves the folder.
    let again = agent.ok("browser_navigate", json!({ "url": room.site.url("/download/report.pdf") })).await;
    assert!(again.text.contains("to \"report-2.pdf\" http"), "{}", again.text);
    let evil = "/download/x?count=3&named=..%2F..%2Fetc%2F.%23%23%23%20evil.sh";
    let evil = agent.ok("browser_navigate", json!({ "url": room.site.url(evil) })).await;
    let events = section(&evil.text, "Events");
    assert_eq!(events.lines().count(), 2, "{}", evil.text);
    let files = format!("/v1/sessions/{}/files", id(&room, "default").await);
    let (_, list) = room.service.api("GET", &files, Some(room.service.admin_key()), None).await.unwrap();
    let names: Vec<_> = list["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| !name.contains('/') && !name.starts_with('.')), "{names:?}");
    room.close().await;
}

#[tokio::test]
async fn a_pressed_link_a_new_tab_and_a_script_download_too() {
    let room = room("").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/downloads?query=count=10")).await;
    for (role, name, file) in [
        ("link", "\"The report\"", "report.bin"),
        ("link", "The report in a tab", "report-2.bin"),
        ("button", "Make one", "made.txt"),
    ] {
        let target = agent.find(&[role, name]).await;
        let clicked = agent.ok("browser_click", json!({ "target": target })).await;
        let events = section(&clicked.text, "Events");
        let wanted = format!("to \"{file}\"");
        if !events.contains(&wanted) {
            told(&agent, &wanted).await;
        }
    }
    // The tab that was opened for one is gone again, and the page is where it was.
    let tabs = agent.ok("browser_tabs", json!({ "action": "list" })).await;
    assert_eq!(section(&tabs.text, "Result").lines().count(), 1, "{}", tabs.text);
    let read = agent.ok("browser_evaluate", json!({ "function": "() => location.pathname" })).await;
    assert_eq!(section(&read.text, "Result"), "\"/downloads\"");
    room.close().await;
}

/// F16: hundreds at once, with names that would lead elsewhere: as many files as a session may have, named by us.
#[tokio::test]
async fn downloads_without_number_end_at_the_files_a_session_may_have() {
    let room = room("[files]\nfiles_max = 5\n").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let bomb = "() => { for (let n = 0; n < 200; n++) { const link = document.createElement('a'); link.download = '../../tmp/x' + n; link.href = URL.createObjectURL(new Blob(['x'])); document.body.append(link); link.click(); } return 1 }";
    agent.ok("browser_evaluate", json!({ "function": bomb })).await;
    let session = id(&room, "default").await;
    let list = async || {
        let files = format!("/v1/sessions/{session}/files");
        let (_, list) = room.service.api("GET", &files, Some(room.service.admin_key()), None).await.unwrap();
        let names = list["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let quiet = helmwatch_tests::wait::until("the last download's end", 2 * SOON, async || {
        (list().await.len() == 5 && inbox(&session) == Some(Vec::new())).then_some(())
    });
    let quiet = quiet.await;
    let names = list().await;
    quiet.unwrap_or_else(|fault| panic!("{fault} {names:?} {:?}", inbox(&session)));
    assert!(names.len() <= 5 && names.iter().all(|name| !name.contains('/') && !name.starts_with('.')), "{names:?}");
    assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    room.close().await;
}

/// F16: by the bytes one file may have.
#[tokio::test]
async fn what_is_too_large_or_never_ends_is_cancelled_and_leaves_nothing() {
    let room = room("[files]\nfile_bytes_max = 1000000\n").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    for url in ["/download/big.bin?count=2000000", "/download/endless.bin?endless=true"] {
        let went = agent.ok("browser_navigate", json!({ "url": room.site.url(url) })).await;
        let mut events = section(&went.text, "Events");
        if !events.contains("was not downloaded") {
            events = told(&agent, "was not downloaded").await;
        }
        assert!(events.contains("it has more than the 1000000 bytes a file may have"), "{events}");
    }
    assert_eq!(inbox(&id(&room, "default").await), Some(Vec::new()));
    // It goes on.
    let went = agent.ok("browser_navigate", json!({ "url": room.site.url("/download/small.bin?count=9") })).await;
    assert!(went.text.contains("to \"small.bin\""), "{}", went.text);
    room.close().await;
}

/// F16: nothing stays in a temporary folder.
#[tokio::test]
async fn a_session_that_ends_in_the_middle_leaves_nothing_and_another_goes_on() {
    let room = room("").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    agent.ok("session_open", json!({ "name": "side" })).await;
    let endless = json!({ "url": room.site.url("/download/endless.bin?stalled=true"), "session": "side" });
    let went = agent.ok("browser_navigate", endless).await;
    assert!(went.text.contains("- Downloading file endless.bin ..."), "{}", went.text);
    let side = id(&room, "side").await;
    assert_ne!(inbox(&side), Some(Vec::new()), "it is under way");
    agent.ok("session_close", json!({ "session": "side" })).await;
    assert_eq!(inbox(&side), None);
    // The switch for events is one for all: whoever else has this browser still hears of its own.
    let went = agent.ok("browser_navigate", json!({ "url": room.site.url("/download/a.bin?count=9") })).await;
    assert!(went.text.contains("- Downloaded file a.bin to \"a.bin\""), "{}", went.text);
    room.close().await;
}

/// F16: where they are not wanted at all.
#[tokio::test]
async fn with_downloads_off_nothing_is_taken_and_it_is_said() {
    let room = room("[files]\ndownloads = false\n").await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/downloads?query=count=10")).await;
    let said = agent.refused("browser_navigate", json!({ "url": room.site.url("/download/a.bin?count=9") })).await;
    assert!(said.contains("downloads are off"), "{said}");
    agent.click(&["link", "\"The report\""]).await;
    let files = format!("/v1/sessions/{}/files", id(&room, "default").await);
    let (_, list) = room.service.api("GET", &files, Some(room.service.admin_key()), None).await.unwrap();
    assert_eq!(list["files"].as_array().map(Vec::len), Some(0), "{list}");
    room.close().await;
}

#[tokio::test]
async fn new_console_entries_are_counted_once_and_errors_shown() {
    let room = room("").await;
    let agent = room.agent().await;
    let went = agent.ok("browser_navigate", json!({ "url": room.site.url("/console") })).await;
    assert_eq!(
        section(&went.text, "Events"),
        "- New console entries: 3\n  [WARNING] a warning line\n  [ERROR] an error line"
    );
    let ran = agent.ok("browser_evaluate", json!({ "function": "() => console.log('more')" })).await;
    assert_eq!(section(&ran.text, "Events"), "- New console entries: 1");
    assert!(!agent.ok("browser_snapshot", json!({})).await.text.contains("### Events"), "told once");
    let kept = agent.ok("browser_console_messages", json!({ "filename": "console.log" })).await;
    assert!(section(&kept.text, "Result").starts_with("- [Console](console.log) http"), "{}", kept.text);
    let url = section(&kept.text, "Result").rsplit(' ').next().unwrap().to_owned();
    let (_, _, body) = room.service.fetch(&url, None).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains("[ERROR] an error line"));
    // Of earlier pages only where all are asked for.
    agent.goto(&room.site.url("/form")).await;
    let now = agent.ok("browser_console_messages", json!({})).await;
    assert!(!now.text.contains("an error line"), "{}", now.text);
    let all = agent.ok("browser_console_messages", json!({ "all": true })).await;
    assert!(all.text.contains("an error line"), "{}", all.text);
    let read = agent.ok("browser_evaluate", json!({ "function": "() => ({ a: 1 })", "filename": "value.json" })).await;
    assert!(section(&read.text, "Result").starts_with("- [Evaluation result](value.json) http"), "{}", read.text);
    let tree = agent.ok("browser_snapshot", json!({ "filename": "page.yml" })).await;
    assert!(section(&tree.text, "Result").starts_with("- [Snapshot](page.yml) http"), "{}", tree.text);
    room.close().await;
}

/// The id of the open session of this name.
async fn id(room: &Room, name: &str) -> String {
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    let sessions = list["sessions"].as_array().unwrap();
    let found = sessions.iter().find(|session| session["name"] == name).unwrap_or_else(|| panic!("{name} in {list}"));
    found["id"].as_str().unwrap().to_owned()
}

/// What lies in the folder the browser downloads into for this session; `None` when the session has no folder any more.
fn inbox(id: &str) -> Option<Vec<String>> {
    let base = std::env::temp_dir().join(format!("helmwatch-{}", nix::unistd::geteuid()));
    let folders = std::fs::read_dir(base).unwrap().flatten().map(|profile| profile.path().join(id));
    let inbox = folders.map(|folder| folder.join("in")).find(|inbox| inbox.exists())?;
    Some(std::fs::read_dir(inbox).unwrap().flatten().map(|file| file.path().display().to_string()).collect())
}

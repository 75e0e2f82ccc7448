//! Dragging and dropping, told by the page and by what the site received.

use helmwatch_tests::mcp::ToolAnswer;
use serde_json::json;

use crate::room::{Hand, Room, SOON, section};

async fn log(agent: &Hand) -> String {
    agent.evaluate("() => document.getElementById('log').textContent").await
}

async fn received(room: &Room, body: &str) {
    let arrived = helmwatch_tests::wait::until("what was dropped", SOON, async || {
        room.site.seen("POST", "/received").iter().any(|seen| seen.body == body).then_some(())
    });
    if arrived.await.is_err() {
        panic!("no {body:?} in {:?}", room.site.seen("POST", "/received"));
    }
}

/// Drags by the refs a snapshot shows.
async fn drag(agent: &Hand, start: &[&str], end: &[&str]) -> ToolAnswer {
    let snapshot = agent.ok("browser_snapshot", json!({})).await;
    let find =
        |words: &[&str]| snapshot.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", snapshot.text));
    agent.ok("browser_drag", json!({ "startTarget": find(start), "endTarget": find(end) })).await
}

#[tokio::test]
async fn a_drag_carries_the_pages_data_and_is_trusted() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/drag")).await;
    let dragged = drag(&agent, &["button", "Card"], &["region", "Bin"]).await;
    let code = "await page.getByRole('button', { name: 'Card' }).dragTo(page.getByRole('region', { name: 'Bin' }));";
    assert!(dragged.text.contains(code), "{}", dragged.text);
    let drop = "drop:true:text/plain=the card,application/x-card=42";
    assert_eq!(log(&agent).await, format!("\"dragstart dragenter dragover {drop} dragend:move\""));
    received(&room, "text/plain=the card\napplication/x-card=42").await;
    room.close().await;
}

#[tokio::test]
async fn what_nothing_takes_goes_back_and_the_answer_says_so() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/drag")).await;
    let dragged = drag(&agent, &["button", "Card"], &["region", "Wall"]).await;
    let said = section(&dragged.text, "Result");
    assert!(said.contains("Wall") && said.contains("did not take it"), "{}", dragged.text);
    let log = log(&agent).await;
    assert!(log.ends_with("dragend:none\"") && !log.contains("drop"), "{log}");
    // A field takes text by itself.
    drag(&agent, &["button", "Card"], &["textbox", "Note"]).await;
    assert_eq!(agent.evaluate("() => document.querySelector('textarea').value").await, "\"the card\"");
    room.close().await;
}

#[tokio::test]
async fn what_a_page_drags_by_itself_follows_the_pointer_and_no_button_stays_down() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/drag")).await;
    let dragged = drag(&agent, &["button", "Knob"], &["region", "Dock"]).await;
    assert_eq!(section(&dragged.text, "Result"), "", "{}", dragged.text);
    assert_eq!(log(&agent).await, "\"knob:docked\"");
    agent
        .evaluate(
            "() => { addEventListener('mousemove', (e) => { document.title = `held ${e.buttons}`; }); return 1; }",
        )
        .await;
    let target = agent.find(&["region", "Bin"]).await;
    agent.ok("browser_hover", json!({ "target": target })).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"held 0\"");
    // The end is not there: nothing is begun.
    let card = agent.find(&["button", "Card"]).await;
    agent.refused("browser_drag", json!({ "startTarget": card, "endTarget": "#nowhere" })).await;
    assert_eq!(log(&agent).await, "\"knob:docked\"");
    room.close().await;
}

#[tokio::test]
async fn a_drag_goes_into_a_frame_of_another_process_within_it_and_out_of_it() {
    let room = Room::isolated().await;
    let agent = room.agent().await;
    for deep in [0, 1] {
        agent.goto(&room.site.url(&format!("/framed?inner=/drag&deep={deep}"))).await;
        drag(&agent, &["button", "Card"], &["region", "\"Bin"]).await;
        received(&room, "text/plain=the card\napplication/x-card=42").await;
    }
    agent.goto(&room.site.url("/framed?inner=/drag")).await;
    drag(&agent, &["button", "Outer card"], &["region", "\"Bin"]).await;
    received(&room, "text/plain=from outside").await;
    drag(&agent, &["button", "\"Card"], &["region", "Outer bin"]).await;
    assert_eq!(agent.evaluate("() => document.getElementById('bin').textContent").await, "\"the card\"");
    room.close().await;
}

#[tokio::test]
async fn files_and_data_are_dropped_from_outside_as_by_a_person() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/drag")).await;
    let admin = room.service.admin_key().to_owned();
    let (_, sessions) = room.service.api("GET", "/v1/sessions", Some(&admin), None).await.unwrap();
    let id = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    for (name, text) in [("a.txt", "AAA"), ("b.txt", "BBB")] {
        let path = format!("/v1/sessions/{id}/files?name={name}");
        room.service.upload(&path, &admin, "text/plain", text.into()).await.unwrap();
    }
    let bin = agent.find(&["region", "Bin"]).await;
    let dropped = agent.ok("browser_drop", json!({ "target": bin, "paths": ["a.txt", "b.txt"] })).await;
    assert!(dropped.text.contains("  files: ['a.txt', 'b.txt']"), "{}", dropped.text);
    received(&room, "a.txt=AAA\nb.txt=BBB").await;
    let data = json!({ "text/plain": "hi", "text/html": "<b>hi</b>" });
    agent.ok("browser_drop", json!({ "target": bin, "data": data })).await;
    received(&room, "text/plain=hi\ntext/html=<b>hi</b>").await;
    agent.ok("browser_drop", json!({ "target": bin, "paths": ["a.txt"], "data": { "text/plain": "both" } })).await;
    received(&room, "text/plain=both\na.txt=AAA").await;
    assert!(!log(&agent).await.contains("drop:false"), "all of it is trusted");
    let wall = agent.find(&["region", "Wall"]).await;
    let refused = agent.refused("browser_drop", json!({ "target": wall, "paths": ["a.txt"] })).await;
    assert!(refused.contains("Wall") && refused.contains("does not take what was dropped"), "{refused}");
    assert_eq!(agent.evaluate("() => location.pathname").await, "\"/drag\"", "the page was not left for the file");
    let refused = agent.refused("browser_drop", json!({ "target": bin })).await;
    assert!(refused.starts_with("Error: At least one of \"paths\" or \"data\" must be provided."), "{refused}");
    let refused = agent.refused("browser_drop", json!({ "target": bin, "paths": ["/etc/passwd"] })).await;
    assert!(refused.starts_with("Error: File access denied: /etc/passwd is outside allowed roots."), "{refused}");
    // A file input takes files by itself, and a frame of another process as any other page.
    agent.goto(&room.site.url("/framed?inner=/upload")).await;
    let input = agent.find(&["button", "One file"]).await;
    agent.ok("browser_drop", json!({ "target": input, "paths": ["b.txt"] })).await;
    received(&room, "b.txt=BBB").await;
    room.close().await;
}

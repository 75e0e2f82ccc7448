//! Pages that mean harm: a typed error or a marked, bounded answer in time, and the session goes on.

use std::time::Duration;

use helmwatch_tests::mcp::{Era, McpClient};
use serde_json::{Value, json};

use crate::room::{Hand, Room, section};

/// Longest answer to one call: the service's deadlines one after the other, 30 s for a page to come, 5 s for its pictures,
/// 15 s for its snapshot, and a few for asking whether it still lives.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Largest text of one answer: ten thousand tokens and the heads of its sections.
const ANSWER_BYTES_MAX: usize = 48_000;

/// What an agent tries on every page, whatever it is.
const LOOKS: [&str; 4] = ["browser_snapshot", "browser_evaluate", "browser_read", "browser_take_screenshot"];

/// F17: a title, an attribute and a text without end.
#[tokio::test]
async fn what_is_too_large_is_cut_or_told() {
    survive(&["title", "attribute", "text"]).await;
}

/// F17: nodes.
#[tokio::test]
async fn a_million_nodes_are_cut_or_told() {
    survive(&["nodes"]).await;
}

/// F17: depth.
#[tokio::test]
async fn a_tree_a_hundred_thousand_deep_is_cut_or_told() {
    survive(&["depth"]).await;
}

/// F5: from the first line on.
#[tokio::test]
async fn a_script_that_never_ends_while_the_page_loads_costs_its_calls() {
    survive(&["endless"]).await;
}

/// F5: in a task, and in promises.
#[tokio::test]
async fn a_script_that_never_ends_later_costs_its_calls() {
    survive(&["endless-later", "endless-promises"]).await;
}

/// F17: console and changes.
#[tokio::test]
async fn a_flood_of_words_and_changes_is_read_all_the_same() {
    survive(&["console", "changing"]).await;
}

#[tokio::test]
async fn a_page_that_is_never_the_same_place_is_read_all_the_same() {
    survive(&["reloads", "history"]).await;
}

/// F17: frames beside and in each other.
#[tokio::test]
async fn frames_without_number_are_bounded() {
    survive(&["frames", "frames-in-frames"]).await;
}

/// F6, F7, F15: dialogs in a loop, a page that asks before it is left, and popups.
#[tokio::test]
async fn what_asks_again_and_again_is_answered_or_left() {
    survive(&["alerts", "confirms", "leaving", "popups", "popups-again"]).await;
}

/// Each page in a session of its own: gone to, looked at in every way, pressed where it has a button, and left.
async fn survive(pages: &[&str]) {
    let room = Room::with(|options| options.policy("open")).await;
    let key = room.service.create_key("brave", &["agent"], None).await.unwrap();
    let mut wrong = Vec::new();
    for page in pages {
        let url = format!("{}?session={page}", room.service.mcp_url());
        let hand = Hand { client: McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap() };
        let mut calls = vec![("browser_navigate", json!({ "url": room.site.url(&format!("/hostile/{page}")) }))];
        calls.extend(LOOKS.map(|tool| (tool, json!({}))));
        calls.push(("browser_click", json!({ "target": "button >> nth=0" })));
        calls.push(("browser_snapshot", json!({})));
        for (tool, mut arguments) in calls {
            if tool == "browser_evaluate" {
                arguments["function"] = "() => document.title".into();
            }
            if let Err(why) = look(&hand, page, tool, arguments).await {
                wrong.push(format!("{page}, {tool}: {why}"));
            }
        }
        if let Err(why) = leave(&hand, &room.site.url("/form")).await {
            wrong.push(format!("{page}: the session does not go on: {why}"));
        }
        // What it opened goes with it.
        hand.client.call("session_close", json!({ "session": page })).await.unwrap();
    }
    let panics = room.service.log_lines_with("panicked");
    assert!(panics.is_empty(), "{panics:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
    room.close().await;
}

/// One call; what is wrong with its answer.
async fn look(hand: &Hand, page: &str, tool: &str, arguments: Value) -> Result<(), String> {
    let began = tokio::time::Instant::now();
    let called = tokio::time::timeout(ANSWER_WITHIN, hand.client.call(tool, arguments)).await;
    let answer = called.map_err(|_| "hangs".to_owned())?.map_err(|refused| refused.to_string())?;
    let error = section(&answer.text, "Error");
    println!("{page}, {tool}: {} ms, {} bytes {error:.200}", began.elapsed().as_millis(), answer.text.len());
    if answer.text.len() > ANSWER_BYTES_MAX {
        return Err(format!("{} bytes", answer.text.len()));
    }
    let lines = error.lines().filter(|line| !line.trim().is_empty()).count();
    if answer.is_error && lines != 2 && !error.ends_with("Try capturing new snapshot.") {
        return Err(format!("not what and what to do:\n{}", answer.text));
    }
    Ok(())
}

/// As an agent that has enough: answers what is open, and goes elsewhere; in a new tab if this one cannot any more.
async fn leave(hand: &Hand, elsewhere: &str) -> Result<(), String> {
    let mut said = String::new();
    for (tool, arguments) in [
        ("browser_navigate", json!({ "url": elsewhere, "snapshot": "none" })),
        ("browser_handle_dialog", json!({ "accept": true, "snapshot": "none" })),
        ("browser_tabs", json!({ "action": "new", "url": elsewhere, "snapshot": "none" })),
    ] {
        let called = tokio::time::timeout(ANSWER_WITHIN, hand.client.call(tool, arguments)).await;
        let answer = called.map_err(|_| format!("{tool} hangs"))?.map_err(|refused| refused.to_string())?;
        said = format!("{said}{tool}: {}\n", section(&answer.text, "Error"));
        let title = json!({ "function": "() => document.title" });
        let called = tokio::time::timeout(ANSWER_WITHIN, hand.client.call("browser_evaluate", title)).await;
        let answer = called.map_err(|_| format!("{said}evaluate hangs"))?.map_err(|refused| refused.to_string())?;
        if section(&answer.text, "Result") == "\"Form\"" {
            return Ok(());
        }
    }
    Err(said)
}

#[tokio::test]
async fn a_page_that_lies_to_every_script_is_read_and_used_as_it_is() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    let snapshot = agent.goto(&room.site.url("/hostile/lies")).await;
    for wanted in ["heading \"Honest words\"", "textbox \"Search words\"", "button \"Search\""] {
        assert!(snapshot.text.contains(wanted), "{wanted} is missing in\n{}", snapshot.text);
    }
    let read = agent.ok("browser_read", json!({})).await;
    assert!(read.text.contains("# Honest words"), "{}", read.text);
    let field = agent.find(&["textbox", "Search words"]).await;
    agent.ok("browser_type", json!({ "target": field, "text": "truth" })).await;
    agent.ok("browser_wait_for", json!({ "text": "Honest words" })).await;
    // The page has nothing of ours to find, and its world is still its own.
    assert_eq!(agent.evaluate("() => __helmwatch.snapshot()").await, "\"lies\"");
    agent.click(&["button", "Search"]).await;
    assert_eq!(room.site.seen("GET", "/search").pop().map(|seen| seen.query).as_deref(), Some("q=truth"));
    room.close().await;
}

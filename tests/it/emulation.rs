//! Media features: what a session's pages believe, also those that open later.

use serde_json::json;

use crate::room::{Room, section};

const SEEN: &str = "() => [matchMedia('(prefers-color-scheme: dark)'), matchMedia('(prefers-reduced-motion: reduce)'), \
     matchMedia('(forced-colors: active)'), matchMedia('(prefers-contrast: more)'), matchMedia('print')].map((m) => m.matches).join()";

#[tokio::test]
async fn media_features_hold_for_every_tab_until_null_takes_them_back() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    assert_eq!(agent.evaluate(SEEN).await, "\"false,false,false,false,false\"");
    let all = json!({ "colorScheme": "dark", "reducedMotion": "reduce", "forcedColors": "active", "contrast": "more", "media": "print" });
    let said = agent.ok("browser_emulate_media", all).await;
    let code = "await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce', forcedColors: 'active', contrast: 'more', media: 'print' });";
    assert!(section(&said.text, "Ran Playwright code").contains(code), "{}", said.text);
    assert_eq!(agent.evaluate(SEEN).await, "\"true,true,true,true,true\"");
    // A tab that opens later has them, and so has the next document.
    agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/form") })).await;
    assert_eq!(agent.evaluate(SEEN).await, "\"true,true,true,true,true\"");
    let said = agent
        .ok("browser_emulate_media", json!({ "colorScheme": null, "media": null, "contrast": "no-preference" }))
        .await;
    assert!(said.text.contains("{ colorScheme: null, contrast: 'no-preference', media: null }"), "{}", said.text);
    assert_eq!(agent.evaluate(SEEN).await, "\"false,true,true,false,false\"");
    agent.ok("browser_tabs", json!({ "action": "select", "index": 0 })).await;
    assert_eq!(agent.evaluate(SEEN).await, "\"false,true,true,false,false\"", "the first tab as well");
    // Another session of the same browser has none of it.
    agent.ok("session_open", json!({ "name": "side" })).await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/form"), "session": "side" })).await;
    let side = agent.ok("browser_evaluate", json!({ "function": SEEN, "session": "side" })).await;
    assert_eq!(section(&side.text, "Result"), "\"false,false,false,false,false\"");
    room.close().await;
}

#[tokio::test]
async fn a_frame_in_another_process_has_them_too() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.ok("browser_emulate_media", json!({ "colorScheme": "dark" })).await;
    let page = agent.goto(&room.site.url("/frames")).await;
    let inner = page.find_ref(&["heading", "Inner page", "[ref=f2"]).unwrap_or_else(|| panic!("{}", page.text));
    let dark = "(element) => element.ownerDocument.defaultView.matchMedia('(prefers-color-scheme: dark)').matches";
    let seen = agent.ok("browser_evaluate", json!({ "target": inner, "function": dark })).await;
    assert_eq!(section(&seen.text, "Result"), "true");
    room.close().await;
}

#[tokio::test]
async fn nothing_given_and_unknown_words_are_refused() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let said = agent.refused("browser_emulate_media", json!({})).await;
    assert!(said.starts_with("Error: Specify at least one media feature to emulate."), "{said}");
    for wrong in [json!({ "colorScheme": "blue" }), json!({ "media": 3 }), json!({ "colour": null })] {
        agent.refused("browser_emulate_media", wrong).await;
    }
    room.close().await;
}

//! The toolset `devtools`, and numbers on pictures: what is drawn is looked for in the pictures themselves.

use image::RgbImage;
use serde_json::json;

use crate::room::{Room, section};

/// A picture of an answer.
fn picture(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).unwrap().into_rgb8()
}

/// How many pixels have this colour.
fn pixels(picture: &RgbImage, colour: [u8; 3]) -> usize {
    picture.pixels().filter(|pixel| pixel.0 == colour).count()
}

#[tokio::test]
async fn numbers_on_a_picture_are_the_snapshots_refs() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let page = agent.goto(&room.site.url("/shop")).await;
    let plain = agent.ok("browser_take_screenshot", json!({})).await;
    let numbered = agent.ok("browser_take_screenshot", json!({ "annotate": true })).await;
    let legend = section(&numbered.text, "Result");
    let buy = page.find_ref(&["button", "Buy now"]).unwrap();
    let count = page.find_ref(&["spinbutton", "How many"]).unwrap();
    assert_eq!(
        legend.lines().skip(1).collect::<Vec<_>>(),
        [
            format!("- {count}: spinbutton \"How many\""),
            format!("- {buy}: button \"Buy now\""),
            format!("- {}: button \"Like\"", page.find_ref(&["button", "Like"]).unwrap()),
        ],
        "all that can be acted on, and nothing else"
    );
    let (before, after) = (picture(&plain.images[0].1), picture(&numbered.images[0].1));
    assert_eq!(before.dimensions(), after.dimensions());
    // The second frame's colour, along the edges of the button it belongs to.
    let frame = [0, 95, 190];
    assert_eq!((pixels(&before, frame), pixels(&after, frame) > 200), (0, true));
    let corner = agent
        .evaluate("() => { const box = document.querySelector('button').getBoundingClientRect(); return [box.x, box.y].map(Math.round).join() }")
        .await;
    let corner: Vec<u32> = corner.trim_matches('"').split(',').map(|side| side.parse().unwrap()).collect();
    assert_eq!(after.get_pixel(corner[0], corner[1] + 30).0, frame, "the frame is where the button is");
    let again = agent.ok("browser_take_screenshot", json!({})).await;
    assert_eq!(picture(&again.images[0].1), before, "nothing was drawn in the page");
    // As a file, of an element, of the whole page.
    let kept = agent.ok("browser_take_screenshot", json!({ "annotate": true, "filename": "n.png" })).await;
    assert!(section(&kept.text, "Result").contains(&format!("- {buy}: button \"Buy now\"")), "{}", kept.text);
    assert_eq!(picture(&room.file(&kept).await), after);
    let part = agent.ok("browser_take_screenshot", json!({ "annotate": true, "target": buy })).await;
    assert_eq!(
        section(&part.text, "Result").lines().skip(1).collect::<Vec<_>>(),
        [format!("- {buy}: button \"Buy now\"")]
    );
    // What lies under something else has no number; what lies in a frame has its frame's.
    agent.goto(&room.site.url("/covered")).await;
    let covered = agent.ok("browser_take_screenshot", json!({ "annotate": true })).await;
    assert!(!section(&covered.text, "Result").contains("Under the cover"), "{}", covered.text);
    let frames = agent.goto(&room.site.url("/frames")).await;
    let inside = frames.find_ref(&["button"]).unwrap_or_else(|| panic!("{}", frames.text));
    let numbered = agent.ok("browser_take_screenshot", json!({ "annotate": true })).await;
    assert!(section(&numbered.text, "Result").contains(&format!("- {inside}: button")), "{}", numbered.text);
    // More than anybody can tell apart: as many as that, and how many more there are.
    agent.goto(&room.site.url("/list")).await;
    let list = agent.ok("browser_take_screenshot", json!({ "annotate": true })).await;
    let legend = section(&list.text, "Result");
    let rows = legend.lines().filter(|line| line.contains(": link \"Item ")).count();
    assert!((20..60).contains(&rows), "the rows in view: {rows}");
    agent.evaluate("() => { document.body.innerHTML = '<button>x</button>'.repeat(400) }").await;
    let many = agent.ok("browser_take_screenshot", json!({ "annotate": true })).await;
    let legend = section(&many.text, "Result");
    assert_eq!(legend.lines().filter(|line| line.starts_with("- ")).count(), 150, "{legend}");
    assert!(legend.contains("250 more elements have no number here"), "{legend}");
    room.close().await;
}

#[tokio::test]
async fn a_highlight_is_seen_in_pictures_and_by_nobody_else() {
    let room = Room::open().await;
    let agent = room.agent_with("agent", "devtools").await;
    let before = agent.goto(&room.site.url("/shop")).await;
    let buy = before.find_ref(&["button", "Buy now"]).unwrap();
    let style = json!({ "target": buy, "element": "Buy now", "style": "outline: 6px solid rgb(0, 255, 0)" });
    let drawn = agent.ok("browser_highlight", style).await;
    assert_eq!(section(&drawn.text, "Result"), "Highlighted getByRole('button', { name: 'Buy now' })");
    let seen = async || picture(&agent.ok("browser_take_screenshot", json!({})).await.images[0].1);
    let green = pixels(&seen().await, [0, 255, 0]);
    assert!(green > 1_000, "{green} green pixels around the button");
    let after = agent.ok("browser_snapshot", json!({})).await;
    assert_eq!(section(&after.text, "Snapshot"), section(&before.text, "Snapshot"));
    // It stays with its element, and takes no click.
    agent.evaluate("() => { document.querySelector('h1').style.marginTop = '150px' }").await;
    let row = async || {
        let now = seen().await;
        now.enumerate_pixels().find(|(.., pixel)| pixel.0 == [0, 255, 0]).map(|(_, y, _)| y).unwrap()
    };
    let top = agent.evaluate("() => Math.round(document.querySelector('button').getBoundingClientRect().top)").await;
    let outline = row().await;
    assert!(outline.abs_diff(top.parse().unwrap()) <= 8, "outline at {outline}, button at {top}");
    agent.click(&["button", "Like"]).await;
    assert_eq!(agent.evaluate("() => document.title").await, "\"Shop (liked)\"");
    let hidden = agent.ok("browser_hide_highlight", json!({ "target": buy })).await;
    assert_eq!(section(&hidden.text, "Result"), "Hid highlight for getByRole('button', { name: 'Buy now' })");
    assert_eq!(pixels(&seen().await, [0, 255, 0]), 0);
    agent.ok("browser_highlight", json!({ "target": buy })).await;
    agent.ok("browser_highlight", json!({ "target": "h1" })).await;
    let hidden = agent.ok("browser_hide_highlight", json!({})).await;
    assert_eq!(section(&hidden.text, "Result"), "Hid page highlight");
    assert_eq!(agent.evaluate("() => document.documentElement.children.length").await, "2", "head and body");
    for wrong in [
        json!({ "target": buy, "style": "background: url(http://127.0.0.1:1/seen)" }),
        json!({ "target": "e999" }),
        json!({}),
    ] {
        let answer = agent.client.call("browser_highlight", wrong.clone()).await;
        assert!(answer.map_or(true, |answer| answer.is_error), "{wrong}");
    }
    room.close().await;
}

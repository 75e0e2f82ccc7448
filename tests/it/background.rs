//! Pictures of tabs that nobody sees, and of those that paint nothing by themselves (FAULTS F18).

use helmwatch_tests::relay::Relay;
use serde_json::json;

use crate::room::{Hand, Room};

const RED: [u8; 3] = [200, 0, 0];
const BLUE: [u8; 3] = [0, 0, 200];

/// A page of one colour, that then stands still.
async fn paint(agent: &Hand, [red, green, blue]: [u8; 3]) {
    agent.evaluate(&format!("() => {{ document.body.innerHTML = ''; document.documentElement.style.background = 'rgb({red},{green},{blue})'; }}")).await;
}

async fn shows(agent: &Hand, colour: [u8; 3], what: &str) {
    let answer = agent.ok("browser_take_screenshot", json!({})).await;
    let picture = image::load_from_memory(&answer.images[0].1).unwrap().into_rgb8();
    let pixel = picture.get_pixel(picture.width() / 2, picture.height() / 2).0;
    assert!(pixel.iter().zip(colour).all(|(is, wanted)| is.abs_diff(wanted) < 30), "{what}: {pixel:?}");
}

/// F18: in both builds, whichever tab Chromium has in front.
#[tokio::test]
async fn a_tab_in_the_background_is_pictured_as_it_is_and_used() {
    for flavor in ["headless_shell", "full"] {
        let config = format!("[browser]\nflavor = \"{flavor}\"\n");
        let room = Room::with(|options| options.policy("open").config(&config)).await;
        let agent = room.agent().await;
        agent.goto(&room.site.url("/form")).await;
        paint(&agent, RED).await;
        // One that we open, and one that the page opens: it comes to the front.
        agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/list") })).await;
        paint(&agent, BLUE).await;
        agent.evaluate("() => { open('/list'); return 1 }").await;
        for (tab, colour) in [(0, RED), (1, BLUE), (0, RED), (1, BLUE)] {
            agent.ok("browser_tabs", json!({ "action": "select", "index": tab, "snapshot": "none" })).await;
            let what = format!("{flavor}, tab {tab}");
            shows(&agent, colour, &what).await;
            // It is awake: it paints, and is pressed.
            let script = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.visibilityState))))";
            assert_eq!(agent.evaluate(script).await, "\"visible\"", "{what}");
        }
        agent.evaluate("() => { document.body.innerHTML = '<button onclick=\"this.textContent = 1\">Press</button>'; return 1 }").await;
        agent.click(&["button", "Press"]).await;
        agent.find(&["button", "1"]).await;
        room.close().await;
    }
}

/// F18: a picture that is not painted is made to be, once; the cast that does it is stopped again.
#[tokio::test]
async fn a_picture_that_is_not_painted_is_made_to_be_and_asked_for_once_more() {
    let relay = Relay::start("Page.captureScreenshot").await.unwrap();
    let config = format!("[browser]\nconnect = \"{}\"\n", relay.url());
    let room = Room::with(|options| options.policy("open").config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    paint(&agent, RED).await;
    relay.lose_next(1);
    shows(&agent, RED, "the second time").await;
    let sent = |word| relay.commands_with(word).len();
    assert_eq!((sent("Page.captureScreenshot"), sent("Page.startScreencast"), sent("Page.stopScreencast")), (2, 1, 1));

    // One that is never painted is an error in its time, and not the session's end.
    relay.lose(true);
    let told = agent.refused("browser_take_screenshot", json!({})).await;
    assert!(told.contains("screenshot"), "{told}");
    relay.lose(false);
    shows(&agent, RED, "afterwards").await;
    assert_eq!((sent("Page.captureScreenshot"), sent("Page.startScreencast"), sent("Page.stopScreencast")), (5, 2, 2));
    room.close().await;
    relay.stop().await.unwrap();
}

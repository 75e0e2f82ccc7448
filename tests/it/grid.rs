//! All sessions at a glance: who needs a person comes first, only what is on the screen is looked at, and it stays readable with
//! many sessions, on a small screen, in both themes and by keyboard. Pictures for people are kept.

use helmwatch_protocol::{LiveEvent, ViewerMessage};
use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::viewer::Viewer;
use helmwatch_tests::wait::until;
use serde_json::json;

use crate::room::{Hand, Room, SOON};
use crate::story::{keep, sign_in};

/// Pages that look like something, so that the grid does.
const PAGES: [&str; 8] = ["/list", "/form", "/grid", "/shop", "/login", "/controls", "/card", "/animation"];
/// Sessions as agents name them.
const NAMES: [&str; 6] = ["research", "prices", "invoices", "sign-up", "checkout", "support"];

async fn open(room: &Room, agent: &Hand, from: usize, to: usize) {
    for number in from..to {
        let session = format!("{}-{number}", NAMES[number % NAMES.len()]);
        agent.ok("session_open", json!({ "name": session })).await;
        let url = room.site.url(PAGES[number % PAGES.len()]);
        agent.ok("browser_navigate", json!({ "url": url, "session": session, "snapshot": "none" })).await;
    }
}

async fn screen(viewer: &Page, width: u32, height: u32, theme: &str) {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    viewer.call("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
    let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
    viewer.call("Emulation.setEmulatedMedia", media).await.unwrap();
}

/// All tiles on the screen have their pictures.
const DRAWN: &str = "(() => { const seen = [...document.querySelectorAll('[data-testid=session-tile]')].filter(one => {
    const box = one.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; });
  return seen.length > 0 && seen.every(one => one.querySelector('canvas.drawn') || !one.querySelector('canvas')) && seen.length; })()";

/// Nothing sticks out sideways.
const FITS: &str = "document.documentElement.scrollWidth <= innerWidth";

async fn shots(viewer: &Page, name: &str) {
    for theme in ["light", "dark"] {
        for (width, height) in [(1440, 900), (400, 860)] {
            screen(viewer, width, height, theme).await;
            viewer.when(DRAWN).await.unwrap();
            assert_eq!(viewer.evaluate(FITS).await.unwrap(), json!(true), "{name} at {width}");
            // A tile's picture fades in; what people look at later is not half of it.
            viewer.when("document.getAnimations().every(one => one.playState !== 'running')").await.unwrap();
            keep(&format!("grid-{name}-{theme}-{width}.png"), &viewer.picture("png").await.unwrap());
        }
    }
    screen(viewer, 1440, 900, "light").await;
}

#[tokio::test]
async fn one_twelve_and_sixty_sessions_are_seen_at_a_glance() {
    let room = Room::with(|options| {
        options.config("[pool]\nmax_sessions = 64\n[mcp]\nhold_ms_max = 200\n[browser]\nviewport_width = 1280\n")
    })
    .await;
    let agent = room.agent().await;
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    screen(&viewer, 1440, 900, "light").await;
    sign_in(&viewer, &room.service.base(), room.service.admin_key()).await;
    viewer.when("document.body.innerText.includes('No session')").await.unwrap_or_default();
    keep("grid-0-light-1440.png", &viewer.picture("png").await.unwrap());

    open(&room, &agent, 0, 1).await;
    viewer.when("document.querySelectorAll('[data-testid=session-tile]').length === 1").await.unwrap();
    shots(&viewer, "1").await;

    open(&room, &agent, 1, 12).await;
    // One waits for a yes, one asked a person, one is driven by a person.
    let shop = "checkout-4";
    agent.ok("browser_navigate", json!({ "url": room.site.url("/shop"), "session": shop, "snapshot": "none" })).await;
    let snapshot = agent.ok("browser_snapshot", json!({ "session": shop })).await;
    let button = snapshot.find_ref(&["button", "Buy now"]).unwrap();
    agent.call("browser_click", json!({ "target": button, "element": "Buy now", "session": shop })).await;
    let wanted = json!({ "instructions": "Type the code from the letter", "session": "sign-up-9" });
    agent.call("browser_request_human", wanted).await;
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
    let all = list["sessions"].as_array().unwrap();
    let driven = all.iter().find(|one| one["name"] == "prices-7").unwrap()["id"].as_str().unwrap();
    let path = format!("/v1/sessions/{driven}/live");
    let mut driver = Viewer::connect(&room.service.base(), &path, Some(room.service.admin_key())).await.unwrap();
    driver.send(&ViewerMessage::TakeControl).await.unwrap();
    driver.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();

    let tiles = "[...document.querySelectorAll('[data-testid=session-tile]')]";
    viewer
        .when(&format!("{tiles}.length === 12 && {tiles}.filter(one => one.matches('.tile-needs')).length === 2"))
        .await
        .unwrap();
    let first = viewer.evaluate(&format!("{tiles}.slice(0, 3).map(one => one.innerText)")).await.unwrap();
    let (one, two, three) = (first[0].as_str().unwrap(), first[1].as_str().unwrap(), first[2].as_str().unwrap());
    // Said in words, not by colour alone.
    assert!(one.contains(shop) && one.contains("1 step to decide"), "{one}");
    assert!(two.contains("sign-up-9") && two.contains("Asks for a person"), "{two}");
    assert!(three.contains("prices-7") && three.contains("A person drives"), "{three}");
    shots(&viewer, "12").await;

    open(&room, &agent, 12, 60).await;
    viewer.when(&format!("{tiles}.length === 60")).await.unwrap();
    shots(&viewer, "60").await;
    // What is far below is not looked at, and costs nothing.
    viewer.when(DRAWN).await.unwrap();
    let mut looked = 0;
    let wanted = until("the tiles on the screen to be looked at", SOON, async || {
        let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
        looked = list["sessions"].as_array().unwrap().iter().filter(|one| one["viewers"] != 0).count();
        (8..=28).contains(&looked).then_some(())
    });
    wanted.await.unwrap_or_else(|fault| panic!("{fault}: {looked} of 60 sessions are looked at"));
    viewer.evaluate("scrollTo(0, document.body.scrollHeight)").await.unwrap();
    viewer.when(&format!("scrollY > 0 && {DRAWN}")).await.unwrap();

    // By keyboard: the first tile is reached with Tab and opened with Enter.
    viewer.evaluate("(scrollTo(0, 0), document.getElementById('main').focus())").await.unwrap();
    let focused = "document.activeElement?.matches('[data-testid=session-tile]')";
    for _ in 0..10 {
        if viewer.evaluate(focused).await.unwrap() == json!(true) {
            break;
        }
        for kind in ["rawKeyDown", "keyUp"] {
            let tab = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
            viewer.call("Input.dispatchKeyEvent", tab).await.unwrap();
        }
    }
    viewer.when(&format!("{focused} && document.activeElement.innerText.includes('{shop}')")).await.unwrap();
    viewer.enter().await.unwrap();
    viewer.when("document.querySelector('[data-testid=session-picture]') !== null").await.unwrap();

    drop(driver);
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}

//! A person whose connection is lost: the viewer says so, finds back by itself, and shows what is true then. What waits is decided by
//! keyboard alone.

use std::sync::Arc;

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::keys::only_session;
use crate::room::Room;
use crate::story::{keep, sign_in};

/// Keys a person needs at most to get anywhere on a page of the viewer.
const TABS_MAX: usize = 40;

/// A wire to the service that can be cut.
struct Wire {
    url: String,
    whole: watch::Sender<bool>,
    _carrying: JoinSet<()>,
}

impl Wire {
    async fn lay(listener: TcpListener, to: String) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let whole = watch::Sender::new(true);
        let cut = Arc::new(whole.subscribe());
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut whole = (*cut).clone();
                if !*whole.borrow() {
                    continue;
                }
                let to = to.clone();
                open.spawn(async move {
                    let mut far = TcpStream::connect(&to).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = whole.wait_for(|whole| !whole) => {}
                    }
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self { url, whole, _carrying: carrying }
    }
}

async fn press(viewer: &Page, key: &str, code: i64) {
    for kind in ["rawKeyDown", "keyUp"] {
        let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
        viewer.call("Input.dispatchKeyEvent", event).await.unwrap();
    }
}

/// Goes there with Tab.
async fn reach(viewer: &Page, test_id: &str) {
    let there = format!("document.activeElement?.dataset.testid === '{test_id}'");
    for _ in 0..TABS_MAX {
        if viewer.evaluate(&there).await.unwrap() == json!(true) {
            return;
        }
        press(viewer, "Tab", 9).await;
    }
    let at = viewer.evaluate("document.activeElement?.outerHTML.slice(0, 200)").await.unwrap();
    panic!("no way to {test_id} with {TABS_MAX} times Tab; the last was {at}");
}

/// The session's page shows a picture of the page with this title.
fn shows(title: &str) -> String {
    format!(
        "document.querySelector('canvas.drawn[data-testid=session-picture]')?.getAttribute('aria-label') === 'Live picture of {title}'"
    )
}

#[tokio::test]
async fn whoever_loses_the_connection_is_told_and_sees_the_truth_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let room = Room::open().await;
    let to = room.service.base().trim_start_matches("http://").to_owned();
    let wire = Wire::lay(listener, to).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let session = only_session(&room).await;
    let ada = room.service.create_key("Ada", &["view", "approve"], None).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    sign_in(&viewer, &wire.url, &ada).await;
    viewer.evaluate(&format!("location.hash = '#/s/{session}', null")).await.unwrap();
    viewer.when(&shows("Form")).await.unwrap();

    wire.whole.send_replace(false);
    viewer.when("document.querySelector('[data-testid=connection-lost]') !== null").await.unwrap();
    for scheme in ["light", "dark"] {
        viewer.looks(1440, scheme).await.unwrap();
        keep(&format!("lost-{scheme}-1440.png"), &viewer.picture("png").await.unwrap());
    }
    viewer.looks(1440, "light").await.unwrap();
    // The world goes on meanwhile.
    agent.goto(&room.site.url("/shop")).await;
    let arguments = json!({ "target": agent.find(&["button", "Buy now"]).await, "element": "Buy now" });
    let person = async {
        room.held().await;
        wire.whole.send_replace(true);
        viewer.when("document.querySelector('[data-testid=connection-lost]') === null").await.unwrap();
        viewer.when(&shows("Shop")).await.unwrap();
        viewer.when("document.querySelector('[data-testid=inbox-count]').innerText === '1'").await.unwrap();
        viewer.when("document.querySelector('[data-testid=approve]:not([disabled])') !== null").await.unwrap();
        viewer.evaluate("document.getElementById('main').focus(), null").await.unwrap();
        reach(&viewer, "approve").await;
        viewer.enter().await.unwrap();
    };
    let (answer, ()) = tokio::join!(agent.call("browser_click", arguments), person);
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(agent.evaluate("() => location.pathname").await, "\"/bought\"");
    viewer.when("document.querySelector('[data-testid=inbox-count]')?.innerText !== '1'").await.unwrap();
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
    room.close().await;
}

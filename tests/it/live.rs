//! What a person on watch is sent.

use helmwatch_protocol::{CallState, LiveEvent, ViewerMessage};
use helmwatch_tests::viewer::{Live, Viewer, now_us};
use serde_json::json;

use crate::keys::only_session;
use crate::room::Room;

async fn look(room: &Room, key: &str) -> Viewer {
    let path = format!("/v1/sessions/{}/live", only_session(room).await);
    Viewer::connect(&room.service.base(), &path, Some(key)).await.unwrap()
}

#[tokio::test]
async fn the_first_message_is_everything_and_calls_come_as_they_happen() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let key = room.service.create_key("viewer", &["view"], None).await.unwrap();
    let mut viewer = look(&room, &key).await;
    let Some(Live::Event(first)) = viewer.next().await.unwrap() else { panic!("the first message is no event") };
    let LiveEvent::State { session, calls, you_control, .. } = *first else { panic!("{first:?}") };
    assert!(session.url.ends_with("/form") && !you_control);
    assert!(calls.iter().any(|call| call.tool == "browser_navigate" && call.state == CallState::Done), "{calls:?}");
    agent.click(&["button", "Greet"]).await;
    let done = |event: &LiveEvent| matches!(event, LiveEvent::Call { call } if call.tool == "browser_click" && call.state == CallState::Done);
    viewer.event(done).await.unwrap();
    agent.ok("session_close", json!({ "session": "default" })).await;
    viewer.event(|event| matches!(event, LiveEvent::Closed { .. })).await.unwrap();
    room.close().await;
}

#[tokio::test]
async fn a_page_that_never_stops_painting_comes_as_fresh_numbered_pictures() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    let mut viewer = look(&room, room.service.admin_key()).await;
    let mut last = None;
    for _ in 0..20 {
        let (header, picture) = viewer.frame().await.unwrap();
        assert!(picture.starts_with(&[0xff, 0xd8]), "a JPEG");
        assert_eq!((header.width, header.height), (1280, 720), "CSS pixels of the page");
        assert!(last.is_none_or(|last| header.sequence > last), "numbers count up");
        assert!(now_us().saturating_sub(header.captured_at_us) < 5_000_000, "a picture of now");
        last = Some(header.sequence);
    }
    room.close().await;
}

#[tokio::test]
async fn a_quiet_page_is_shown_at_once() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let mut viewer = look(&room, room.service.admin_key()).await;
    let (_, picture) = viewer.frame().await.unwrap();
    assert!(image::load_from_memory(&picture).is_ok());
    room.close().await;
}

#[tokio::test]
async fn a_slow_small_view_gets_few_pictures_and_the_last_one_of_a_burst() {
    const BURST: &str = "() => new Promise(done => {
        const end = performance.now() + 2000;
        const draw = now => {
            document.body.style.background = now < end ? `hsl(${now % 360} 90% 50%)` : 'rgb(0, 128, 0)';
            if (now < end) requestAnimationFrame(draw); else done();
        };
        requestAnimationFrame(draw);
    })";
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    // Asked for in the address: the very first picture is small already.
    let path = format!("/v1/sessions/{}/live?fps=2&width=320", only_session(&room).await);
    let mut viewer = Viewer::connect(&room.service.base(), &path, Some(room.service.admin_key())).await.unwrap();
    let corner = |picture: &[u8]| {
        let picture = image::load_from_memory(picture).unwrap().into_rgb8();
        assert_eq!(picture.width(), 320);
        picture.get_pixel(310, 170).0
    };
    corner(&viewer.frame().await.unwrap().1);
    let (_, last) = tokio::join!(agent.evaluate(BURST), async {
        let mut pictures = 0;
        loop {
            let (header, picture) = viewer.frame().await.unwrap();
            pictures += 1;
            let [red, green, blue] = corner(&picture);
            if red < 30 && (100..160).contains(&green) && blue < 30 {
                break (pictures, header.sequence);
            }
        }
    });
    // Two seconds at two a second, the ones Chromium has open when a burst begins, and the last.
    assert!(last.0 <= 12 && last.1 <= 24, "{last:?}: pictures sent, and pictures made");
    room.close().await;
}

#[tokio::test]
async fn a_viewer_that_acknowledges_nothing_slows_neither_agent_nor_another_viewer() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    let mut silent = look(&room, room.service.admin_key()).await;
    let mut awake = look(&room, room.service.admin_key()).await;
    for _ in 0..30 {
        awake.frame().await.unwrap();
    }
    agent.ok("browser_evaluate", json!({ "function": "() => 1" })).await;
    // The silent one got the agreed number and no more: its socket holds a few frames, not thirty.
    let mut frames = 0;
    while let Ok(Ok(Some(message))) = tokio::time::timeout(std::time::Duration::from_millis(300), silent.next()).await {
        frames += u32::from(matches!(message, Live::Frame(..)));
    }
    assert!((1..=8).contains(&frames), "{frames} frames in flight to a viewer that acknowledged none");
    room.close().await;
}

#[tokio::test]
async fn who_may_only_look_cannot_take_the_wheel_and_who_may_can() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let looker = room.service.create_key("looker", &["view"], None).await.unwrap();
    let mut viewer = look(&room, &looker).await;
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Refused { .. })).await.unwrap();
    let driver = room.service.create_key("driver", &["view", "control"], None).await.unwrap();
    let mut viewer = look(&room, &driver).await;
    viewer.send(&ViewerMessage::TakeControl).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await.unwrap();
    viewer.send(&ViewerMessage::HandBack).await.unwrap();
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: false, .. })).await.unwrap();
    assert_eq!(agent.evaluate("() => 1 + 1").await, "2");
    room.close().await;
}

#[tokio::test]
async fn a_live_socket_without_the_scope_is_refused() {
    let room = Room::open().await;
    let key = room.service.create_key("agent", &["agent"], None).await.unwrap();
    let agent = room.hand(&key).await;
    agent.goto(&room.site.url("/form")).await;
    let path = format!("/v1/sessions/{}/live", only_session(&room).await);
    assert!(Viewer::connect(&room.service.base(), &path, None).await.is_err(), "no key");
    assert!(Viewer::connect(&room.service.base(), &path, Some(&key)).await.is_err(), "an agent's key");
    room.close().await;
}

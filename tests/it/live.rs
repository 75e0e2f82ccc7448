//! What a person on watch is sent.

use helmwatch_protocol::{CallState, FrameHeader, LiveEvent, ViewerMessage};
use helmwatch_tests::relay::Relay;
use helmwatch_tests::viewer::{Live, Viewer, now_us};
use serde_json::json;

use crate::keys::only_session;
use crate::room::Room;
use crate::viewers::metric;

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

/// The session's picture as one viewer asks for it.
async fn look_as(room: &Room, fps: u8, width: u32) -> Viewer {
    let path = format!("/v1/sessions/{}/live?fps={fps}&width={width}", only_session(room).await);
    Viewer::connect(&room.service.base(), &path, Some(room.service.admin_key())).await.unwrap()
}

fn width(picture: &[u8]) -> u32 {
    image::load_from_memory(picture).unwrap().width()
}

/// The first frame that is as wanted.
async fn frame_with(viewer: &mut Viewer, wanted: impl Fn(&FrameHeader, &[u8]) -> bool) -> FrameHeader {
    loop {
        let (header, picture) = viewer.frame().await.unwrap();
        if wanted(&header, &picture) {
            return header;
        }
    }
}

/// Is the page painted in this colour, near its lower right corner?
fn painted(picture: &[u8], [red, green, blue]: [u8; 3]) -> bool {
    let picture = image::load_from_memory(picture).unwrap().into_rgb8();
    let pixel = picture.get_pixel(picture.width() - 10, picture.height() - 10).0;
    pixel.iter().zip([red, green, blue]).all(|(is, wanted)| is.abs_diff(wanted) < 30)
}

const GREEN: [u8; 3] = [0, 128, 0];
const RED: [u8; 3] = [200, 0, 0];

fn paint([red, green, blue]: [u8; 3]) -> String {
    format!(
        "() => {{ document.documentElement.style.background = 'rgb({red}, {green}, {blue})'; document.body.style.background = 'transparent'; }}"
    )
}

#[tokio::test]
async fn size_and_rate_change_while_connected_on_a_page_that_stands_still_too() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let mut viewer = look_as(&room, 2, 320).await;
    assert_eq!(width(&viewer.frame().await.unwrap().1), 320);
    viewer.send(&ViewerMessage::Quality { fps: 60, width: 1_920 }).await.unwrap();
    frame_with(&mut viewer, |_, picture| width(picture) == 1_280).await;
    viewer.send(&ViewerMessage::Quality { fps: 5, width: 640 }).await.unwrap();
    frame_with(&mut viewer, |_, picture| width(picture) == 640).await;
    agent.evaluate(&paint(GREEN)).await;
    frame_with(&mut viewer, |_, picture| width(picture) == 640 && painted(picture, GREEN)).await;
    room.close().await;
}

#[tokio::test]
async fn all_viewers_of_a_size_share_one_scaled_picture_and_thumbnails_alone_need_none() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let scaled = "helmwatch_live_pictures_scaled_total";
    let mut thumbnail = look_as(&room, 2, 320).await;
    assert_eq!(width(&thumbnail.frame().await.unwrap().1), 320);
    assert_eq!(metric(&room, scaled).await, 0, "Chromium made it small");
    drop(thumbnail);
    let mut large = look_as(&room, 60, 1_920).await;
    let shown = frame_with(&mut large, |_, picture| width(picture) == 1_280).await;
    let mut pictures = Vec::new();
    for _ in 0..3 {
        let mut small = look_as(&room, 2, 320).await;
        let (header, picture) = small.frame().await.unwrap();
        assert_eq!((header.sequence, width(&picture)), (shown.sequence, 320));
        pictures.push(picture);
    }
    assert!(pictures.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(metric(&room, scaled).await, 1, "once for all three");
    room.close().await;
}

/// F19: another renderer takes the place of the first.
#[tokio::test]
async fn the_picture_goes_on_through_navigations_and_other_renderers() {
    // Every site has its own process: the second address is another renderer.
    let room = Room::isolated().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let (mut large, mut small) = (look_as(&room, 60, 1_920).await, look_as(&room, 5, 320).await);
    let other = format!("http://{}", room.site.other_address());
    for (address, colour) in
        [(room.site.url("/list"), GREEN), (format!("{other}/form"), RED), (room.site.url("/form"), GREEN)]
    {
        agent.ok("browser_navigate", json!({ "url": address })).await;
        agent.evaluate(&paint(colour)).await;
        for viewer in [&mut large, &mut small] {
            frame_with(viewer, |_, picture| painted(picture, colour)).await;
        }
    }
    room.close().await;
}

#[tokio::test]
async fn a_viewer_follows_the_agent_to_another_tab_and_looks_back_when_asked() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    agent.evaluate(&paint(GREEN)).await;
    let mut viewer = look_as(&room, 60, 1_920).await;
    let first = frame_with(&mut viewer, |_, picture| painted(picture, GREEN)).await.page;
    agent.ok("browser_tabs", json!({ "action": "new", "url": room.site.url("/form") })).await;
    agent.evaluate(&paint(RED)).await;
    let second = frame_with(&mut viewer, |_, picture| painted(picture, RED)).await.page;
    assert_ne!(first, second);
    viewer.send(&ViewerMessage::Watch { page: Some(first) }).await.unwrap();
    frame_with(&mut viewer, |header, picture| header.page == first && painted(picture, GREEN)).await;
    viewer.send(&ViewerMessage::Watch { page: None }).await.unwrap();
    frame_with(&mut viewer, |header, picture| header.page == second && painted(picture, RED)).await;
    room.close().await;
}

/// F19: acknowledgements that are lost on the way.
#[tokio::test]
async fn a_picture_that_fell_silent_is_started_anew() {
    let relay = Relay::start("Page.screencastFrameAck").await.unwrap();
    let config = format!("[browser]\nconnect = \"{}\"\n", relay.url());
    let room = Room::with(|options| options.config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let mut viewer = look_as(&room, 60, 1_920).await;
    viewer.frame().await.unwrap();
    relay.lose(true);
    // It changes in what can be seen, for as long as anybody looks.
    agent.evaluate("() => { let n = 0; setInterval(() => { document.querySelector('h1, body').append(String(n++ % 10)); }, 20); }").await;
    let revived = "helmwatch_live_casts_revived_total";
    loop {
        viewer.frame().await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
        if metric(&room, revived).await > 0 {
            break;
        }
    }
    // A picture that comes now was made after the start anew.
    viewer.frame().await.unwrap();
    room.close().await;
    relay.stop().await.unwrap();
}

/// F22: as many frames as agreed, and no more.
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

//! Viewers that mean harm, or whose network does: none of them costs the agent or another viewer anything.

use helmwatch_protocol::{LiveEvent, ViewerMessage};
use helmwatch_tests::viewer::{Live, Viewer};
use helmwatch_tests::wait::until;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::keys::only_session;
use crate::room::{Hand, Room, SOON};

/// A page that paints all the time, looked at under a short patience.
async fn impatient() -> (Room, Hand, String) {
    let room = Room::with(|options| options.config("[live]\nviewer_stall_ms = 1500\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    let path = format!("/v1/sessions/{}/live", only_session(&room).await);
    (room, agent, path)
}

async fn open(room: &Room, path: &str) -> Viewer {
    Viewer::connect(&room.service.base(), path, Some(room.service.admin_key())).await.unwrap()
}

/// A number of the metrics.
pub async fn metric(room: &Room, line: &str) -> u64 {
    let text = room.service.bytes("/metrics", Some(room.service.admin_key())).await.unwrap();
    let text = String::from_utf8_lossy(&text);
    let value = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' ')?.parse::<f64>().ok());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters are whole")]
    value.map_or(0, |value| value as u64)
}

async fn all_gone(room: &Room, reason: &str, count: u64) {
    let closed = format!("helmwatch_live_viewers_closed_total{{reason=\"{reason}\"}}");
    let gone = until("the viewers to be closed", SOON, async || {
        let (_, list) = room.service.api("GET", "/v1/sessions", Some(room.service.admin_key()), None).await.unwrap();
        (list["sessions"][0]["viewers"] == 0 && metric(room, &closed).await >= count).then_some(())
    });
    gone.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
}

/// The handshake by hand, with a receive buffer that holds next to nothing.
async fn narrow(room: &Room, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    by_hand(socket, room, path).await
}

/// A text message as a client has to send it; masked with zeros. The first byte says final and text.
fn masked(message: &serde_json::Value) -> Vec<u8> {
    let text = message.to_string();
    let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

async fn by_hand(socket: TcpSocket, room: &Room, path: &str) -> TcpStream {
    let mut stream = socket.connect(format!("127.0.0.1:{}", room.service.port()).parse().unwrap()).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        room.service.admin_key()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// F22: fifty of them. What the agent and the service pay for them is a figure of the bench `live`.
#[tokio::test]
async fn one_that_never_reads_is_closed_and_the_agent_goes_on() {
    let (room, agent, path) = impatient().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(open(&room, &path).await);
    }
    all_gone(&room, "stalled", 50).await;
    assert_eq!(agent.evaluate("() => 1 + 1").await, "2");
    drop(silent);
    room.close().await;
}

/// F22: slowly is as good as not at all.
#[tokio::test]
async fn one_that_reads_a_byte_at_a_time_is_closed() {
    let (room, _agent, path) = impatient().await;
    let mut stream = narrow(&room, &path).await;
    let reading = async {
        let mut each = tokio::time::interval(std::time::Duration::from_millis(50));
        while stream.read_u8().await.is_ok() {
            each.tick().await;
        }
    };
    tokio::select! { () = reading => panic!("the socket ended before it was closed for stalling"), () = all_gone(&room, "stalled", 1) => {} }
    room.close().await;
}

/// F22: whatever it says of itself.
#[tokio::test]
async fn one_that_acknowledges_what_it_never_read_is_closed_when_its_socket_is_full() {
    let (room, _agent, path) = impatient().await;
    let mut stream = narrow(&room, &path).await;
    // An accomplice reads, and so the liar knows the numbers.
    let mut reader = open(&room, &path).await;
    'lying: loop {
        let newest = reader.frame().await.unwrap().0.sequence;
        for seq in newest.saturating_sub(4)..=newest {
            if stream.write_all(&masked(&json!({ "type": "ack", "seq": seq }))).await.is_err() {
                break 'lying;
            }
        }
    }
    drop(reader);
    all_gone(&room, "stalled", 1).await;
    room.close().await;
}

/// F25: one that went without a word, its socket still open: it answers no ping, is gone after a few of them, and the wheel goes back.
#[tokio::test]
async fn one_that_answers_no_ping_is_gone_and_the_wheel_goes_back() {
    let room = Room::with(|options| options.policy("open").config("[live]\nping_ms = 400\n")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let path = format!("/v1/sessions/{}/live", only_session(&room).await);
    let mut other = open(&room, &path).await;
    let mut silent = by_hand(TcpSocket::new_v4().unwrap(), &room, &path).await;
    silent.write_all(&masked(&json!({ "type": "take_control" }))).await.unwrap();
    for driven in [true, false] {
        loop {
            match other.next().await.unwrap() {
                Some(Live::Event(event)) => match *event {
                    LiveEvent::Control { ref controller, .. } if controller.is_some() == driven => break,
                    _ => {}
                },
                Some(Live::Frame(header, _)) => other.send(&ViewerMessage::Ack { seq: header.sequence }).await.unwrap(),
                None => panic!("who answers pings was closed"),
            }
        }
    }
    agent.ok("browser_snapshot", json!({})).await;
    let closed = "helmwatch_live_viewers_closed_total{reason=\"stalled\"}";
    assert_eq!(metric(&room, closed).await, 1);
    drop(silent);
    room.close().await;
}

#[tokio::test]
async fn lies_about_acknowledgements_bring_no_frame() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    let path = format!("/v1/sessions/{}/live", only_session(&room).await);
    let mut viewer = open(&room, &path).await;
    let mut under_way = Vec::new();
    while under_way.len() < 2 {
        if let Some(Live::Frame(header, _)) = viewer.next().await.unwrap() {
            under_way.push(header.sequence);
        }
    }
    // Frames not sent yet, one long gone, none at all; no number, and one below zero.
    for seq in (under_way[1] + 1..under_way[1] + 50).chain([0, u64::MAX]) {
        viewer.send(&ViewerMessage::Ack { seq }).await.unwrap();
    }
    for text in [r#"{"type":"ack","seq":-1}"#, r#"{"type":"ack","seq":"1"}"#, r#"{"type":"ack"}"#, "ack", ""] {
        viewer.send_raw(Message::text(text)).await.unwrap();
        match viewer.next().await.unwrap() {
            Some(Live::Event(event)) => assert!(matches!(*event, LiveEvent::Refused { .. }), "{event:?}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    // The page painted on meanwhile, and an event passes; a frame would have passed before it.
    agent.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))").await;
    match viewer.next().await.unwrap() {
        Some(Live::Event(_)) => {}
        other => panic!("a frame for a lie: {other:?}"),
    }
    viewer.send(&ViewerMessage::Ack { seq: under_way[1] }).await.unwrap();
    viewer.frame().await.unwrap();
    // Said twice it opens no second place.
    viewer.send(&ViewerMessage::Ack { seq: under_way[1] }).await.unwrap();
    viewer.frame().await.unwrap();
    room.close().await;
}

/// F23: control frames and messages.
#[tokio::test]
async fn a_flood_is_closed_with_1008_and_harms_nobody() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/animation")).await;
    let path = format!("/v1/sessions/{}/live", only_session(&room).await);
    let mut honest = open(&room, &path).await;
    let ack = Message::text(json!({ "type": "ack", "seq": 1 }).to_string());
    let quality = Message::text(json!({ "type": "quality", "fps": 9, "width": 320 }).to_string());
    for message in [ack, quality, Message::Ping(Vec::new().into())] {
        let mut flood = open(&room, &path).await;
        for _ in 0..3_000 {
            // Closed in the middle of it, most likely.
            if flood.send_raw(message.clone()).await.is_err() {
                break;
            }
        }
        let (code, reason) = flood.goodbye().await.unwrap();
        assert_eq!((code, reason.as_str()), (1008, "too many messages at once"));
        honest.frame().await.unwrap();
    }
    let mut binary = open(&room, &path).await;
    binary.send_raw(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    assert_eq!(binary.goodbye().await.unwrap().0, 1008);
    assert_eq!(agent.evaluate("() => 1 + 1").await, "2");
    room.close().await;
}

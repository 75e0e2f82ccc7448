//! A short storm of malformed messages, and by hand those whose answer has a name. By hand it is `helmwatch-storm`, for a hundred thousand.

use helmwatch_tests::storm::sockets::{Told, frame};
use helmwatch_tests::storm::{Front, Plan, raw, run, seed, sockets};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::room::{Room, SOON};

/// F21, F39, F40, F41: thousands of each, most of them nonsense by chance.
#[tokio::test]
async fn malformed_messages_on_every_front_end_hang_and_leave_nothing() {
    let plan = Plan { messages: 300, rate: 400, seed: seed() };
    let (progress, count) = watch::channel(0);
    let tally = run(&plan, progress).await.unwrap();
    println!("seed {}: {tally}\n{:#?}", plan.seed, tally.answers);
    assert!(tally.is_clean(), "seed {}: {tally}\n{:#?}\n{:#?}", plan.seed, tally.told, tally.left);
    for front in Front::ALL {
        assert!(tally.sent[&front] >= plan.messages, "{front:?} in {tally}");
    }
    assert_eq!(*count.borrow(), tally.messages());
}

/// F40: 1002, 1007 and 1009, as RFC 6455 has them (section 7.4.1).
#[tokio::test]
async fn a_frame_that_may_not_be_is_closed_with_its_code_and_the_picture_goes_on_for_others() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let key = room.service.admin_key().to_owned();
    let (_, list) = room.service.api("GET", "/v1/sessions", Some(&key), None).await.unwrap();
    let live = format!("/v1/sessions/{}/live", list["sessions"][0]["id"].as_str().unwrap());
    let ack = br#"{"type":"ack","seq":1}"#;
    let long = vec![b'x'; 2 << 20];
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a reserved bit, as of a compressed message", frame(0xc1, ack), 1002),
        ("another reserved bit", frame(0xa1, ack), 1002),
        ("a kind of frame there is none of", frame(0x83, ack), 1002),
        ("a control frame there is none of", frame(0x8b, b""), 1002),
        ("a ping in fragments", frame(0x09, b"p"), 1002),
        ("a ping that is too long", frame(0x89, &[b'p'; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"x"), 1002),
        ("a text within a text", [frame(0x01, b"{"), frame(0x81, b"}")].concat(), 1002),
        ("a goodbye of one byte", frame(0x88, b"\x03"), 1002),
        ("no mask", vec![0x81, 0x02, b'{', b'}'], 1002),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec(), 1002),
        ("no UTF-8", frame(0x81, b"\xff\xfe"), 1007),
        ("an overlong form", frame(0x81, b"\xc0\xaf"), 1007),
        ("half a surrogate", frame(0x81, b"\xed\xa0\x80"), 1007),
        ("no UTF-8 across fragments", [frame(0x01, b"\xe2\x82"), frame(0x80, b"\x28")].concat(), 1007),
        ("2^63 bytes", vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
        ("2^64 - 1 bytes", [vec![0x81], vec![0xff; 9], vec![1, 2, 3, 4]].concat(), 1009),
        ("more than any person types", frame(0x81, &long), 1009),
        ("bytes", frame(0x82, b"x"), 1008),
    ];
    for path in [live.as_str(), "/v1/feed"] {
        for (what, bytes, code) in &cases {
            let told = timeout(SOON, sockets::exchange(room.service.port(), &key, path, bytes)).await;
            assert_eq!(told.expect("an end").unwrap(), Told::Closed(Some(*code)), "{path}: {what}");
        }
    }
    let gone = helmwatch_tests::wait::until("the viewers to be gone", SOON, async || {
        let (_, list) = room.service.api("GET", "/v1/sessions", Some(&key), None).await.unwrap();
        (list["sessions"][0]["viewers"] == 0).then_some(())
    });
    gone.await.unwrap();
    let mut viewer = helmwatch_tests::viewer::Viewer::connect(&room.service.base(), &live, Some(&key)).await.unwrap();
    assert!(matches!(viewer.next().await, Ok(Some(_))), "a good one sees as ever");
    drop(viewer);
    agent.ok("browser_snapshot", json!({})).await;
    room.close().await;
}

/// F41: 413, 431, 400, and no request smuggled behind another.
#[tokio::test]
async fn a_request_that_contradicts_itself_is_refused_and_what_it_hides_is_never_answered() {
    let room = Room::open().await;
    let head =
        |fields: &str| format!("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{fields}\r\n");
    let hidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let ended = format!("0\r\n\r\n{hidden}");
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cases = [
        ("a long address", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(300 << 10)), 431),
        ("a long field", format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(300 << 10)), 431),
        ("many fields", format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(5_000)), 431),
        ("a long body", head("Content-Length: 2097152\r\n") + &"x".repeat(2 << 20), 413),
        ("a long body in chunks", head(chunked) + &format!("10000\r\n{}\r\n", "x".repeat(1 << 16)).repeat(32), 413),
        ("a length and chunks", head(&format!("Content-Length: 4\r\n{chunked}")) + &ended, 422),
        ("chunks and a length", head(&format!("{chunked}Content-Length: 40\r\n")) + &ended, 422),
        ("two lengths", head("Content-Length: 3\r\nContent-Length: 40\r\n") + "abc" + hidden, 400),
        ("chunks that are none", head("Transfer-Encoding: xchunked\r\n") + &ended, 400),
        ("chunks, then none", head(&format!("{chunked}Transfer-Encoding: identity\r\n")) + &ended, 400),
        ("a name with a space", head("Transfer-Encoding : chunked\r\n") + &ended, 400),
        ("a value behind a tab of another kind", head("Transfer-Encoding:\u{b}chunked\r\n") + &ended, 400),
        ("chunks in HTTP/1.0", head(chunked).replace("1.1", "1.0") + &ended, 400),
        ("a length below nothing", head("Content-Length: -5\r\n") + hidden, 400),
        ("a length with a sign", head("Content-Length: +3\r\n") + "abc" + hidden, 400),
        ("a length beyond 2^64", head("Content-Length: 18446744073709551616\r\n") + hidden, 400),
        ("a folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n".to_owned(), 400),
        ("a zero byte in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: z\r\n\r\n".to_owned(), 400),
        ("a chunk beyond 2^64", head(chunked) + "fffffffffffffffff\r\nx", 400),
        ("a chunk below nothing", head(chunked) + "-1\r\nx\r\n0\r\n\r\n", 400),
        (
            "a chunk with a long extension",
            head(chunked) + &format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(40_000)),
            400,
        ),
    ];
    for (what, request, status) in cases {
        let said = timeout(SOON, raw::exchange(room.service.port(), request.as_bytes())).await;
        let said = said.unwrap_or_else(|_| panic!("{what}: hangs")).unwrap_or_else(|error| panic!("{what}: {error}"));
        let text = String::from_utf8_lossy(&said);
        assert_eq!(raw::status(&said), Some(status), "{what}: {text}");
        assert_eq!(text.matches("HTTP/1.").count(), 1, "{what}: what was hidden was answered: {text}");
    }
    room.close().await;
}

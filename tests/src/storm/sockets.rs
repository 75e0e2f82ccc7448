//! Frames that RFC 6455 does not allow, and messages no viewer sends (FAULTS F40).

use std::sync::LazyLock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::mutator::Mutator;
use super::{ANSWER_WITHIN, Aim, Answer};

/// Bytes that are read while the other side says goodbye.
const READ_BYTES_MAX: usize = 4 << 20;
/// Longest head of a handshake's answer.
const HEAD_BYTES_MAX: usize = 16 << 10;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A frame of a client: the first byte as it is given, masked as RFC 6455 wants it.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => bytes.push(0x80 | length.to_le_bytes()[0]),
        Ok(length) => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Frames that are changed, as they are on the wire.
static TEMPLATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let ack = br#"{"type":"ack","seq":1}"#;
    let mouse = br#"{"type":"mouse","kind":"move","x":1,"y":2}"#;
    let mut all = vec![
        frame(0x81, ack),
        frame(0x81, mouse),
        frame(0x81, br#"{"type":"take_control"}"#),
        frame(0x81, br#"{"type":"go","url":"javascript:alert(1)"}"#),
        frame(0x81, b"not json"),
        // Reserved bits, as a compressed message would have the first of them.
        frame(0xc1, ack),
        frame(0xa1, ack),
        frame(0x91, ack),
        // Reserved kinds of frame.
        frame(0x83, ack),
        frame(0x8b, ack),
        frame(0x8f, b""),
        // No UTF-8: broken, overlong, a surrogate, cut off between fragments.
        frame(0x81, b"\xff\xfe"),
        frame(0x81, b"\xc0\xaf"),
        frame(0x81, b"\xed\xa0\x80"),
        [frame(0x01, b"\xe2\x82"), frame(0x80, b"\x28")].concat(),
        // Fragments where there may be none, and none where there must be.
        frame(0x09, b"ping"),
        frame(0x08, b"\x03\xe8"),
        frame(0x80, b"what of"),
        [frame(0x01, b"{"), frame(0x81, b"}")].concat(),
        [frame(0x01, b"{"), frame(0x89, b"between"), frame(0x80, b"}")].concat(),
        // Control frames that are too long, goodbyes that are none.
        frame(0x89, &[b'p'; 126]),
        frame(0x88, b"\x03"),
        frame(0x88, b"\x03\xed"),
        frame(0x88, b"\x00\x00"),
        frame(0x88, b"\x03\xe8\xff"),
        frame(0x82, b"binary"),
        // Lengths: 2^63, 2^64 - 1, and longer than is taken.
        vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        vec![0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
        vec![0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
        vec![0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4],
        frame(0x81, &vec![b'x'; 2 << 20]),
        // Not masked.
        vec![0x81, 0x02, b'{', b'}'],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    all.push(frame(0x89, b"").repeat(50));
    all
});

/// One socket with one message on it, and a goodbye behind it.
pub(super) async fn one(aim: Aim, mut mutator: Mutator) -> (Answer, Mutator) {
    let bytes = match mutator.below(3) {
        0 => TEMPLATES[mutator.below(TEMPLATES.len())].clone(),
        _ => mutator.next(&TEMPLATES),
    };
    let shown = bytes[..bytes.len().min(100)].escape_ascii().to_string();
    let answer = match timeout(ANSWER_WITHIN, exchange(aim.port, &aim.key, "/v1/feed", &bytes)).await {
        Err(_) => Answer::Hung(shown),
        Ok(Err(error)) => Answer::Said(format!("{:?}", error.kind())),
        Ok(Ok(Told::Refused(status))) if status >= 500 => Answer::Blamed(format!("handshake: {status}")),
        Ok(Ok(Told::Refused(status))) => Answer::Said(format!("handshake {status}")),
        Ok(Ok(Told::Closed(Some(1011)))) => Answer::Blamed(format!("1011 for {shown}")),
        Ok(Ok(Told::Closed(code))) => Answer::Said(code.map_or_else(|| "hung up".to_owned(), |code| code.to_string())),
    };
    (answer, mutator)
}

/// How a socket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// By the status of the handshake.
    Refused(u16),
    /// By a goodbye with this code; without one.
    Closed(Option<u16>),
}

/// Opens a socket, sends these bytes and a goodbye, and reads until the other side has said its own.
///
/// # Errors
/// When the connection broke before the handshake was over.
pub async fn exchange(port: u16, key: &str, path: &str, bytes: &[u8]) -> std::io::Result<Told> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut said = Vec::new();
    let begins = loop {
        if let Some(end) = said.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        if said.len() > HEAD_BYTES_MAX || stream.read_buf(&mut said).await? == 0 {
            return Ok(Told::Closed(None));
        }
    };
    match super::raw::status(&said) {
        Some(101) => {}
        status => return Ok(Told::Refused(status.unwrap_or(0))),
    }
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        if writer.write_all(bytes).await.is_ok() {
            drop(writer.write_all(&frame(0x88, b"\x03\xe8")).await);
        }
        // A frame that says it is longer than it is has swallowed the goodbye: nothing more will come.
        drop(writer.shutdown().await);
        // The other side closes the connection (RFC 6455, section 7.1.1).
        std::future::pending::<()>().await;
    };
    let mut frames = said.split_off(begins);
    let reading = async {
        loop {
            if let Some(code) = goodbye(&frames) {
                return Told::Closed(Some(code));
            }
            match reader.read_buf(&mut frames).await {
                Ok(count) if count > 0 && frames.len() < READ_BYTES_MAX => {}
                _ => return Told::Closed(goodbye(&frames)),
            }
        }
    };
    Ok(tokio::select! { told = reading => told, () = writing => unreachable!("it never ends") })
}

/// The code of the first goodbye among whole frames of a server; 1005 for one without.
fn goodbye(mut bytes: &[u8]) -> Option<u16> {
    loop {
        let (first, length) = (*bytes.first()?, *bytes.get(1)? & 0x7f);
        let (length, at) = match length {
            126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            length => (u64::from(length), 2),
        };
        let payload = bytes.get(at..at + usize::try_from(length).ok()?)?;
        if first & 0x0f == 8 {
            return Some(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)));
        }
        bytes = &bytes[at + payload.len()..];
    }
}

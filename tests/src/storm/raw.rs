//! Bytes on a connection that are nearly HTTP (FAULTS F41): limits, lengths and chunks that contradict one another, one request
//! hidden in another.

use std::sync::LazyLock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::mutator::Mutator;
use super::{ANSWER_WITHIN, Aim, Answer};

/// Bytes of an answer that are read; the rest is let go with the connection.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Beyond the service's limit for a head, and beyond its limit for the body of a route.
const HEAD_BYTES: usize = 300 << 10;
const BODY_BYTES: usize = 2 << 20;

/// Requests that are changed; `KEY` is put in where one stands.
static TEMPLATES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    [
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
        "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"nome\":\"x\"}\n",
        "PATCH /v1/pool HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"max_sessions\":\"x\"}",
        "POST /v1/approvals/a_x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        // Lengths that contradict one another, and a second request behind or inside the first.
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/pool HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\nabcGET /v1/pool HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"\r\n\"\r\nab\r\n0\r\nX: y\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST /v1/login HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET /\r\n\r\n",
        "GET http://elsewhere.test/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n Host: a\r\n folded\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /%00/../..//etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /v1/sessions/%2e%2e/files/%ff HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
        "GET /mcp HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nCookie: helmwatch=\x01\r\nX\0Y: z\r\n\r\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
});

/// Requests that are too large in one way.
fn large(which: usize) -> Vec<u8> {
    match which {
        0 => format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(HEAD_BYTES)).into_bytes(),
        1 => format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(HEAD_BYTES)).into_bytes(),
        2 => format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(5_000)).into_bytes(),
        3 => {
            let head = format!("POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
            [head.into_bytes(), vec![b'x'; BODY_BYTES]].concat()
        }
        _ => {
            let chunk = format!("{:x}\r\n{}\r\n", 64 << 10, "x".repeat(64 << 10));
            let head = "POST /v1/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            format!("{head}{}0\r\n\r\n", chunk.repeat(BODY_BYTES / (64 << 10))).into_bytes()
        }
    }
}

/// How many of them there are.
const LARGE: usize = 5;

/// One connection with one message on it.
pub(super) async fn one(aim: Aim, mut mutator: Mutator) -> (Answer, Mutator) {
    let bytes = match mutator.below(20) {
        0 => large(mutator.below(LARGE)),
        1..5 => TEMPLATES[mutator.below(TEMPLATES.len())].clone(),
        _ => mutator.next(&TEMPLATES),
    };
    let bytes = with_key(&bytes, &aim.key);
    let answer = timeout(ANSWER_WITHIN, exchange(aim.port, &bytes)).await;
    let shown = bytes[..bytes.len().min(300)].escape_ascii().to_string();
    let answer = match answer {
        Err(_) => Answer::Hung(shown),
        Ok(Err(error)) => Answer::Said(format!("{:?}", error.kind())),
        Ok(Ok(said)) => match status(&said) {
            // What is not implemented, and a version that is not spoken, are the other side's affair.
            Some(status) if status >= 500 && !matches!(status, 501 | 505) => {
                Answer::Blamed(format!("{status} for {shown}"))
            }
            Some(status) => Answer::Said(status.to_string()),
            None if said.is_empty() => Answer::Said("hung up".to_owned()),
            None => Answer::Blamed(format!("{} for {shown}", said[..said.len().min(100)].escape_ascii())),
        },
    };
    (answer, mutator)
}

/// Sends it, says that nothing more will come, and reads what comes back to its end.
///
/// # Errors
/// When nothing came back and the connection broke.
pub async fn exchange(port: u16, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        // One that is refused in the middle is read all the same.
        if writer.write_all(bytes).await.is_ok() {
            drop(writer.shutdown().await);
        }
    };
    let reading = async {
        let mut said = Vec::new();
        while said.len() < ANSWER_BYTES_MAX {
            match reader.read_buf(&mut said).await {
                Ok(0) => break,
                Ok(_) => {}
                // Hung up on with bytes unread: what came before counts.
                Err(_) if !said.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(said)
    };
    tokio::join!(reading, writing).0
}

fn with_key(bytes: &[u8], key: &str) -> Vec<u8> {
    match bytes.windows(3).position(|part| part == b"KEY") {
        Some(at) => [&bytes[..at], key.as_bytes(), &bytes[at + 3..]].concat(),
        None => bytes.to_vec(),
    }
}

/// The status of the first answer.
#[must_use]
pub fn status(said: &[u8]) -> Option<u16> {
    let line = said.strip_prefix(b"HTTP/1.")?;
    std::str::from_utf8(line.get(2..5)?).ok()?.parse().ok()
}

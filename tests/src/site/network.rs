//! Pages and answers for what concerns the network: echoes, bodies of any size, files to download.

use std::fmt::Write as _;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Shared;

/// Asks for what it is told to and says what it got: as a service worker or a shared one.
const WORKER: &str = "const ask = (path) => fetch(path).then((a) => a.text(), (e) => 'failed: ' + e.message); \
     onmessage = async (e) => e.source.postMessage(await ask(e.data)); \
     onconnect = (e) => { const port = e.ports[0]; port.onmessage = async (m) => port.postMessage(await ask(m.data)) };";

/// Sends when it is told to, as a service worker does, and says how it went.
const SENDING_WORKER: &str = "oninstall = () => skipWaiting(); onmessage = async (e) => { \
     const sent = await fetch('/received', { method: 'POST', body: new URLSearchParams({ way: 'service worker' }) }).then(() => 'sent', () => 'blocked'); \
     e.source.postMessage(sent) };";

/// 64 KiB of `x` as a piece of a deflate stream (RFC 1951) that ends at a whole byte, made by zlib with a full flush: it may follow itself.
const DEFLATED: &[u8] = b"\xec\xc1\x01\x01\x00\x00\x00\x80\x90\xdb\xcd\xef\x08\x0a\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \x6a\0\0\0\xff\xff";
/// The head of a gzip file (RFC 1952) without a name or a time.
const GZIP_HEAD: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";

/// 1 MiB of `x` as the beginning of a brotli stream (RFC 7932), and 1 MiB more that may follow any number of times.
const BROTLI_HEAD: &[u8] = b"\xab\xff\xff\x87\x5f\x02\x2f\x1e\x0b\x04\x72\xef\x1f\x0c";
const BROTLI_MORE: &[u8] = b"\xfa\xff\x7f\xf8\x25\0\xe2\xb0\0\x40\xf7\xfe\xc1\0";
/// Pieces of a compressed page sent at once.
const PIECES: usize = 64;

/// Largest answer of `/api/bytes`.
const BYTES_MAX: usize = 32 << 20;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/network", get(|| async { Html(include_str!("../../site/network.html")) }))
        .route("/network.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], "h1 { color: green }") }))
        .route("/network-worker.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], WORKER) }))
        .route("/sending-worker.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SENDING_WORKER) }))
        .route("/endless-worker.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], "for (;;);") }))
        .route("/zeros", get(zeros))
        .route("/bomb/{coding}", get(bomb))
        .route("/growing", get(growing))
        .route("/api/echo", any(echo))
        .route("/api/bytes", get(bytes))
        .route("/api/missing", get(|| async { (StatusCode::NOT_FOUND, "nothing here") }))
        .route("/download/{name}", get(download))
        .route("/downloads", get(downloads))
}

/// A page that never ends.
async fn zeros() -> Response {
    use futures_util::StreamExt as _;
    let piece = Bytes::from(vec![b'0'; 64 << 10]);
    let body = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    ([(header::CONTENT_TYPE, "text/html")], axum::body::Body::from_stream(body.boxed())).into_response()
}

/// A page that never ends and is next to nothing on the wire: `gzip` or `br`.
async fn bomb(Path(coding): Path<String>) -> Response {
    use futures_util::StreamExt as _;
    let (head, more) = match coding.as_str() {
        "gzip" => (GZIP_HEAD, DEFLATED),
        "br" => (BROTLI_HEAD, BROTLI_MORE),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let more = Bytes::from(more.repeat(PIECES));
    let head = futures_util::stream::iter([Bytes::from_static(head)]);
    let body = head.chain(futures_util::stream::repeat_with(move || more.clone())).map(Ok::<_, std::io::Error>);
    let headers = [(header::CONTENT_TYPE, "text/html".to_owned()), (header::CONTENT_ENCODING, coding)];
    (headers, axum::body::Body::from_stream(body)).into_response()
}

/// Leads to itself by an ever longer address.
async fn growing(uri: axum::http::Uri) -> axum::response::Redirect {
    axum::response::Redirect::temporary(&format!("/growing?{}x{}", uri.query().unwrap_or_default(), "y".repeat(200)))
}

/// What it was asked, as JSON: method, headers and body.
async fn echo(method: Method, headers: HeaderMap, body: Bytes) -> axum::Json<Value> {
    let headers: Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into())).collect();
    axum::Json(json!({
        "method": method.as_str(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    }))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    count: usize,
    /// As in `image/png`.
    #[serde(default)]
    kind: String,
    /// Never end.
    #[serde(default)]
    endless: bool,
    /// Begin, and then nothing.
    #[serde(default)]
    stalled: bool,
    /// The name a header gives, when it is another than the path's.
    #[serde(default)]
    named: String,
}

/// So many bytes: letters, or zeros where the kind is no text.
async fn bytes(Query(wanted): Query<Wanted>) -> Response {
    let text = wanted.kind.is_empty() || wanted.kind.starts_with("text/");
    let kind = if wanted.kind.is_empty() { "text/plain".to_owned() } else { wanted.kind };
    let body = vec![if text { b'x' } else { 0 }; wanted.count.min(BYTES_MAX)];
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A file as an attachment, `count` bytes of sevens; endless ones go on for ever.
async fn download(Path(name): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    use futures_util::StreamExt as _;
    let name = if wanted.named.is_empty() { name } else { wanted.named };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    if wanted.endless {
        let piece = Bytes::from(vec![7; 64 << 10]);
        let body = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        return (headers, axum::body::Body::from_stream(body.boxed())).into_response();
    }
    if wanted.stalled {
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![7; 1000]))]);
        let body = begun.chain(futures_util::stream::pending());
        return (headers, axum::body::Body::from_stream(body)).into_response();
    }
    (headers, vec![7_u8; wanted.count.min(BYTES_MAX)]).into_response()
}

#[derive(Deserialize)]
struct Links {
    /// Query of the download.
    #[serde(default)]
    query: String,
}

/// A page with a link to a download, a link that opens it in a new tab, and a button that makes one itself.
async fn downloads(Query(links): Query<Links>) -> Html<String> {
    let query = links.query.replace(['"', '<', '>', '\''], "");
    let mut page = String::from("<!doctype html><html lang=en><title>Downloads</title><h1>Downloads</h1>");
    let written = write!(
        page,
        "<p><a href='/download/report.bin?{query}'>The report</a> \
         <a href='/download/report.bin?{query}' target=_blank>The report in a tab</a>\
         <button onclick=\"const link = document.createElement('a'); link.href = window.URL.createObjectURL(new Blob(['made here'])); \
         link.download = 'made.txt'; link.click()\">Make one</button>"
    );
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
    Html(page)
}

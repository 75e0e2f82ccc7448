//! The pages. Fixed ones are files in `tests/site/`; those that answer to their request are here.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::Deserialize;

use super::Shared;

/// Rows of `/list`: the figure for a large snapshot.
const LIST_ROWS: usize = 1_000;

/// Cards of `/grid`.
const GRID_CARDS: usize = 60;

/// Most paragraphs of `/nodes/{count}`.
const NODES_MAX: usize = 200_000;

/// Slowest answer of `/slow`, so that a forgotten request cannot hold the site's end for long.
const SLOW_MS_MAX: u64 = 30_000;

/// Pages that never change: path and file.
const FIXED: [(&str, &str); 30] = [
    ("/", include_str!("../../site/index.html")),
    ("/form", include_str!("../../site/form.html")),
    ("/shop", include_str!("../../site/shop.html")),
    ("/bought", include_str!("../../site/bought.html")),
    ("/login", include_str!("../../site/login.html")),
    ("/card", include_str!("../../site/card.html")),
    ("/dialogs", include_str!("../../site/dialogs.html")),
    ("/popup", include_str!("../../site/popup.html")),
    ("/inner", include_str!("../../site/inner.html")),
    ("/endless", include_str!("../../site/endless.html")),
    ("/alive", include_str!("../../site/alive.html")),
    ("/animation", include_str!("../../site/animation.html")),
    ("/moving", include_str!("../../site/moving.html")),
    ("/covered", include_str!("../../site/covered.html")),
    ("/controls", include_str!("../../site/controls.html")),
    ("/console", include_str!("../../site/console.html")),
    ("/late", include_str!("../../site/late.html")),
    ("/shadow", include_str!("../../site/shadow.html")),
    ("/account", include_str!("../../site/account.html")),
    ("/changing", include_str!("../../site/changing.html")),
    ("/shifting", include_str!("../../site/shifting.html")),
    ("/upload", include_str!("../../site/upload.html")),
    ("/inputs", include_str!("../../site/inputs.html")),
    ("/sending", include_str!("../../site/sending.html")),
    ("/drag", include_str!("../../site/drag.html")),
    ("/mouse", include_str!("../../site/mouse.html")),
    ("/wheel", include_str!("../../site/wheel.html")),
    ("/probe", include_str!("../../site/probe.html")),
    ("/embedding", include_str!("../../site/embedding.html")),
    ("/secrets", include_str!("../../site/secrets.html")),
];

pub(super) fn router() -> Router<Shared> {
    let mut router = Router::new();
    for (path, page) in FIXED {
        router = router.route(path, get(move || async move { Html(page) }));
    }
    router
        .route("/search", get(search))
        .route("/list", get(list))
        .route("/grid", get(grid))
        .route("/nodes/{count}", get(nodes))
        .route("/once/{mark}", get(once))
        .route("/frames", get(frames))
        .route("/framed", get(framed))
        .route("/buy", post(|| async { Redirect::to("/bought") }))
        .route("/login", post(|| async { Redirect::to("/") }))
        .route("/pay", post(|| async { Redirect::to("/bought") }))
        .route("/account/delete", post(|| async { Redirect::to("/") }))
        .route("/received", post(|| async { StatusCode::NO_CONTENT }))
        .route("/moved", post(|| async { Redirect::temporary("/received") }))
        .route("/slow", get(slow))
        .route("/drip", get(drip))
        .route("/never", get(std::future::pending::<StatusCode>))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/ping", get(|| async { Redirect::temporary("/pong") }))
        .route("/pong", get(|| async { Redirect::temporary("/ping") }))
        .route("/nothing", get(|| async { StatusCode::NO_CONTENT }))
        .route("/file", get(file))
        .route("/redirect", get(redirect))
        .route("/status/{code}", get(status))
        .route("/hostile/{name}", get(super::hostile::page))
        .route("/host", get(host))
        .route("/until-told", get(until_told))
        .route("/fetch-target", get(|| async { "reached" }))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    q: String,
}

async fn search(Query(words): Query<Words>) -> Html<String> {
    let mut page = String::from(
        "<!doctype html><html lang=en><title>Search</title><h1>Search</h1>\
         <form action=/search role=search><label>Search words <input type=search name=q></label>\
         <button>Search</button></form>",
    );
    if !words.q.is_empty() {
        let shown = escape(&words.q);
        let written = write!(
            page,
            "<h2>Results for {shown}</h2><ol><li><a href='/shop'>A lamp for {shown}</a><li><a href='/list'>All goods</a></ol>"
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    Html(page)
}

async fn list() -> Html<String> {
    let mut page = String::from("<!doctype html><html lang=en><title>List</title><h1>Goods</h1><ul>");
    for row in 1..=LIST_ROWS {
        let written = write!(
            page,
            "<li><a href='/item/{row}'>Item {row}</a> <span>{} in stock</span> <button type=button>Keep {row}</button>",
            row % 7
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    page.push_str("</ul>");
    Html(page)
}

/// A shop's page of cards: picture, heading, price, stars and two controls each.
async fn grid() -> Html<String> {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Grid</title><style>main { display: grid; grid-template-columns: repeat(5, 1fr); gap: 1em } \
         article { border: 1px solid silver; padding: 1em; cursor: pointer } article:hover { background: ivory }</style>\
         <header><h1>All lamps</h1><nav><a href='/'>Home</a> <a href='/shop'>One lamp</a></nav><p role=status id=saved>0 saved</p></header><main>",
    );
    for card in 1..=GRID_CARDS {
        let written = write!(
            page,
            "<article aria-labelledby=h{card}><svg width=120 height=80 role=img aria-label='Picture of lamp {card}'><circle cx=60 cy=40 r=30 fill=gold /></svg>\
             <h2 id=h{card}><a href='/item/{card}'>Lamp {card}</a></h2><p><b>{}.90 €</b> <s>{}.90 €</s></p><p aria-label='{} of 5 stars'>★★★</p>\
             <label>Colour <select><option>Brass<option>Steel<option>Black</select></label> <button type=button>Save {card}</button></article>",
            20 + card,
            30 + card,
            card % 5 + 1
        );
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    page.push_str(
        "</main><script>let saved = 0; document.querySelector('main').addEventListener('click', event => { \
         if (event.target.matches('button') && event.isTrusted) document.getElementById('saved').textContent = `${++saved} saved`; });</script>",
    );
    Html(page)
}

/// As many paragraphs, one beside the other: nothing else of the page grows.
async fn nodes(Path(count): Path<usize>) -> Html<String> {
    let mut page = String::from("<!doctype html><html lang=en><title>Nodes</title><h1>Nodes</h1>");
    for node in 1..=count.min(NODES_MAX) {
        let written = write!(page, "<p>Words {node}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    Html(page)
}

/// A form whose request names the page it was sent from, and a button that is flagged and does nothing.
async fn once(Path(mark): Path<String>) -> Html<String> {
    let mark = escape(&mark);
    Html(format!(
        "<!doctype html><html lang=en><title>Once</title><h1>Once</h1><form method=post action=/buy>\
         <input type=hidden name=item value='{mark}'><button id=buy>Buy now</button></form>\
         <button id=order type=button>Order now</button>"
    ))
}

/// One frame of the same site, one of another: the second name of the same server, so that it is cross-process.
async fn frames(State(shared): State<Shared>, headers: HeaderMap) -> Html<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let other = if host.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
    Html(format!(
        "<!doctype html><html lang=en><title>Frames</title><h1>Frames</h1>\
         <iframe title='Same site' src='/inner?who=same' width=400 height=150></iframe>\
         <iframe title='Other site' src='http://{other}:{}/inner?who=cross' width=400 height=150></iframe>",
        shared.port
    ))
}

#[derive(Deserialize)]
struct Framed {
    /// The page inside, as in `/drag`.
    inner: String,
    /// How it is shown.
    #[serde(default)]
    how: String,
    /// Frames between this page and that one.
    #[serde(default)]
    deep: u8,
}

/// A page in a frame of another site, shown plainly, below the window, smaller than it is, under an overlay, or moving.
async fn framed(State(shared): State<Shared>, headers: HeaderMap, Query(framed): Query<Framed>) -> Html<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let other = if host.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
    let inner = match framed.deep {
        0 => framed.inner.clone(),
        deep => format!("/framed?inner={}&deep={}", framed.inner, deep - 1),
    };
    let (style, before, after) = match framed.how.as_str() {
        "below" => ("", "<p style='height: 3000px'>Long</p>", "<p style='height: 3000px'>Long</p>"),
        "scaled" => {
            ("iframe { transform: scale(0.5); transform-origin: 0 0; border: 10px solid; padding: 6px }", "", "")
        }
        "covered" => (
            "#cover { position: fixed; inset: 0; background: #0008 }",
            "",
            "<div role='dialog' id='cover' aria-label='Cookies'><button onclick='this.parentNode.remove()'>Accept</button></div>",
        ),
        "moving" => (
            "iframe { position: relative; animation: go 600ms linear 1 forwards } @keyframes go { to { left: 200px } }",
            "",
            "",
        ),
        _ => ("", "", ""),
    };
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Framed</title><style>{style}</style>{before}\
         <iframe title='Inside' src='http://{other}:{}{inner}' width=760 height=460></iframe>{after}\
         <div id=card role=button draggable=true>Outer card</div><div id=bin role=region aria-label='Outer bin'>Outer bin</div>\
         <script>card.ondragstart = (e) => e.dataTransfer.setData('text/plain', 'from outside');\
         bin.ondragover = (e) => e.preventDefault();\
         bin.ondrop = (e) => {{ e.preventDefault(); bin.textContent = e.dataTransfer.getData('text/plain'); }};</script>",
        shared.port
    ))
}

#[derive(Deserialize)]
struct Slow {
    #[serde(default)]
    ms: u64,
}

/// Answers after `ms` milliseconds: the delay is the fixture.
async fn slow(Query(slow): Query<Slow>) -> Html<&'static str> {
    tokio::time::sleep(Duration::from_millis(slow.ms.min(SLOW_MS_MAX))).await;
    Html("<!doctype html><html lang=en><title>Slow</title><h1>At last</h1>")
}

/// A page whose beginning comes at once and whose end never does.
async fn drip() -> Response {
    use futures_util::StreamExt as _;
    let start = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(
        b"<!doctype html><html lang=en><title>Drip</title><h1>Begun</h1>",
    ))]);
    let body = axum::body::Body::from_stream(start.chain(futures_util::stream::pending()));
    ([(header::CONTENT_TYPE, "text/html")], body).into_response()
}

async fn file() -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"report.bin\""),
        ],
        vec![7_u8; 1024],
    )
        .into_response()
}

#[derive(Deserialize)]
struct Target {
    to: String,
}

async fn redirect(Query(target): Query<Target>) -> Redirect {
    Redirect::temporary(&target.to)
}

async fn status(Path(code): Path<u16>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Html(format!("<!doctype html><html lang=en><title>Status</title><h1>Status {code}</h1>"))).into_response()
}

/// Answers when the test says so: how a page is told, from outside, to change.
async fn until_told(State(shared): State<Shared>) -> &'static str {
    shared.told.notified().await;
    "now"
}

async fn host(headers: HeaderMap) -> String {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

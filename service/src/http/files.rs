//! The viewer's files, and the headers that keep its page to itself.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use super::Edge;
use super::refusal::Refusal;

/// Nothing but our own files runs, loads or connects; frames of live pages are drawn from blobs, never as documents. Who may
/// frame the page follows.
macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; ",
            "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors ",
            $ancestors
        )
    };
}
const POLICY: &str = policy!("'none'");

/// The one address a page of another origin may show in a frame, when its origin is allowed (`share.frame_ancestors`). What stands
/// there knows links only: a person's login, with all it may do, is never shown inside another page, where it could be clicked
/// through.
const EMBED: &str = "/embed";

const COMMON: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), payment=()",
    ),
];

/// Adds the headers every answer carries. What says nothing of caching is not kept: answers differ by who asks.
pub(super) async fn headers(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let framed = request.uri().path() == EMBED && !edge.share.frame_ancestors.is_empty();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in COMMON {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Checked when the settings were read: origins only.
    let ancestors = framed.then(|| edge.share.frame_ancestors.join(" "));
    if let Some(Ok(policy)) = ancestors.map(|origins| HeaderValue::from_str(&format!("{}{origins}", policy!("")))) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.remove(X_FRAME_OPTIONS);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Answers a file of the viewer, or that there is nothing here.
pub(super) async fn file(request: Request) -> Response {
    let path = match request.uri().path() {
        EMBED => "/",
        path => path,
    };
    let Some(file) = helmwatch_viewer::file(path) else {
        return Refusal::no_route().into_response();
    };
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let same = request.headers().get(IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == file.etag.as_bytes());
    let mut response = match same {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(file.bytes.into_owned()).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    for (name, value) in [(CONTENT_TYPE, &file.mime), (ETAG, &file.etag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

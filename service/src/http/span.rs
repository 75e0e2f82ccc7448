//! A request as traces show it: method, route, status. Never its address, which holds ids and sealed links, nor who sent it.

use http::{HeaderMap, Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::telemetry::{TRACEPARENT, TraceParent};

/// What asks whether the service lives, again and again, is no story.
const UNTOLD: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// A method as counts and traces name it. Clients may invent some, and a word of theirs must make no new row.
pub(super) fn method_word(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|word| *word == method.as_str()).unwrap_or("_OTHER")
}

/// The span of a request to this route; none where the viewer's files are asked for. Attributes are those of OpenTelemetry's
/// semantic conventions for HTTP servers.
pub(super) fn of_request(method: &'static str, route: Option<&str>, headers: &HeaderMap) -> Span {
    let Some(route) = route.filter(|route| !UNTOLD.contains(route)) else { return Span::none() };
    let span = tracing::info_span!(
        "http request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = "http",
        network.protocol.version = "1.1",
        "error.type" = Empty,
    );
    if !span.is_disabled()
        && let Some(parent) = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(TraceParent::read)
    {
        parent.adopt(&span);
    }
    span
}

/// How it was answered.
pub(super) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_str());
        span.record("otel.status_code", "ERROR");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_makes_no_new_row() {
        assert_eq!(method_word(&Method::PATCH), "PATCH");
        assert_eq!(method_word(&Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }
}

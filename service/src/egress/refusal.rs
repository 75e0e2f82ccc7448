//! The answer to a request that does not go out: a page of two lines and a field that programs can read.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Response};
use http_body_util::Full;

use super::ledger::Denial;

/// On every answer the proxy gives itself; never on one that came from a server.
pub const EGRESS_FIELD: HeaderName = HeaderName::from_static("x-helmwatch-egress");

/// The answer that says what happened and what to do.
pub fn answer(denial: &Denial) -> Response<Full<Bytes>> {
    let verdict = if denial.rule.is_policy() { "denied" } else { "failed" };
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>Not reached</title><h1>egress {verdict}: {}</h1><p>{}</p><p>{}</p>\n",
        denial.rule,
        escape(&denial.message),
        escape(&denial.hint()),
    );
    let mut response = Response::new(Full::from(page));
    *response.status_mut() = denial.rule.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    if let Ok(value) = HeaderValue::try_from(format!("{verdict}; rule={}", denial.rule)) {
        headers.insert(EGRESS_FIELD, value);
    }
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

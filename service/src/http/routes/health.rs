//! `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::auth::Scope;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};

#[derive(Serialize)]
struct Ready {
    ready: bool,
    /// One line each: what is missing.
    missing: Vec<String>,
}

/// The process answers.
pub(in crate::http) async fn healthy() -> &'static str {
    "ok\n"
}

/// The service takes work: 200, or 503 with what is missing.
pub(in crate::http) async fn ready(State(edge): State<Arc<Edge>>) -> Response {
    let missing = (edge.readiness)();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Answer(Ready { ready: missing.is_empty(), missing })).into_response()
}

/// The numbers, for Prometheus.
pub(in crate::http) async fn metrics(State(edge): State<Arc<Edge>>, asking: Asking) -> Result<Response, Refusal> {
    asking.with_any(&[Scope::Admin])?;
    // The pool writes its gauges when it is asked for its numbers.
    let _numbers = edge.pool.view();
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], edge.metrics.render()).into_response())
}

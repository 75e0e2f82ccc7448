//! `/openapi.json`.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

/// Written by hand beside the routes; a test holds the two together.
pub(in crate::http) const DOCUMENT: &str = include_str!("openapi.json");

pub(in crate::http) async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

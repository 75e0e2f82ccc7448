//! JSON bodies, read with a limit and refused in words.

use std::error::Error;
use std::io;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::refusal::Refusal;

/// A JSON body of shape `T`. An absent body reads as `{}`, so that `POST /v1/sessions` needs none.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is larger than this service takes.",
                "Send less, or raise http.body_bytes_max.",
            ),
            _ if is_malformed(&rejection) => Refusal::bad_request(
                "bad_body",
                "The body's chunks are no chunks.",
                "Send a length, or chunks as RFC 9112 has them (section 7.1).",
            ),
            _ => Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_incomplete",
                "The body did not arrive whole.",
                "Send it again without pausing.",
            ),
        })?;
        if bytes.is_empty() {
            return read(b"{}");
        }
        // Asked for also because a form of another origin can send any other kind without a preflight.
        if !kind.is_some_and(|kind| kind.starts_with(b"application/json")) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "The body is not declared as JSON.",
                "Send `Content-Type: application/json`.",
            ));
        }
        read(&bytes)
    }
}

/// Was the body itself wrong, and not only cut short?
fn is_malformed(rejection: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(rejection);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Json<T>, Refusal> {
    // As an object first: serde would also fill a struct from a list.
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes);
    object.and_then(|object| serde_json::from_value(object.into())).map(Json).map_err(|error| match error.classify() {
        Category::Data => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_shape",
            format!("The body is JSON of another shape: {error}."),
            "GET /openapi.json shows the shape.",
        ),
        _ => Refusal::bad_request("bad_json", format!("The body is no JSON: {error}."), "Correct it at that place."),
    })
}

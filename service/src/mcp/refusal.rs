//! Answers this edge gives itself, before the protocol is spoken: a status and a JSON-RPC error without an id.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full as Whole};
use serde_json::json;

use super::sessions::Full;

/// What the service answers with; the shape `rmcp` gives its answers.
pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// JSON-RPC's "invalid request": the request is refused as a whole.
const INVALID_REQUEST: i32 = -32600;

/// JSON-RPC's "parse error": the body is no JSON.
const PARSE_ERROR: i32 = -32700;

/// Longest reason repeated to a client, characters.
const REASON_CHARS_MAX: usize = 300;

/// Seconds after which a client may ask again for a session. Sessions end at their owners' word or after the idle time;
/// there is nothing better to tell than "not at once".
const RETRY_AFTER_S: u32 = 30;

/// No caller on the request: the edge in front has not said who it is.
pub(super) fn nobody() -> Answer {
    refuse(
        StatusCode::UNAUTHORIZED,
        "No key came with this request.\nSend \"Authorization: Bearer KEY\" with a key that has the agent scope.",
    )
}

/// A key that may not call tools.
pub(super) fn no_agent() -> Answer {
    refuse(
        StatusCode::FORBIDDEN,
        "This key may not call tools.\nUse a key with the agent scope; `helmwatch keys create` makes one.",
    )
}

/// An id that is unknown, has ended, or is another key's: nobody is told which.
pub(super) fn no_session() -> Answer {
    refuse(
        StatusCode::NOT_FOUND,
        "There is no such MCP session.\nStart a new one with initialize, without Mcp-Session-Id.",
    )
}

/// No room for one more legacy session.
pub(super) fn full(full: Full) -> Answer {
    let (status, what) = match full {
        Full::Service { limit } => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("All {limit} MCP sessions of this service are in use."))
        }
        Full::Key { limit } => {
            (StatusCode::TOO_MANY_REQUESTS, format!("This key already has {limit} MCP sessions open."))
        }
    };
    let how = "End sessions no longer needed (DELETE with their Mcp-Session-Id) or try again later; \
               protocol 2026-07-28 needs none.";
    let mut answer = refuse(status, &format!("{what}\n{how}"));
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    answer
}

/// A body that could not be read, with the reader's reason (`rmcp` says it in plain text, as an unsupported media type).
pub(super) fn unreadable(reason: &str) -> Answer {
    let reason = reason.trim_start_matches("fail to deserialize request body").trim();
    let reason: String = reason.chars().filter(|one| !one.is_control()).take(REASON_CHARS_MAX).collect();
    // A reader names the place where JSON ends to be JSON; a message of the wrong shape has none.
    let code = if reason.contains(" at line ") { PARSE_ERROR } else { INVALID_REQUEST };
    let how = "Send one JSON-RPC 2.0 message as valid JSON: no half surrogate pairs, no NaN, nothing nested 128 deep.";
    refuse_as(code, StatusCode::BAD_REQUEST, &format!("The body is no JSON-RPC message: {reason}.\n{how}"))
}

fn refuse(status: StatusCode, message: &str) -> Answer {
    refuse_as(INVALID_REQUEST, status, message)
}

fn refuse_as(code: i32, status: StatusCode, message: &str) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } });
    let mut answer = Response::new(Whole::new(Bytes::from(body.to_string())).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

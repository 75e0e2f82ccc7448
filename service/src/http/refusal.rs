//! Every "no" this edge says: a status, a stable word for programs, one line what and one line how.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{ErrorBody, LinkState};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::auth::{AuthError, LinkError, LinkRefusal, NotKept};
use crate::files::FileError;
use crate::pool::PoolError;
use crate::session::SessionError;

/// A refusal, ready to be answered.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    error: String,
    hint: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// `retryable` follows from the status: 408, 429 and 503 may succeed later.
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        error: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { status, code, error: one_line(error.into()), hint: one_line(hint.into()), retry_after: None }
    }

    /// Says when to come again.
    pub(super) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(super) fn bad_request(code: &'static str, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, error, hint)
    }

    pub(super) fn nobody() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "no_key",
            "This address needs a key.",
            "Send `Authorization: Bearer KEY`, or log in at the viewer; `helmwatch keys create` makes a key.",
        )
    }

    pub(super) fn unknown_key() -> Self {
        AuthError::Unknown.into()
    }

    pub(super) fn unknown_link() -> Self {
        LinkRefusal::Unknown.into()
    }

    pub(super) fn link_elsewhere() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "link_elsewhere",
            "A link opens one session and nothing else.",
            "GET /v1/guest says which; everything else needs a key.",
        )
    }

    pub(super) fn two_hosts() -> Self {
        Self::bad_request(
            "two_hosts",
            "The request names more than one host.",
            "Send one `Host` header; a proxy in front should replace it, not add one.",
        )
    }

    pub(super) fn scope(needed: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "scope_missing",
            format!("This key may not do that: it needs the scope {needed}."),
            format!(
                "Use a key with it; `helmwatch keys create --name NAME --scope {}` makes one.",
                needed.split(' ').next().unwrap_or(needed)
            ),
        )
    }

    pub(super) fn foreign_origin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "The request comes from a page of another origin.",
            "Open the viewer at its own address; behind a reverse proxy set http.public_url to the address people use.",
        )
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}."),
            format!("It may have ended; list what there is and take the id of a {what} from there."),
        )
    }

    pub(super) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_route",
            "There is nothing at this address.",
            "GET /openapi.json lists the routes.",
        )
    }

    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "This address does not know that method.",
            "The Allow header names the methods it knows.",
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The service failed at this request.",
            "The log of the service says why; look there for the time of this answer.",
        )
    }

    pub(super) fn busy(what: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", what, "Try again in a moment.").after(Duration::from_secs(2))
    }

    fn body(self) -> ErrorBody {
        let retryable = matches!(
            self.status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        ErrorBody { code: self.code.to_owned(), error: self.error, hint: self.hint, retryable }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let (status, code, wait) = match &error {
            AuthError::Unknown => (StatusCode::UNAUTHORIZED, "unknown_key", None),
            AuthError::Revoked => (StatusCode::UNAUTHORIZED, "key_revoked", None),
            AuthError::Expired => (StatusCode::UNAUTHORIZED, "key_expired", None),
            AuthError::TooMany { retry_after } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", Some(*retry_after))
            }
            AuthError::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable", Some(Duration::from_secs(1)))
            }
        };
        Self { retry_after: wait, ..Self::new(status, code, sentence(&error), error.hint()) }
    }
}

impl From<LinkRefusal> for Refusal {
    fn from(refused: LinkRefusal) -> Self {
        const ASK: &str = "Ask whoever gave it to you for another one.";
        let text = sentence(&refused);
        match refused {
            LinkRefusal::Unknown => Self::new(StatusCode::UNAUTHORIZED, "unknown_link", text, ASK),
            LinkRefusal::Over { link, .. } => {
                let code = match link.state {
                    LinkState::Expired => "link_expired",
                    _ => "link_revoked",
                };
                Self::new(StatusCode::UNAUTHORIZED, code, text, ASK)
            }
            LinkRefusal::TooMany { retry_after } => AuthError::TooMany { retry_after }.into(),
            LinkRefusal::Unavailable(why) => AuthError::Unavailable(why).into(),
        }
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        let (status, code) = match &error {
            LinkError::NotYours => (StatusCode::FORBIDDEN, "scope_missing"),
            LinkError::BadName | LinkError::BadTime { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_link"),
            LinkError::Full { .. } => (StatusCode::CONFLICT, "too_many_links"),
        };
        Self::new(status, code, sentence(&error), error.hint())
    }
}

impl From<NotKept> for Refusal {
    fn from(error: NotKept) -> Self {
        tracing::error!(%error, "state could not be read or kept");
        let wait = error.retryable().then_some(Duration::from_secs(1));
        Self {
            retry_after: wait,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_kept", sentence(&error), error.hint())
        }
    }
}

impl From<PoolError> for Refusal {
    fn from(error: PoolError) -> Self {
        let status = match &error {
            PoolError::Full { .. }
            | PoolError::TenantFull { .. }
            | PoolError::WaitedTooLong { .. }
            | PoolError::LowMemory { .. } => StatusCode::TOO_MANY_REQUESTS,
            PoolError::Limit { .. } | PoolError::Bounds { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            PoolError::Draining
            | PoolError::LowDescriptors { .. }
            | PoolError::Broken { .. }
            | PoolError::Browser(_)
            | PoolError::Lane(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self { retry_after: error.retry_after(), ..Self::new(status, error.code(), sentence(&error), error.hint()) }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let status = match error {
            SessionError::Pool(error) => return error.into(),
            SessionError::Files(error) => return error.into(),
            SessionError::Unknown(_) => StatusCode::NOT_FOUND,
            SessionError::BadName => StatusCode::UNPROCESSABLE_ENTITY,
            SessionError::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            SessionError::Closed(_)
            | SessionError::Lost(_)
            | SessionError::NameTaken(_)
            | SessionError::Held(_)
            | SessionError::HandedOff
            | SessionError::NothingAsked => StatusCode::CONFLICT,
            SessionError::Browser(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let wait = (status == StatusCode::TOO_MANY_REQUESTS).then_some(Duration::from_secs(1));
        Self { retry_after: wait, ..Self::new(status, error.code(), sentence(&error), error.hint()) }
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        let status = match &error {
            FileError::Unknown(_) | FileError::Gone => StatusCode::NOT_FOUND,
            FileError::Odd(_) => StatusCode::BAD_REQUEST,
            FileError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            FileError::Full { .. } => StatusCode::CONFLICT,
            FileError::BadSeal | FileError::Expired | FileError::Outside { .. } => StatusCode::FORBIDDEN,
            FileError::NoRoom | FileError::Disk(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.code(), sentence(&error), error.hint())
    }
}

/// Errors are written to be joined to others; a person reads them by themselves.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.')),
        None => text,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if let Some(wait) = retry_after {
            // Whole seconds, never 0: a client that comes back at once is refused again.
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1_000).max(1) as u64));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"helmwatch\""));
        }
        response
    }
}

fn one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}

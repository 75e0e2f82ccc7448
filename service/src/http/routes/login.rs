//! `/v1/login`, `/v1/logout`: the viewer's cookie.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{LoginRequest, LoginView};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::auth::Caller;
use crate::http::body::Json;
use crate::http::door::{Asking, COOKIE_NAME, cookie};
use crate::http::{Edge, Refusal};

fn view(caller: &Caller) -> LoginView {
    LoginView {
        name: caller.name().to_owned(),
        tenant: caller.tenant().as_str().to_owned(),
        scopes: caller.scopes().words(),
    }
}

/// Who is looking, and what they may do.
pub(in crate::http) async fn who(Asking(caller): Asking) -> Answer<LoginView> {
    Answer(view(&caller))
}

/// Takes a key or a one-time code.
pub(in crate::http) async fn log_in(
    State(edge): State<Arc<Edge>>,
    Json(request): Json<LoginRequest>,
) -> Result<Response, Refusal> {
    if request.key.is_some() == request.code.is_some() {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_shape",
            "A login takes either a key or a code.",
            "Send {\"key\": \"…\"} or {\"code\": \"…\"}.",
        ));
    }
    // Before the code is looked at: a limit that a right guess goes around is none.
    edge.wrong_logins.may_try()?;
    let Some((value, caller)) = edge.door.log_in(request).await? else {
        edge.wrong_logins.was_wrong();
        return Err(Refusal::unknown_key());
    };
    let cookie = set_cookie(&edge, &value, COOKIE_SECONDS).ok_or_else(Refusal::internal)?;
    Ok(([(SET_COOKIE, cookie)], Answer(view(&caller))).into_response())
}

/// Ends the login the cookie stands for. Right also when there is none any more.
pub(in crate::http) async fn log_out(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(value) = cookie(&headers) {
        edge.door.log_out(value).await?;
    }
    let cookie = set_cookie(&edge, "", 0).ok_or_else(Refusal::internal)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// A browser forgets the cookie then; the service may end the login earlier.
const COOKIE_SECONDS: u32 = 30 * 24 * 60 * 60;

fn set_cookie(edge: &Edge, value: &str, seconds: u32) -> Option<HeaderValue> {
    let secure = if edge.public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

//! `/v1/login`, `/v1/logout`: the viewer's cookie.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{LoginRequest, LoginView};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::audit::Kind;
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
    let login = match (&request.key, &request.code) {
        (Some(key), _) => edge.auth.by_key(key).await?,
        (None, code) => edge.auth.by_code(code.as_deref().unwrap_or_default()).await?,
    };
    let how = if request.key.is_some() { "a key" } else { "a one-time code" };
    edge.note(&login.caller, Kind::Login, None, format!("{} logged in with {how}", login.caller.name()));
    let cookie = set_cookie(&edge, login.cookie.expose(), login.good_for.as_secs()).ok_or_else(Refusal::internal)?;
    Ok(([(SET_COOKIE, cookie)], Answer(view(&login.caller))).into_response())
}

/// Ends the login the cookie stands for. Right also when there is none any more.
pub(in crate::http) async fn log_out(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Result<Response, Refusal> {
    if let Some(value) = cookie(&headers) {
        edge.auth.log_out(value);
    }
    let cookie = set_cookie(&edge, "", 0).ok_or_else(Refusal::internal)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

fn set_cookie(edge: &Edge, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if edge.public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).ok()
}

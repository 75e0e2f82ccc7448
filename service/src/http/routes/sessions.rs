//! `/v1/sessions`: open, list, look at, close.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{OpenRequest, SessionId, SessionList, SessionView};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::auth::{Caller, Scope};
use crate::http::body::Json;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};

pub(in crate::http) async fn open(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Json(request): Json<OpenRequest>,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::Agent])?;
    let opened = edge.sessions.open(&caller, request).await?;
    let mut response = (StatusCode::CREATED, Answer(complete(&edge, &caller, opened.clone()))).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/sessions/{}", opened.id)) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
) -> Result<Answer<SessionList>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Agent])?;
    let sessions = edge.hub.complete(&caller, edge.sessions.list(&caller));
    Ok(Answer(SessionList { sessions }))
}

pub(in crate::http) async fn get(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<SessionView>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Agent])?;
    let session = edge.sessions.find(&caller, &parse(&id)?).ok_or_else(unknown)?;
    Ok(Answer(complete(&edge, &caller, session.view())))
}

pub(in crate::http) async fn close(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = asking.with_any(&[Scope::Agent, Scope::Control])?;
    if edge.sessions.close(&caller, &parse(&id)?).await? { Ok(StatusCode::NO_CONTENT) } else { Err(unknown()) }
}

fn complete(edge: &Edge, caller: &Caller, view: SessionView) -> SessionView {
    edge.hub.complete(caller, vec![view.clone()]).pop().unwrap_or(view)
}

/// A text that cannot be an id names no session.
pub(in crate::http) fn parse(id: &str) -> Result<SessionId, Refusal> {
    id.parse().map_err(|_| unknown())
}

pub(in crate::http) fn unknown() -> Refusal {
    Refusal::not_found("session")
}

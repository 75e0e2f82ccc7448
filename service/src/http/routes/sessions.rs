//! `/v1/sessions`: open, list, look at, close.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{HandoffAnswer, HandoffOutcome, OpenRequest, SessionId, SessionList, SessionView};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::audit::Kind;
use crate::auth::{Caller, Scope};
use crate::http::body::Json;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};
use crate::live::view_for_guest;
use crate::session::{NewSession, Session, SessionError};

/// Longest word of a person to an agent, characters.
const REASON_CHARS_MAX: usize = 1_000;

/// Sides of a viewport, CSS pixels: what Chromium paints on an ordinary machine.
const SIDE_PX: RangeInclusive<u32> = 64..=4_096;

pub(in crate::http) async fn open(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Json(request): Json<OpenRequest>,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::Agent])?;
    let viewport = viewport(&request)?;
    let wanted = NewSession { name: request.name, viewport };
    let session = edge.sessions.open(&caller, wanted, |_| {}).await?;
    if let Some(url) = &request.url
        && let Err(why) = edge.visit.visit(&caller, session.id(), url).await
    {
        edge.sessions.close(&caller, session.id(), "its first page could not be opened").await?;
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "page_not_opened",
            why,
            "Correct the address, or open the session without one.",
        ));
    }
    let mut response = (StatusCode::CREATED, Answer(session.view())).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/sessions/{}", session.id())) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// Both sides or none, each within what Chromium paints.
fn viewport(request: &OpenRequest) -> Result<Option<(u32, u32)>, Refusal> {
    match (request.width, request.height) {
        (None, None) => Ok(None),
        (Some(width), Some(height)) if SIDE_PX.contains(&width) && SIDE_PX.contains(&height) => {
            Ok(Some((width, height)))
        }
        _ => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_viewport",
            "width and height are no viewport.",
            format!("Give both, each from {} to {}, or neither.", SIDE_PX.start(), SIDE_PX.end()),
        )),
    }
}

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
) -> Result<Answer<SessionList>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Agent])?;
    Ok(Answer(SessionList { sessions: edge.sessions.list(&caller) }))
}

pub(in crate::http) async fn get(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<SessionView>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Agent])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    Ok(Answer(shown(&session, &caller)))
}

pub(in crate::http) async fn close(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = asking.with_any(&[Scope::Agent, Scope::Control])?;
    edge.sessions.close(&caller, &parse(&id)?, "closed over HTTP").await.map_err(unknown)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person's word on what its agent asked. The agent's own key cannot give it.
pub(in crate::http) async fn hand_back(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    Json(answer): Json<HandoffAnswer>,
) -> Result<Answer<SessionView>, Refusal> {
    let caller = asking.with_any(&[Scope::Control])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    let reason = answer.reason.map(|reason| reason.trim().chars().take(REASON_CHARS_MAX).collect::<String>());
    let reason = reason.filter(|reason| !reason.is_empty());
    session.answer_handoff(answer.number, caller.name(), answer.outcome, reason)?;
    let word = match answer.outcome {
        HandoffOutcome::Done => "has done",
        HandoffOutcome::Failed => "could not do",
    };
    let said = format!("{} {word} what the agent asked for", caller.name());
    edge.note(&caller, Kind::Control, Some(session.id()), said);
    Ok(Answer(shown(&session, &caller)))
}

/// A session as this caller may see it.
fn shown(session: &Session, caller: &Caller) -> SessionView {
    let view = session.view();
    if caller.only().is_some() { view_for_guest(view) } else { view }
}

/// A text that cannot be an id names no session.
pub(in crate::http) fn parse(id: &str) -> Result<SessionId, Refusal> {
    id.parse().map_err(|_| Refusal::not_found("session"))
}

/// Unknown and another's read the same.
pub(in crate::http) fn unknown(error: SessionError) -> Refusal {
    match error {
        SessionError::Unknown(_) => Refusal::not_found("session"),
        other => other.into(),
    }
}

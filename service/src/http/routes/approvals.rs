//! `/v1/approvals`: the calls that wait for a person, and the person's answer.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{ApprovalId, ApprovalList, ApprovalState, ApprovalView, Decision, DecisionRequest};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;

use crate::approval::{Answer as Said, DecideError, Reach};
use crate::auth::Scope;
use crate::http::body::Json;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Filter {
    state: Option<ApprovalState>,
}

const MAY_SEE: [Scope; 2] = [Scope::View, Scope::Approve];

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Answer<ApprovalList>, Refusal> {
    let caller = asking.with_any(&MAY_SEE)?;
    let Query(filter) = filter.map_err(|_| {
        Refusal::bad_request(
            "bad_query",
            "The query is not understood.",
            "Only ?state=pending and the other states are known.",
        )
    })?;
    let approvals = edge.desk.list(&Reach::of(&caller), filter.state).await?;
    Ok(Answer(ApprovalList { approvals }))
}

pub(in crate::http) async fn get(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<ApprovalView>, Refusal> {
    let caller = asking.with_any(&MAY_SEE)?;
    edge.desk.get(&Reach::of(&caller), &parse(&id)?).await?.map(Answer).ok_or_else(unknown)
}

pub(in crate::http) async fn picture(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&MAY_SEE)?;
    let picture = edge.desk.picture(&Reach::of(&caller), &parse(&id)?).await?;
    let picture = picture.ok_or_else(|| Refusal::not_found("picture"))?;
    // It never changes, but it shows what only this person may see.
    let headers = [(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "private, max-age=3600, immutable")];
    Ok((headers, Body::from(picture)).into_response())
}

/// Answers the state it led to; 409 with it when it was over already, or said by this person before.
pub(in crate::http) async fn decide(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<(StatusCode, Answer<ApprovalView>), Refusal> {
    // The one place that makes a human out of a request; who has only `agent` is none.
    let human = asking.0.human().ok_or_else(|| Refusal::scope(Scope::Approve.word()))?;
    if request.decision == Decision::TakeOver && !asking.0.may(Scope::Control) {
        return Err(Refusal::scope(Scope::Control.word()));
    }
    let id = parse(&id)?;
    let reason = request.reason.clone();
    match edge.desk.decide(&human, &id, said(request)?, reason).await {
        Ok(view) => Ok((StatusCode::OK, Answer(view))),
        Err(DecideError::AlreadyDecided(view)) => Ok((StatusCode::CONFLICT, Answer(*view))),
        Err(DecideError::NotFound) => Err(unknown()),
        Err(DecideError::NotKept(error)) => Err(error.into()),
        Err(error @ DecideError::NotAsked { .. }) => Err(refused(StatusCode::FORBIDDEN, "not_asked", &error)),
        Err(DecideError::Edit(refused)) => {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, refused.code, refused.what, refused.hint))
        }
        Err(error @ DecideError::Grant(_)) => Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "no_grant", &error)),
    }
}

/// What is said with what: arguments belong to an edit, a grant to a yes.
fn said(request: DecisionRequest) -> Result<Said, Refusal> {
    let DecisionRequest { decision, arguments, grant, .. } = request;
    match (decision, arguments, grant) {
        (Decision::Approve, None, None) => Ok(Said::Approve),
        (Decision::Approve, None, Some(wish)) => Ok(Said::ApproveAndGrant(wish)),
        (Decision::Deny, None, None) => Ok(Said::Deny),
        (Decision::TakeOver, None, None) => Ok(Said::TakeOver),
        (Decision::Edit, Some(arguments), None) => Ok(Said::Edit(arguments)),
        _ => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_shape",
            "The decision and what comes with it do not fit.",
            "Give `arguments` with edit and only there, and `grant` with approve at most.",
        )),
    }
}

fn refused(status: StatusCode, code: &'static str, error: &DecideError) -> Refusal {
    Refusal::new(status, code, sentence(&error.to_string()), error.hint())
}

/// `this is so` as `This is so.`
pub(in crate::http) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn parse(id: &str) -> Result<ApprovalId, Refusal> {
    id.parse().map_err(|_| unknown())
}

fn unknown() -> Refusal {
    Refusal::not_found("approval")
}

//! `/v1/approvals`: the calls that wait for a person, and the person's answer.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{ApprovalId, ApprovalList, ApprovalState, ApprovalView, DecisionRequest};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;

use crate::approval::{DecideError, Reach};
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

/// Answers the final state; 409 with it when it was over already.
pub(in crate::http) async fn decide(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<(StatusCode, Answer<ApprovalView>), Refusal> {
    // The one place that makes a human out of a request; who has only `agent` is none.
    let human = asking.0.human().ok_or_else(|| Refusal::scope(Scope::Approve.word()))?;
    match edge.desk.decide(&human, &parse(&id)?, request.decision, request.reason).await {
        Ok(view) => Ok((StatusCode::OK, Answer(view))),
        Err(DecideError::AlreadyDecided(view)) => Ok((StatusCode::CONFLICT, Answer(*view))),
        Err(DecideError::NotFound) => Err(unknown()),
        Err(DecideError::NotKept(error)) => Err(error.into()),
    }
}

fn parse(id: &str) -> Result<ApprovalId, Refusal> {
    id.parse().map_err(|_| unknown())
}

fn unknown() -> Refusal {
    Refusal::not_found("approval")
}

//! `/v1/grants`: what people let through without being asked each time, and taking it back. Given with a yes at `/v1/approvals`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use helmwatch_protocol::{GrantId, GrantList, GrantView};
use http::StatusCode;

use super::approvals::sentence;
use crate::approval::{GrantError, Reach};
use crate::auth::Scope;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};

pub(in crate::http) async fn list(State(edge): State<Arc<Edge>>, asking: Asking) -> Result<Answer<GrantList>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Approve])?;
    Ok(Answer(GrantList { grants: edge.desk.grants_within(&Reach::of(&caller)) }))
}

/// Answers the grant as it ended.
pub(in crate::http) async fn revoke(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<GrantView>, Refusal> {
    let human = asking.0.human().ok_or_else(|| Refusal::scope(Scope::Approve.word()))?;
    let id: GrantId = id.parse().map_err(|_| Refusal::not_found("grant"))?;
    match edge.desk.revoke(&human, &id).await {
        Ok(grant) => Ok(Answer(grant)),
        Err(GrantError::NotFound) => Err(Refusal::not_found("grant")),
        Err(GrantError::NotKept(error)) => Err(error.into()),
        Err(error) => Err(Refusal::new(StatusCode::CONFLICT, "no_grant", sentence(&error.to_string()), error.hint())),
    }
}

//! `/v1/pool`: the numbers, and the limits while it runs.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use helmwatch_protocol::{PoolPatch, PoolView};

use crate::auth::Scope;
use crate::http::body::Json;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};

pub(in crate::http) async fn get(State(edge): State<Arc<Edge>>, _: Asking) -> Answer<PoolView> {
    Answer(edge.pool.view())
}

pub(in crate::http) async fn change(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Json(patch): Json<PoolPatch>,
) -> Result<Answer<PoolView>, Refusal> {
    let caller = asking.with_any(&[Scope::Admin])?;
    let view = edge.pool.patch(patch)?;
    tracing::info!(key = %caller.key(), ?patch, "pool limits changed");
    Ok(Answer(view))
}

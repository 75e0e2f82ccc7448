//! `/v1/sessions/{id}/requests`: what a tab asked the network for, for people on watch.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use helmwatch_protocol::{RequestLine, RequestLines};
use serde::Deserialize;

use super::sessions::{parse, unknown};
use crate::auth::Scope;
use crate::http::door::Asking;
use crate::http::{Edge, Refusal};
use crate::session::{RequestEntry, RequestOutcome, Session};

/// Requests of one answer, the newest.
const LINES_MAX: usize = 200;
/// Longest address told, characters.
const URL_CHARS_MAX: usize = 500;

/// Which tab.
#[derive(Deserialize)]
pub(in crate::http) struct Of {
    /// A tab's number; the one the agent's next call acts on when absent.
    page: Option<u16>,
}

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    of: Result<Query<Of>, QueryRejection>,
) -> Result<Answer<RequestLines>, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let Query(Of { page }) = of.map_err(|_| {
        Refusal::bad_request("bad_query", "The address names no tab.", "Give page as a tab's number, or leave it out.")
    })?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    let page = match page {
        Some(number) => session.tab(number),
        None => session.current_tab(),
    };
    let list = page.ok_or_else(|| Refusal::not_found("tab"))?.requests();
    let left_out = list.entries.len().saturating_sub(LINES_MAX);
    let requests = list.entries[left_out..].iter().map(|entry| line(&session, entry)).collect();
    Ok(Answer(RequestLines { requests, dropped: list.dropped + left_out as u64 }))
}

fn line(session: &Session, entry: &RequestEntry) -> RequestLine {
    let (status, error) = match &entry.outcome {
        RequestOutcome::UnderWay => (None, None),
        RequestOutcome::Answered { status, .. } => (Some(*status), entry.broken.then(|| "broke off".to_owned())),
        RequestOutcome::Failed(error) => (None, Some(error.clone())),
    };
    RequestLine {
        number: entry.number,
        method: entry.method.clone(),
        // What somebody typed as a secret is not shown to the others who look.
        url: session.covered(&entry.url).chars().take(URL_CHARS_MAX).collect(),
        kind: entry.kind.to_owned(),
        status,
        error,
        took_ms: entry.took_ms,
    }
}

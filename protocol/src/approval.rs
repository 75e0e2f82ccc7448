//! JSON of `/v1/approvals`, and the card a person reads.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, Rect, SessionId};

/// Where a held call is in its life. Only `pending` can still be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ApprovalState {
    Pending,
    Approved,
    Denied,
    /// Nobody answered in time; counts as no.
    Expired,
    /// The agent or its session went away before anyone answered.
    Withdrawn,
    /// Approved, but the page had changed since; not executed.
    Stale,
    /// Approved and executed.
    Executed,
    /// The service ended while the approved call was running: it is not known whether it took effect, and it is never run again.
    OutcomeUnknown,
}

/// One line of the card: what the call will use, in plain words. Secrets arrive masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CardField {
    pub label: String,
    pub value: String,
}

/// One held call, as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApprovalView {
    pub id: ApprovalId,
    pub session: SessionId,
    /// The session's name, for people.
    pub session_name: String,
    pub tool: String,
    /// One sentence: what will happen, as in `Click button "Buy now"`.
    pub summary: String,
    /// Origin of the page it happens on.
    pub origin: String,
    pub url: String,
    /// Name of the rule that asked.
    pub rule: String,
    /// Why the rule asks, in the rule's words.
    pub reason: String,
    pub state: ApprovalState,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub asked_at: u64,
    /// Milliseconds since the Unix epoch; after it the answer is no.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub decided_at: Option<u64>,
    /// Name of the key or login that decided.
    pub decided_by: Option<String>,
    /// What that person wrote.
    pub decision_reason: Option<String>,
    pub fields: Vec<CardField>,
    /// The element, CSS pixels in the picture; absent when the call has no target.
    pub outline: Option<Rect>,
    /// Address of the picture taken when the call was held (`image/jpeg`), absent when none could be taken.
    pub picture: Option<String>,
    /// Viewport the picture shows, CSS pixels: `[width, height]`.
    pub picture_size: Option<[u32; 2]>,
}

/// Answer of `GET /v1/approvals`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApprovalList {
    pub approvals: Vec<ApprovalView>,
}

/// What a person may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Decision {
    Approve,
    Deny,
}

/// Body of `POST /v1/approvals/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DecisionRequest {
    pub decision: Decision,
    #[serde(default)]
    pub reason: Option<String>,
}

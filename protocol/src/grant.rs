//! JSON of `/v1/grants`: what a person lets through without being asked each time.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, GrantId, SessionId};

/// How long and how often, as a person wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GrantWish {
    /// From 1 to 60.
    pub minutes: u32,
    /// Calls let through at most, from 1 to 100; 20 when absent.
    #[serde(default)]
    pub uses: Option<u32>,
}

/// One grant: what one rule asks about in one session, let through until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GrantView {
    pub id: GrantId,
    pub session: SessionId,
    pub session_name: String,
    /// Name of the rule that asks no more.
    pub rule: String,
    /// The held call it was given with.
    pub approval: ApprovalId,
    /// Name of the key or login that gave it.
    pub by: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub given_at: u64,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
    /// Calls let through so far, and at most.
    pub uses: u32,
    pub uses_max: u32,
    /// Milliseconds since the Unix epoch; absent while it stands.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub ended_at: Option<u64>,
    /// Why it ended, in a few words: `revoked by Ann`.
    pub end_reason: Option<String>,
}

/// Answer of `GET /v1/grants`: those that stand, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GrantList {
    pub grants: Vec<GrantView>,
}

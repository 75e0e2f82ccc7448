//! JSON of links: how somebody without a key is let look at one session.

use serde::{Deserialize, Serialize};

use crate::{LinkId, SessionId};

/// What a link lets its holder do with its one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LinkAccess {
    /// Look at it.
    View,
    /// Look, take the wheel, and answer what its agent asks a person to do. Approvals are neither seen nor decided.
    Control,
}

/// Body of `POST /v1/sessions/{id}/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkRequest {
    pub access: LinkAccess,
    /// Seconds it is good for, from now.
    pub ttl_s: u32,
    /// Who it is for: shown to others beside what its holder does. One is made when absent.
    #[serde(default)]
    pub name: Option<String>,
}

/// Where a link is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LinkState {
    Good,
    Expired,
    Revoked,
    /// The key of who made it is no longer good for what the link gives.
    MakerGone,
}

/// One link, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkView {
    pub id: LinkId,
    pub session: SessionId,
    pub name: String,
    pub access: LinkAccess,
    pub state: LinkState,
    /// Name of the key that made it.
    pub made_by: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub made_at: u64,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
    /// Milliseconds since the Unix epoch; absent while nobody opened it.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub used_at: Option<u64>,
    /// Pages that look through it now.
    pub viewers: u32,
}

/// Answer of `POST /v1/sessions/{id}/links`: the only time the address is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkMade {
    pub link: LinkView,
    /// Opens the session for whoever has it. The secret stands after `#`, which browsers keep to themselves.
    pub url: String,
    /// The same for a frame in a page of an allowed origin; absent when none is allowed.
    pub embed_url: Option<String>,
}

/// Answer of `GET /v1/sessions/{id}/links`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LinkList {
    pub links: Vec<LinkView>,
}

/// Answer of `GET /v1/guest`: what the holder of a link may know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GuestView {
    pub session: SessionId,
    pub name: String,
    pub access: LinkAccess,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
}

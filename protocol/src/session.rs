//! JSON of `/v1/sessions`, `/v1/login`, and the error body of every route.

use serde::{Deserialize, Serialize};

use crate::{HandoffView, SessionId, TabView};

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SessionState {
    /// Open, no call running.
    Idle,
    /// A tool call is running.
    Busy,
    /// A call waits for a person.
    Waiting,
    /// A person drives; agent calls wait.
    Held,
    /// Its browser died; only closing is left.
    Crashed,
    /// Closing or closed.
    Closed,
}

/// One session, as lists and live events show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionView {
    pub id: SessionId,
    /// The agent's own name for it; the key's unnamed session is `default`.
    pub name: String,
    pub state: SessionState,
    /// Address of the current tab.
    pub url: String,
    /// Title of the current tab: page text, data to be shown as text only.
    pub title: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub opened_at: u64,
    /// Milliseconds since the Unix epoch: last tool call or input.
    #[cfg_attr(test, ts(type = "number"))]
    pub used_at: u64,
    pub tenant: String,
    /// Name of the key that owns it.
    pub owner: String,
    pub tabs: Vec<TabView>,
    /// Approvals of this session that wait for a person.
    pub approvals_pending: u32,
    /// What its agent asked a person to do and waits for.
    pub handoff: Option<HandoffView>,
    /// People who look at it now.
    pub viewers: u32,
}

/// Answer of `GET /v1/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionList {
    pub sessions: Vec<SessionView>,
}

/// Body of `POST /v1/sessions`; every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OpenRequest {
    /// A name to call it by; one of its own is made when absent.
    pub name: Option<String>,
    /// Opened at once when given.
    pub url: Option<String>,
    /// Viewport width, CSS pixels.
    pub width: Option<u32>,
    /// Viewport height, CSS pixels.
    pub height: Option<u32>,
}

/// A file of a session: what a tool made, a page downloaded or somebody uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FileView {
    /// Unique in its session; what uploads name.
    pub name: String,
    /// As in `application/pdf`.
    pub mime: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    /// Absolute address, sealed, good for a while, for whoever has it.
    pub url: String,
}

/// Answer of `GET /v1/sessions/{id}/files`, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FileList {
    pub files: Vec<FileView>,
}

/// Answer of `POST /v1/sessions/{id}/given`: a file for a page, from who drives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GivenFile {
    /// What `choose` calls it; nobody else can.
    pub file: String,
}

/// One request of a tab: page text, show it as text only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestLine {
    /// Counts from 1 since the tab was last sent somewhere.
    #[cfg_attr(test, ts(type = "number"))]
    pub number: u64,
    pub method: String,
    pub url: String,
    /// As in `fetch`, `document`, `image`.
    pub kind: String,
    /// HTTP status, once it was answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// Milliseconds, once it is over.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub took_ms: Option<u64>,
}

/// Answer of `GET /v1/sessions/{id}/requests`, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestLines {
    pub requests: Vec<RequestLine>,
    /// Older ones that are not told.
    #[cfg_attr(test, ts(type = "number"))]
    pub dropped: u64,
}

/// Body of `POST /v1/login`: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LoginRequest {
    pub key: Option<String>,
    pub code: Option<String>,
}

/// Answer of `POST /v1/login` and `GET /v1/login`: who is looking, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LoginView {
    pub name: String,
    pub tenant: String,
    /// `agent`, `view`, `approve`, `control`, `admin`.
    pub scopes: Vec<String>,
}

/// Body of every refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorBody {
    /// Stable word for programs, as in `queue_full`.
    pub code: String,
    /// One line: what happened.
    pub error: String,
    /// One line: what to do.
    pub hint: String,
    /// May the same request succeed later?
    pub retryable: bool,
}

//! JSON of `/v1/sessions/{id}/handoff`: an agent asks a person to do something in its browser.

use serde::{Deserialize, Serialize};

/// What an agent asked a person to do, while it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HandoffView {
    /// Unique in its session, so that an answer never meets a later question.
    pub number: u32,
    /// The agent's words: data to be shown as text only.
    pub instructions: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub asked_at: u64,
    /// Milliseconds since the Unix epoch: nobody's answer until then is a no.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at: u64,
}

/// How a person's part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HandoffOutcome {
    /// It is done.
    Done,
    /// It could not be done; the reason says why.
    Failed,
}

/// Body of `POST /v1/sessions/{id}/handoff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HandoffAnswer {
    /// Which question is answered.
    pub number: u32,
    pub outcome: HandoffOutcome,
    /// For the agent, one line; may be left out.
    #[serde(default)]
    pub reason: Option<String>,
}

//! One thing that happened, before it is written in anybody's format.

use std::sync::Arc;

use helmwatch_protocol::{ApprovalView, HandoffView, SessionId};

use crate::config::WebhookEvent;

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    Event(WebhookEvent),
    /// Somebody tries whether the webhook works.
    Test,
}

impl Occasion {
    /// `type` of a message.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Event(event) => event.word(),
            Self::Test => "test",
        }
    }
}

/// How a question to a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffState {
    Waiting,
    Done,
    Failed,
    /// Nobody said anything in time.
    Expired,
    /// The agent asked something else meanwhile.
    Replaced,
    /// The session ended first.
    SessionOver,
}

impl HandoffState {
    /// The word in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::SessionOver => "session_over",
        }
    }
}

/// What it is about.
#[derive(Debug, Clone)]
pub enum About {
    Approval(Arc<ApprovalView>),
    Handoff {
        view: HandoffView,
        session: SessionId,
        session_name: String,
        state: HandoffState,
        /// The person who answered, and their words.
        by: Option<String>,
        reason: Option<String>,
    },
    Nothing,
}

/// One message to be sent.
#[derive(Debug, Clone)]
pub struct News {
    pub occasion: Occasion,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Whose it is.
    pub tenant: String,
    /// Where a person can do something about it.
    pub link: String,
    pub about: About,
}

impl News {
    /// What messages must stay in order of: one card, one question.
    pub(super) fn subject(&self) -> String {
        match &self.about {
            About::Approval(view) => view.id.to_string(),
            About::Handoff { view, session, .. } => format!("{session} {}", view.number),
            About::Nothing => "test".to_owned(),
        }
    }
}

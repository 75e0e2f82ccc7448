//! What can go wrong at the desk, and what to do then.

use helmwatch_protocol::ApprovalView;

use super::{EditRefused, GrantError};
use crate::auth::NotKept;

/// A call that could not be put before a person. It must not run.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Too many questions are open.
    #[error("{count_max} calls of this {whose} already wait for a person, and more are not taken")]
    Full {
        /// `session`, `tenant` or `service`.
        whose: &'static str,
        count_max: usize,
    },
    /// The card could not be stored.
    #[error("the call needs a person's approval, and the question could not be stored")]
    NotKept(#[source] NotKept),
}

impl AskError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Full { .. } => "Wait until a person has answered some of them, then call again.",
            Self::NotKept(inner) => inner.hint(),
        }
    }
}

/// A decision that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such card, or one of another tenant: both read the same.
    #[error("there is no such approval")]
    NotFound,
    /// It is over, or somebody was first; this is how it stands.
    #[error("it was already decided")]
    AlreadyDecided(Box<ApprovalView>),
    /// The rule asks other people.
    #[error("this is decided by {deciders}")]
    NotAsked {
        /// In words.
        deciders: String,
    },
    /// The changes make no call that may run.
    #[error("{}", .0.what)]
    Edit(EditRefused),
    /// The grant that was to go with the yes cannot be given.
    #[error(transparent)]
    Grant(GrantError),
    /// The decision could not be stored, so it does not hold.
    #[error("the decision could not be stored and does not hold")]
    NotKept(#[source] NotKept),
}

impl DecideError {
    /// One line: what to do.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::NotFound => "Look at the list of approvals again.",
            Self::AlreadyDecided(_) => "Nothing is left to do; the state that counts is the one shown.",
            Self::NotAsked { .. } => "Ask one of them. A no of yours counts all the same.",
            Self::Edit(refused) => &refused.hint,
            Self::Grant(error) => error.hint(),
            Self::NotKept(inner) => inner.hint(),
        }
    }
}

/// An approved call that may not begin. It must not run.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// It is not, or no longer, approved: another call took it, its time is over, or it was withdrawn.
    #[error("the approval can no longer be used")]
    NotApproved(Box<ApprovalView>),
    /// The beginning could not be stored.
    #[error("the approved call could not be recorded as begun, so it was not run")]
    NotKept(#[source] NotKept),
}

impl BeginError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotApproved(_) => "Look at the page again and make the call anew if it is still wanted.",
            Self::NotKept(inner) => inner.hint(),
        }
    }
}

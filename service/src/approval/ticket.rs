//! What a held call has in its hand, and what it hears.

use helmwatch_protocol::{ApprovalId, ApprovalState};

use super::{Edited, Yes};
use crate::policy::Asking;

/// A held call's number at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub id: ApprovalId,
    /// Milliseconds since the Unix epoch.
    pub expires_at: u64,
}

/// What a waiting call hears.
#[derive(Debug)]
pub enum Outcome {
    /// A person said yes. Compare the page with `Permit::fingerprint`, then [`Desk::begin`].
    Approved(Box<Permit>),
    /// A person said no.
    Denied { by: String, reason: Option<String> },
    /// A person does it themselves.
    TakenOver { by: String, reason: Option<String> },
    /// Nobody answered in time.
    Expired,
    /// It ended otherwise: withdrawn, stale, or another call ran it.
    Over { state: ApprovalState, reason: Option<String> },
    /// The hold is over and nobody has answered yet: answer the agent with the ticket; the same call made again finds it.
    Waiting(Ticket),
    /// There is no such card (any more): ask anew.
    Unknown,
}

impl Outcome {
    /// For traces: few words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Approved(_) => "approved",
            Self::Denied { .. } => "denied",
            Self::TakenOver { .. } => "taken_over",
            Self::Expired => "expired",
            Self::Over { .. } => "over",
            Self::Waiting(_) => "waiting",
            Self::Unknown => "unknown",
        }
    }
}

/// A yes that is on disk, good for one run.
#[derive(Debug)]
pub struct Permit {
    pub(super) id: ApprovalId,
    /// As the page was when the call was held.
    pub fingerprint: String,
    /// Who said yes.
    pub by: String,
    /// What they said yes to.
    pub(super) asking: Asking,
    pub(super) yes: Vec<Yes>,
    /// The call as a person changed it.
    pub edited: Option<Edited>,
}

impl Permit {
    #[must_use]
    pub const fn id(&self) -> &ApprovalId {
        &self.id
    }

    /// Would the same people's yes do for what is asked now? Rules may have changed since, or another may ask.
    #[must_use]
    pub fn answers(&self, asked: &Asking) -> bool {
        asked.is_within(&self.asking)
            && u32::try_from(self.yes.len()).is_ok_and(|count| count >= asked.approvers)
            && self.yes.iter().all(|yes| asked.admits(&yes.by, yes.key.as_str()))
    }
}

/// How an approved call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It ran; whether the site liked it is another matter.
    Executed,
    /// The page had changed; nothing was done.
    Stale,
    /// It may or may not have taken effect, as when the browser died.
    OutcomeUnknown,
}

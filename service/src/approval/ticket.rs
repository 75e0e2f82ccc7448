//! What a held call has in its hand, and what it hears.

use helmwatch_protocol::{ApprovalId, ApprovalState};

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
    /// A person said yes. Compare the page with `Grant::fingerprint`, then [`Desk::begin`].
    Approved(Grant),
    /// A person said no.
    Denied { by: String, reason: Option<String> },
    /// Nobody answered in time.
    Expired,
    /// It ended otherwise: withdrawn, stale, or another call ran it.
    Over { state: ApprovalState, reason: Option<String> },
    /// The hold is over and nobody has answered yet: answer the agent with the ticket; the same call made again finds it.
    Waiting(Ticket),
    /// There is no such card (any more): ask anew.
    Unknown,
}

/// A yes that is on disk, good for one run.
#[derive(Debug)]
pub struct Grant {
    pub(super) id: ApprovalId,
    /// As the page was when the call was held.
    pub fingerprint: String,
    /// Who said yes.
    pub by: String,
}

impl Grant {
    #[must_use]
    pub const fn id(&self) -> &ApprovalId {
        &self.id
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

//! Where people go: addresses within the viewer, to be put behind the service's public origin. The viewer reads them in `state/route.ts`.
//!
//! All of them are fragments: no server and no proxy on the way ever sees which card or session is meant.

use crate::{ApprovalId, SessionId};

/// The page of one card: what is asked and, later, how it ended.
#[must_use]
pub fn approval_link(public_url: &str, id: &ApprovalId) -> String {
    format!("{public_url}/#/a/{id}")
}

/// The page of a session.
#[must_use]
pub fn session_link(public_url: &str, id: &SessionId) -> String {
    format!("{public_url}/#/s/{id}")
}

/// The page of a session, opened on what its agent asks a person to do.
#[must_use]
pub fn handoff_link(public_url: &str, id: &SessionId) -> String {
    format!("{public_url}/#/s/{id}/asked")
}

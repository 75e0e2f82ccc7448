//! What somebody who came by a link is told of the session: what its page shows, and no more.

use helmwatch_protocol::{LiveEvent, SessionView};

/// The event as a guest may hear it; `None` when it is not for them. Pure.
///
/// Left out are what is about others (whose session it is, the cards that wait: their texts and pictures are for who decides) and
/// what a page writes to its console, which nobody who looks at the page sees.
pub(super) fn for_guest(event: LiveEvent) -> Option<LiveEvent> {
    match event {
        LiveEvent::State { session, calls, approvals: _, controller, you_control, since } => Some(LiveEvent::State {
            session: view_for_guest(session),
            calls,
            approvals: Vec::new(),
            controller,
            you_control,
            since,
        }),
        LiveEvent::Session { session } => Some(LiveEvent::Session { session: view_for_guest(session) }),
        // A guest gives the page no files, so there is nothing to choose.
        LiveEvent::Approval { .. } | LiveEvent::Console { .. } | LiveEvent::Chooser { .. } => None,
        // Named one by one: what is added later is not a guest's until somebody says so.
        LiveEvent::Call { .. }
        | LiveEvent::Dialog { .. }
        | LiveEvent::Control { .. }
        | LiveEvent::LeaseEnds { .. }
        | LiveEvent::Copied { .. }
        | LiveEvent::Refused { .. }
        | LiveEvent::Closed { .. } => Some(event),
    }
}

/// A session as a guest may see it.
#[must_use]
pub fn view_for_guest(session: SessionView) -> SessionView {
    SessionView { tenant: String::new(), owner: String::new(), ..session }
}

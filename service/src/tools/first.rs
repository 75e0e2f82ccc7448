//! What a call's first turn came to.

use std::time::Duration;

use super::answer::Answer;
use super::keeper::Keeper;
use super::look::{Known, Seen};
use super::prepared::Run;
use super::sending::Sent;
use super::terms::Terms;
use super::{Reply, ToolError, response};
use crate::policy::Asking;
use crate::session::Session;

/// What the first turn came to.
pub(super) enum First {
    Done(Reply, Option<ToolError>),
    /// A person must see it: the run is kept for the second turn.
    Ask {
        run: Run,
        seen: Seen,
        rule: String,
        message: String,
        ttl: Duration,
        asking: Asking,
    },
    /// It was carried out, and something that it sent is held.
    Sent(Box<Sent>),
}

impl First {
    /// The end of a turn that asks nobody.
    pub(super) fn over(self) -> (Reply, Option<ToolError>) {
        match self {
            Self::Done(reply, error) => (reply, error),
            Self::Ask { .. } | Self::Sent(_) => {
                unreachable!("only the policy's answer asks, and what is held is waited for")
            }
        }
    }

    /// Says something before all else that is said of the call.
    pub(super) fn say_first(&mut self, said: String) {
        match self {
            Self::Done(reply, _) => response::say_first(reply, &said),
            Self::Sent(sent) => sent.said = Some(said),
            Self::Ask { .. } => {}
        }
    }

    /// What went wrong, if anything did.
    pub(super) fn error(&self) -> Option<&ToolError> {
        match self {
            Self::Done(_, error) => error.as_ref(),
            Self::Sent(sent) => sent.outcome.as_ref().err(),
            Self::Ask { .. } => None,
        }
    }

    pub(super) async fn done(
        session: &Session,
        known: &Known,
        outcome: Result<Answer, ToolError>,
        terms: Terms,
    ) -> Self {
        let error = outcome.as_ref().err().cloned();
        let keeper = Keeper { session, public_url: &known.public_url };
        Self::Done(response::render(&keeper, outcome, terms).await, error)
    }
}

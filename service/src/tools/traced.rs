//! What a trace and a recording keep of a call.

use tokio::time::Instant;

use super::answer::Answer;
use super::look::Known;
use super::{ToolError, describe, now_ms};
use crate::policy::Effect;
use crate::session::{Session, TargetReading, TracedCall};

/// A call that is being watched; made before it looks or acts.
pub(super) struct Watched {
    began: Instant,
    began_ms: u64,
}

impl Watched {
    pub fn begin() -> Self {
        Self { began: Instant::now(), began_ms: now_ms() }
    }

    /// It is about to act.
    pub fn acts(session: &Session, known: &Known) {
        if known.effect != Effect::Read {
            session.agent_begins();
        }
        // What this call begins by loading another page, the tab forgets of the one before.
        session.trace_requests();
    }

    /// It has acted.
    pub fn acted(session: &Session, known: &Known, outcome: &Result<Answer, ToolError>) {
        if known.effect != Effect::Read {
            session.agent_ended(outcome.as_ref().map(|answer| answer.code.as_slice()).unwrap_or_default());
        }
    }

    /// How it came out.
    pub fn ended(
        self,
        session: &Session,
        known: &Known,
        readings: &[TargetReading],
        outcome: &Result<Answer, ToolError>,
    ) {
        if !session.is_traced() {
            return;
        }
        session.traced(&TracedCall {
            tool: known.tool,
            what: describe::sentence(&known.verb, readings, known.to_url.as_deref()),
            code: outcome.as_ref().map(|answer| answer.code.clone()).unwrap_or_default(),
            error: outcome.as_ref().err().map(|error| error.what.clone()),
            began_ms: self.began_ms,
            took_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            url: session.current_tab().map(|page| page.url()).unwrap_or_default(),
        });
    }
}

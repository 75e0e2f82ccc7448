//! Writes down who looked and who drove.

use std::time::Duration;

use super::behind::Watched;
use crate::audit::{Kind, Line, Log};
use crate::auth::{Caller, Tenant, WallClock};

/// What a person did, as the audit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    BeganToLook,
    StoppedLooking { after: Duration },
    TookTheWheel,
    HandedBack,
}

/// The audit, as this room uses it. Never waits: what only looks must not.
#[derive(Clone)]
pub struct Witness {
    audit: Log,
    clock: WallClock,
}

impl Witness {
    /// Writes to this audit.
    #[must_use]
    pub fn new(audit: Log, clock: WallClock) -> Self {
        Self { audit, clock }
    }

    pub(super) fn saw(&self, session: &dyn Watched, who: &Caller, deed: Deed) {
        let (kind, text, took) = match deed {
            Deed::BeganToLook => (Kind::Viewer, "began to look", None),
            Deed::StoppedLooking { after } => (Kind::Viewer, "stopped looking", Some(after)),
            Deed::TookTheWheel => (Kind::Control, "took the wheel", None),
            Deed::HandedBack => (Kind::Control, "handed back", None),
        };
        let tenant = Tenant::new(&session.view().tenant);
        self.audit.note(Line {
            session: Some(session.id()),
            took_ms: took.and_then(|took| u64::try_from(took.as_millis()).ok()),
            ..Line::new(self.clock.now_ms(), kind, tenant, who.key().as_str(), format!("{} {text}", who.name()))
        });
    }
}

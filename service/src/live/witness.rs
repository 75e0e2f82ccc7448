//! Writes down who looked and who drove.

use std::time::Duration;

use super::behind::Watched;
use crate::audit::{Kind, Line, Log};
use crate::auth::{Caller, Tenant, WallClock};

/// What a person did, as the audit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    BeganToLook,
    StoppedLooking {
        after: Duration,
    },
    /// From whom, when somebody had it.
    TookTheWheel {
        from: Option<String>,
    },
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

    /// Milliseconds since the Unix epoch.
    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(super) fn saw(&self, session: &dyn Watched, who: &Caller, deed: Deed) {
        let (kind, text, took) = match deed {
            Deed::BeganToLook => (Kind::Viewer, "began to look".to_owned(), None),
            Deed::StoppedLooking { after } => (Kind::Viewer, "stopped looking".to_owned(), Some(after)),
            Deed::TookTheWheel { from: None } => (Kind::Control, "took the wheel".to_owned(), None),
            Deed::TookTheWheel { from: Some(from) } => (Kind::Control, format!("took the wheel from {from}"), None),
            Deed::HandedBack => (Kind::Control, "handed back".to_owned(), None),
        };
        let tenant = Tenant::new(&session.view().tenant);
        self.audit.note(Line {
            session: Some(session.id()),
            took_ms: took.and_then(|took| u64::try_from(took.as_millis()).ok()),
            ..Line::new(self.clock.now_ms(), kind, tenant, who.key().as_str(), format!("{} {text}", who.name()))
        });
    }
}

//! The life of a held call. Pure: told what happened and what time it is, it says what changes.
//!
//! ```text
//! pending ─┬─ approve ── approved ─┬─ begin ── running ─┬─ executed
//!          ├─ deny ───── denied    │                    ├─ stale            (the page had changed)
//!          ├─ late ───── expired   ├─ late ──── stale   └─ outcome_unknown  (died, or the service did)
//!          └─ gone ───── withdrawn └─ gone ──── stale
//! ```
//! A restart counts as gone for all that have not begun, and as unknown for the one that was running.

use helmwatch_protocol::ApprovalState;

/// Where a held call is. `Running` is ours alone: people see it as approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Pending,
    Approved,
    /// The call has been let go and may have reached the page.
    Running,
    Denied,
    Expired,
    Withdrawn,
    Stale,
    Executed,
    OutcomeUnknown,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Approved,
        Self::Running,
        Self::Denied,
        Self::Expired,
        Self::Withdrawn,
        Self::Stale,
        Self::Executed,
        Self::OutcomeUnknown,
    ];

    /// The word it is stored by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
            Self::Executed => "executed",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// As people see it.
    #[must_use]
    pub const fn wire(self) -> ApprovalState {
        match self {
            Self::Pending => ApprovalState::Pending,
            Self::Approved | Self::Running => ApprovalState::Approved,
            Self::Denied => ApprovalState::Denied,
            Self::Expired => ApprovalState::Expired,
            Self::Withdrawn => ApprovalState::Withdrawn,
            Self::Stale => ApprovalState::Stale,
            Self::Executed => ApprovalState::Executed,
            Self::OutcomeUnknown => ApprovalState::OutcomeUnknown,
        }
    }

    /// Is its life over?
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Approved | Self::Running)
    }

    /// Grows with every step of a life: news that arrives out of order is told by it.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Approved => 1,
            Self::Running => 2,
            _ => 3,
        }
    }
}

/// What the machine looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) state: State,
    pub(super) expires_at: u64,
    pub(super) use_by: Option<u64>,
}

/// What time it is, by both clocks. Either one alone can end a wait; neither can extend it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) wall_ms: u64,
    /// Has the monotonic deadline of the present state passed?
    pub(super) deadline_passed: bool,
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Approve {
        by: String,
        reason: Option<String>,
        use_for_ms: u64,
    },
    Deny {
        by: String,
        reason: Option<String>,
    },
    /// Time passed.
    Tick,
    /// The session or its agent is gone.
    Withdraw {
        reason: String,
    },
    /// The call is about to act.
    Begin,
    /// The call is over, or was found impossible before it began (`Stale` only).
    Finish {
        state: State,
        note: Option<String>,
    },
    /// The service starts; whatever call this was, it is gone.
    Restart,
}

/// One step of a life, as the ledger stores it: it takes effect only where `from` still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub from: State,
    pub to: State,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Who decided, when a person did.
    pub by: Option<String>,
    /// What that person wrote.
    pub reason: Option<String>,
    /// Why it went so, when nobody decided.
    pub note: Option<String>,
    /// Set by an approval: until when it may be used.
    pub use_by: Option<u64>,
}

/// What follows from an event; `None`: nothing changes.
pub(super) fn step(life: Life, event: Event, now: Now) -> Option<Change> {
    let to =
        |to: State| Change { from: life.state, to, at: now.wall_ms, by: None, reason: None, note: None, use_by: None };
    let noted = |state: State, note: &str| Some(Change { note: Some(note.to_owned()), ..to(state) });
    let late = now.deadline_passed
        || match life.state {
            State::Pending => now.wall_ms >= life.expires_at,
            State::Approved => life.use_by.is_none_or(|use_by| now.wall_ms >= use_by),
            _ => false,
        };
    match (life.state, event) {
        // Late is no, whatever came: also a decision that arrives before the clock task noticed.
        (State::Pending, Event::Approve { .. } | Event::Deny { .. } | Event::Tick | Event::Restart) if late => {
            noted(State::Expired, "nobody answered in time")
        }
        (State::Approved, Event::Begin | Event::Tick) if late => {
            noted(State::Stale, "approved, but the call did not come back in time")
        }
        (State::Pending, Event::Approve { by, reason, use_for_ms }) => Some(Change {
            by: Some(by),
            reason,
            use_by: Some(now.wall_ms.saturating_add(use_for_ms)),
            ..to(State::Approved)
        }),
        (State::Pending, Event::Deny { by, reason }) => Some(Change { by: Some(by), reason, ..to(State::Denied) }),
        (State::Pending, Event::Withdraw { reason }) => noted(State::Withdrawn, &reason),
        (State::Pending, Event::Restart) => noted(State::Withdrawn, "the service was restarted"),
        (State::Approved, Event::Begin) => Some(to(State::Running)),
        (State::Approved, Event::Withdraw { reason }) => noted(State::Stale, &reason),
        (State::Approved, Event::Restart) => {
            noted(State::Stale, "approved, but the service was restarted before it ran")
        }
        (State::Approved, Event::Finish { state: State::Stale, note }) => Some(Change { note, ..to(State::Stale) }),
        (State::Running, Event::Finish { state, note }) if state.is_final() => Some(Change { note, ..to(state) }),
        (State::Running, Event::Restart) => {
            noted(State::OutcomeUnknown, "the service ended while the call was running")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn life(state: State) -> Life {
        Life { state, expires_at: 1_000, use_by: (state != State::Pending).then_some(2_000) }
    }

    fn now(wall_ms: u64) -> Now {
        Now { wall_ms, deadline_passed: false }
    }

    fn approve() -> Event {
        Event::Approve { by: "ann".into(), reason: None, use_for_ms: 500 }
    }

    fn deny() -> Event {
        Event::Deny { by: "ann".into(), reason: Some("no".into()) }
    }

    fn to(state: State, event: Event, now: Now) -> Option<State> {
        step(life(state), event, now).map(|change| change.to)
    }

    #[test]
    fn a_late_yes_is_not_a_yes() {
        assert_eq!(to(State::Pending, approve(), now(999)), Some(State::Approved));
        assert_eq!(to(State::Pending, approve(), now(1_000)), Some(State::Expired));
        assert_eq!(to(State::Pending, deny(), now(1_000)), Some(State::Expired));
        // The wall clock was set back: the other clock still ends it.
        assert_eq!(to(State::Pending, approve(), Now { wall_ms: 0, deadline_passed: true }), Some(State::Expired));
    }

    #[test]
    fn an_approval_nobody_comes_back_for_goes_stale() {
        assert_eq!(to(State::Approved, Event::Tick, now(1_999)), None);
        assert_eq!(to(State::Approved, Event::Begin, now(1_999)), Some(State::Running));
        assert_eq!(to(State::Approved, Event::Begin, now(2_000)), Some(State::Stale));
        assert_eq!(to(State::Approved, Event::Tick, now(2_000)), Some(State::Stale));
    }

    #[test]
    fn a_restart_is_no_and_never_runs_anything_again() {
        assert_eq!(to(State::Pending, Event::Restart, now(10)), Some(State::Withdrawn));
        assert_eq!(to(State::Pending, Event::Restart, now(1_000)), Some(State::Expired));
        assert_eq!(to(State::Approved, Event::Restart, now(10)), Some(State::Stale));
        assert_eq!(to(State::Running, Event::Restart, now(10)), Some(State::OutcomeUnknown));
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(approve()),
            Just(deny()),
            Just(Event::Tick),
            Just(Event::Begin),
            Just(Event::Restart),
            Just(Event::Withdraw { reason: "gone".into() }),
            (0_usize..9).prop_map(|at| Event::Finish { state: State::ALL[at], note: None }),
        ]
    }

    proptest! {
        #[test]
        fn every_life_goes_forward_runs_once_and_only_after_a_timely_yes(
            events in prop::collection::vec((event(), 0_u64..400, any::<bool>()), 0..40)
        ) {
            let mut wall_ms = 0;
            let mut present = life(State::Pending);
            let (mut approved_at, mut runs) = (None, 0);
            for (event, passed, jump) in events {
                wall_ms += passed;
                let now = Now { wall_ms, deadline_passed: jump && passed > 390 };
                let asked = matches!(event, Event::Approve { .. });
                if let Some(change) = step(present, event, now) {
                    prop_assert!(!present.state.is_final(), "nothing leaves a final state");
                    prop_assert!(change.to.rank() > present.state.rank());
                    prop_assert_eq!(change.from, present.state);
                    if change.to == State::Approved {
                        prop_assert!(asked && wall_ms < present.expires_at && !now.deadline_passed);
                        approved_at = Some(wall_ms);
                    }
                    if change.to == State::Running {
                        runs += 1;
                        prop_assert!(approved_at.is_some_and(|at| wall_ms < at + 500));
                    }
                    if change.to == State::Executed || change.to == State::OutcomeUnknown {
                        prop_assert_eq!(runs, 1);
                    }
                    present = Life { state: change.to, use_by: change.use_by.or(present.use_by), ..present };
                }
            }
            prop_assert!(runs <= 1);
        }
    }
}

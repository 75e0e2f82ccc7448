//! The life of a held call. Pure: told what happened and what time it is, it says what changes.
//!
//! ```text
//! pending ─┬─ approve ─── approved ─┬─ begin ── running ─┬─ executed
//!          ├─ edit ────── edited ───┤                    ├─ stale            (the page had changed)
//!          ├─ deny ────── denied    ├─ late ──── stale   └─ outcome_unknown  (died, or the service did)
//!          ├─ late ────── expired   └─ gone ──── stale
//!          ├─ take over ─ withdrawn
//!          └─ gone ────── withdrawn
//! ```
//! Where a rule wants several people, a yes that is not the last one leaves it pending with one yes more; one no is a no.
//! A restart counts as gone for all that have not begun, and as unknown for the one that was running.

use helmwatch_protocol::{ApprovalState, EditView};

use super::{GrantRecord, Yes};

/// Where a held call is. `Running` is ours alone: people see it as approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Pending,
    Approved,
    /// Approved with other arguments than the agent's.
    Edited,
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
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Approved,
        Self::Edited,
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
            Self::Edited => "edited",
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
            Self::Edited => ApprovalState::Edited,
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
        !matches!(self, Self::Pending | Self::Approved | Self::Edited | Self::Running)
    }

    /// Has a person let it go, and it has not begun?
    #[must_use]
    pub const fn is_let_go(self) -> bool {
        matches!(self, Self::Approved | Self::Edited)
    }

    /// Grows with every step of a life: news that arrives out of order is told by it.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Approved | Self::Edited => 1,
            Self::Running => 2,
            _ => 3,
        }
    }
}

/// What the machine looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life<'a> {
    pub(super) state: State,
    pub(super) expires_at: u64,
    pub(super) use_by: Option<u64>,
    /// Those who have said yes.
    pub(super) yes: &'a [Yes],
    /// How many must.
    pub(super) approvers: u32,
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
        yes: Yes,
        use_for_ms: u64,
        /// Given together with the last yes.
        grant: Option<Box<GrantRecord>>,
    },
    /// A yes to something else than was asked; `edit` is in words, secrets masked.
    Edit {
        yes: Yes,
        use_for_ms: u64,
        edit: EditView,
    },
    /// A person does it themselves.
    TakeOver {
        by: String,
        reason: Option<String>,
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
    /// How many had said yes: it takes effect only where that still holds, too.
    pub yes_before: usize,
    /// One more.
    pub yes: Option<Yes>,
    /// What a person made of the call.
    pub edit: Option<EditView>,
    /// Kept in the same step.
    pub grant: Option<Box<GrantRecord>>,
}

/// What follows from an event; `None`: nothing changes.
pub(super) fn step(life: Life<'_>, event: Event, now: Now) -> Option<Change> {
    let to = |to: State| Change {
        from: life.state,
        to,
        at: now.wall_ms,
        by: None,
        reason: None,
        note: None,
        use_by: None,
        yes_before: life.yes.len(),
        yes: None,
        edit: None,
        grant: None,
    };
    let noted = |state: State, note: &str| Some(Change { note: Some(note.to_owned()), ..to(state) });
    let late = now.deadline_passed
        || match life.state {
            State::Pending => now.wall_ms >= life.expires_at,
            State::Approved | State::Edited => life.use_by.is_none_or(|use_by| now.wall_ms >= use_by),
            _ => false,
        };
    match (life.state, event) {
        // Late is no, whatever came: also a decision that arrives before the clock task noticed.
        (
            State::Pending,
            Event::Approve { .. }
            | Event::Edit { .. }
            | Event::TakeOver { .. }
            | Event::Deny { .. }
            | Event::Tick
            | Event::Restart,
        ) if late => noted(State::Expired, "nobody answered in time"),
        (State::Approved | State::Edited, Event::Begin | Event::Tick) if late => {
            noted(State::Stale, "approved, but the call did not come back in time")
        }
        // One person is one yes, however often they say it.
        (State::Pending, Event::Approve { yes, .. }) if life.yes.iter().any(|one| one.key == yes.key) => None,
        (State::Pending, Event::Approve { yes, .. }) if life.yes.len() + 1 < life.approvers as usize => {
            Some(Change { yes: Some(yes), ..to(State::Pending) })
        }
        (State::Pending, Event::Approve { yes, use_for_ms, grant }) => Some(Change {
            by: Some(names(life.yes, &yes)),
            reason: yes.reason.clone(),
            use_by: Some(now.wall_ms.saturating_add(use_for_ms)),
            yes: Some(yes),
            grant,
            ..to(State::Approved)
        }),
        // Where several decide, each says yes to what all of them see: nobody's edit.
        (State::Pending, Event::Edit { .. }) if life.approvers > 1 => None,
        (State::Pending, Event::Edit { yes, use_for_ms, edit }) => Some(Change {
            by: Some(yes.by.clone()),
            reason: yes.reason.clone(),
            use_by: Some(now.wall_ms.saturating_add(use_for_ms)),
            yes: Some(yes),
            edit: Some(edit),
            ..to(State::Edited)
        }),
        (State::Pending, Event::TakeOver { by, reason }) => {
            let note = format!("{by} took over");
            Some(Change { by: Some(by), reason, note: Some(note), ..to(State::Withdrawn) })
        }
        (State::Pending, Event::Deny { by, reason }) => Some(Change { by: Some(by), reason, ..to(State::Denied) }),
        (State::Pending, Event::Withdraw { reason }) => noted(State::Withdrawn, &reason),
        (State::Pending, Event::Restart) => noted(State::Withdrawn, "the service was restarted"),
        (State::Approved | State::Edited, Event::Begin) => Some(to(State::Running)),
        (State::Approved | State::Edited, Event::Withdraw { reason }) => noted(State::Stale, &reason),
        (State::Approved | State::Edited, Event::Restart) => {
            noted(State::Stale, "approved, but the service was restarted before it ran")
        }
        (State::Approved | State::Edited, Event::Finish { state: State::Stale, note }) => {
            Some(Change { note, ..to(State::Stale) })
        }
        (State::Running, Event::Finish { state, note }) if state.is_final() => Some(Change { note, ..to(state) }),
        (State::Running, Event::Restart) => {
            noted(State::OutcomeUnknown, "the service ended while the call was running")
        }
        _ => None,
    }
}

/// All who said yes, in their order.
fn names(before: &[Yes], last: &Yes) -> String {
    before.iter().chain([last]).map(|yes| yes.by.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod schedules;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::KeyId;

    fn life(state: State) -> Life<'static> {
        Life { state, expires_at: 1_000, use_by: (state != State::Pending).then_some(2_000), yes: &[], approvers: 1 }
    }

    fn yes(who: &str) -> Yes {
        Yes { key: KeyId::new(who), by: who.into(), at: 0, reason: None }
    }

    fn now(wall_ms: u64) -> Now {
        Now { wall_ms, deadline_passed: false }
    }

    fn approve() -> Event {
        Event::Approve { yes: yes("ann"), use_for_ms: 500, grant: None }
    }

    fn edit() -> Event {
        let edit = EditView { what: "text".into(), summary: "Type".into(), fields: Vec::new() };
        Event::Edit { yes: yes("ann"), use_for_ms: 500, edit }
    }

    fn take_over() -> Event {
        Event::TakeOver { by: "ann".into(), reason: None }
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
    fn an_edit_is_a_yes_with_the_same_limits() {
        assert_eq!(to(State::Pending, edit(), now(999)), Some(State::Edited));
        assert_eq!(to(State::Pending, edit(), now(1_000)), Some(State::Expired));
        assert_eq!(to(State::Edited, Event::Begin, now(1_999)), Some(State::Running));
        assert_eq!(to(State::Edited, Event::Begin, now(2_000)), Some(State::Stale));
        for done in [approve(), edit(), deny(), take_over()] {
            assert_eq!(to(State::Edited, done, now(1_500)), None, "the first decision counts");
        }
        assert_eq!(to(State::Edited, Event::Restart, now(10)), Some(State::Stale));
        let several = Life { approvers: 2, ..life(State::Pending) };
        assert_eq!(step(several, edit(), now(1)), None, "nobody edits what others say yes to");
    }

    #[test]
    fn who_takes_over_ends_the_call_and_is_named() {
        let change = step(life(State::Pending), take_over(), now(1)).unwrap();
        assert_eq!((change.to, change.by.as_deref()), (State::Withdrawn, Some("ann")));
        assert_eq!(to(State::Pending, take_over(), now(1_000)), Some(State::Expired));
        assert_eq!(to(State::Approved, take_over(), now(1)), None);
    }

    #[test]
    fn so_many_different_people_must_say_yes_and_one_no_is_a_no() {
        let pending = Life { approvers: 3, ..life(State::Pending) };
        let first = step(pending, approve(), now(1)).unwrap();
        assert_eq!((first.to, first.yes_before, first.yes.map(|yes| yes.by)), (State::Pending, 0, Some("ann".into())));
        assert_eq!(first.by, None, "nothing is decided");
        let said = [yes("ann"), yes("ben")];
        let twice = Life { yes: &said[..1], ..pending };
        assert_eq!(step(twice, approve(), now(1)), None, "one person, one yes");
        let other = |who: &str| Event::Approve { yes: yes(who), use_for_ms: 500, grant: None };
        assert_eq!(step(twice, other("ben"), now(1)).map(|change| change.to), Some(State::Pending));
        assert_eq!(step(twice, other("ben"), now(1_000)).map(|change| change.to), Some(State::Expired));
        let last = step(Life { yes: &said, ..pending }, other("cem"), now(1)).unwrap();
        assert_eq!((last.to, last.by.as_deref(), last.use_by), (State::Approved, Some("ann, ben, cem"), Some(501)));
        let no = step(Life { yes: &said, ..pending }, deny(), now(1)).unwrap();
        assert_eq!(no.to, State::Denied);
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
            Just(edit()),
            Just(take_over()),
            Just(Event::Approve { yes: yes("ben"), use_for_ms: 500, grant: None }),
            Just(Event::Tick),
            Just(Event::Begin),
            Just(Event::Restart),
            Just(Event::Withdraw { reason: "gone".into() }),
            (0_usize..10).prop_map(|at| Event::Finish { state: State::ALL[at], note: None }),
        ]
    }

    proptest! {
        #[test]
        fn every_life_goes_forward_runs_once_and_only_after_a_timely_yes_of_enough_people(
            events in prop::collection::vec((event(), 0_u64..400, any::<bool>()), 0..40),
            approvers in 1_u32..3,
        ) {
            let mut wall_ms = 0;
            let mut said: Vec<Yes> = Vec::new();
            let (mut state, mut use_by) = (State::Pending, None);
            let (mut approved_at, mut runs) = (None, 0);
            for (event, passed, jump) in events {
                wall_ms += passed;
                let now = Now { wall_ms, deadline_passed: jump && passed > 390 };
                let asked = matches!(event, Event::Approve { .. } | Event::Edit { .. });
                let present = Life { use_by, yes: &said, approvers, ..life(state) };
                if let Some(change) = step(present, event, now) {
                    prop_assert!(!state.is_final(), "nothing leaves a final state");
                    prop_assert_eq!((change.from, change.yes_before), (state, said.len()));
                    if change.to == State::Pending {
                        prop_assert!(change.yes.is_some() && said.len() + 1 < approvers as usize);
                    } else {
                        prop_assert!(change.to.rank() > state.rank());
                    }
                    if let Some(one) = change.yes {
                        prop_assert!(said.iter().all(|other| other.key != one.key), "different people");
                        said.push(one);
                    }
                    if change.to.is_let_go() {
                        prop_assert!(asked && wall_ms < present_expiry() && !now.deadline_passed);
                        prop_assert_eq!(said.len(), approvers as usize);
                        approved_at = Some(wall_ms);
                    }
                    if change.to == State::Running {
                        runs += 1;
                        prop_assert!(approved_at.is_some_and(|at| wall_ms < at + 500));
                    }
                    if change.to == State::Executed || change.to == State::OutcomeUnknown {
                        prop_assert_eq!(runs, 1);
                    }
                    state = change.to;
                    use_by = change.use_by.or(use_by);
                }
            }
            prop_assert!(runs <= 1);
        }
    }

    fn present_expiry() -> u64 {
        life(State::Pending).expires_at
    }
}

//! The race to decide, under schedules that `shuttle` chooses: everybody looks, steps by the rule and stores where nothing has changed since, as
//! the desk does with its ledger.

use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::thread::{self, JoinHandle};

use super::*;
use crate::auth::KeyId;

/// Schedules in an ordinary run; `HELMWATCH_SEEDS` for as many as one likes.
fn schedules() -> usize {
    std::env::var("HELMWATCH_SEEDS").map_or(500, |text| text.parse().expect("a number"))
}

/// One card as the ledger keeps it, and every step it took.
#[derive(Default)]
struct Kept {
    card: Mutex<Card>,
}

#[derive(Clone)]
struct Card {
    state: State,
    yes: Vec<Yes>,
    use_by: Option<u64>,
    steps: Vec<State>,
}

impl Default for Card {
    fn default() -> Self {
        Self { state: State::Pending, yes: Vec::new(), use_by: None, steps: Vec::new() }
    }
}

const APPROVERS: u32 = 2;

impl Kept {
    fn look(&self) -> Card {
        self.card.lock().unwrap().clone()
    }

    /// Compare and set, as [`super::super::Ledger::change`] asks for.
    fn store(&self, change: &Change) -> bool {
        let mut card = self.card.lock().unwrap();
        if card.state != change.from || card.yes.len() != change.yes_before {
            return false;
        }
        card.state = change.to;
        card.yes.extend(change.yes.clone());
        card.use_by = change.use_by.or(card.use_by);
        card.steps.push(change.to);
        true
    }

    /// What this very event led to; `None` when it changed nothing.
    fn advance(&self, event: &Event, wall_ms: u64) -> Option<State> {
        loop {
            let card = self.look();
            let life = Life {
                state: card.state,
                expires_at: 1_000,
                use_by: card.use_by,
                yes: &card.yes,
                approvers: APPROVERS,
            };
            let change = step(life, event.clone(), Now { wall_ms, deadline_passed: false })?;
            if self.store(&change) {
                return Some(change.to);
            }
        }
    }
}

fn acts(kept: &Arc<Kept>, event: Event, wall_ms: u64) -> JoinHandle<Option<State>> {
    let kept = Arc::clone(kept);
    thread::spawn(move || kept.advance(&event, wall_ms))
}

fn approve(who: &str) -> Event {
    let yes = Yes { key: KeyId::new(who), by: who.into(), at: 0, reason: None };
    Event::Approve { yes, use_for_ms: 500, grant: None }
}

fn deny() -> Event {
    Event::Deny { by: "dan".into(), reason: None }
}

/// Two say yes (one of them twice), one says no, the time runs out, the session goes and two calls begin, all at once.
#[test]
fn one_decision_wins_whoever_is_faster_and_only_two_different_yes_let_the_call_go_once() {
    shuttle::check_random(
        || {
            let kept = Arc::new(Kept::default());
            let people =
                [acts(&kept, approve("ann"), 1), acts(&kept, approve("ann"), 1), acts(&kept, approve("ben"), 1)];
            let no = acts(&kept, deny(), 1);
            let others = [acts(&kept, Event::Tick, 1_000), acts(&kept, Event::Withdraw { reason: "gone".into() }, 2)];
            let calls = [acts(&kept, Event::Begin, 3), acts(&kept, Event::Begin, 3)];
            let said: Vec<_> = people.into_iter().map(|one| one.join().unwrap()).collect();
            let denied = no.join().unwrap() == Some(State::Denied);
            let others: Vec<_> = others.into_iter().map(|one| one.join().unwrap()).collect();
            let begun =
                calls.into_iter().filter_map(|one| one.join().unwrap()).filter(|to| *to == State::Running).count();

            let card = kept.look();
            let decided = said.iter().filter(|to| **to == Some(State::Approved)).count() + usize::from(denied);
            let ended = others.iter().flatten().filter(|to| matches!(to, State::Expired | State::Withdrawn)).count();
            assert_eq!(decided + ended, 1, "pending is left once: {:?}", card.steps);
            let let_go = card.steps.contains(&State::Approved);
            assert_eq!(let_go, card.yes.len() == 2, "{:?} by {:?}", card.steps, card.yes);
            assert!(card.yes.iter().all(|one| card.yes.iter().filter(|other| other.key == one.key).count() == 1));
            assert!(begun <= 1 && (let_go || begun == 0), "{:?}", card.steps);
            let ranks: Vec<u8> = card.steps.iter().map(|state| state.rank()).collect();
            assert!(ranks.is_sorted(), "{:?}", card.steps);
        },
        schedules(),
    );
}

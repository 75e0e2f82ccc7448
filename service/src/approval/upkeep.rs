//! What the desk does by itself: ends what a restart left open, ends what is late, forgets what is old.

use std::time::Duration;

use helmwatch_protocol::ApprovalId;
use tokio::time::Instant;

use super::board::Entry;
use super::cards::LIST_MAX;
use super::desk::milliseconds;
use super::machine::{Event, Now, step};
use super::{Desk, Filter, State};
use crate::auth::NotKept;

/// The longest the desk sleeps while a card is open: so late it may notice that the wall clock was moved.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often old cards are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

impl Desk {
    /// Restart is no: ends whatever a former process left open.
    pub(super) async fn recover(&self) -> Result<(), NotKept> {
        let states: Vec<State> = State::ALL.into_iter().filter(|state| !state.is_final()).collect();
        loop {
            let filter = Filter { tenant: None, session: None, states: states.clone(), count_max: LIST_MAX };
            let open = self.inner.ledger.list(&filter).await?;
            if open.is_empty() {
                // In doubt nothing is let through: a person gives it again.
                let at = self.inner.clock.now_ms();
                self.inner.ledger.end_grants(None, at, "service", "the service was restarted").await?;
                return Ok(());
            }
            for record in open {
                let now = Now { wall_ms: self.inner.clock.now_ms(), deadline_passed: false };
                if let Some(change) = step(record.life(), Event::Restart, now) {
                    self.inner.ledger.change(&record.id, &change).await?;
                    tracing::warn!(approval = %record.id, to = change.to.word(), "approval ended by the restart");
                }
            }
        }
    }

    /// The clock task: ends what is late, tries again what could not be stored, forgets what is old.
    pub(super) async fn keep_time(self) {
        let mut prune_at = Instant::now();
        loop {
            let due = {
                let board = self.board();
                let look_at = (!board.is_empty()).then(|| Instant::now() + LOOK_EVERY);
                [board.next_due(), look_at, Some(prune_at)].into_iter().flatten().min()
            };
            if let Some(due) = due {
                tokio::select! {
                    () = tokio::time::sleep_until(due) => {}
                    () = self.inner.added.notified() => continue,
                }
            }
            self.tick().await;
            if Instant::now() >= prune_at {
                prune_at = Instant::now() + PRUNE_EVERY;
                self.prune().await;
            }
        }
    }

    async fn tick(&self) {
        let wall_ms = self.inner.clock.now_ms();
        let due: Vec<(ApprovalId, Event)> = {
            let mut board = self.board();
            board.sweep(self.inner.limits.untold_for);
            let event_of = |entry: &Entry| match &entry.unkept {
                Some((state, note)) => Some(Event::Finish { state: *state, note: note.clone() }),
                None => step(entry.life(), Event::Tick, entry.now(wall_ms)).map(|_| Event::Tick),
            };
            board.iter().filter_map(|entry| Some((entry.record.id.clone(), event_of(entry)?))).collect()
        };
        let mut failed = self.end_spent_grants(wall_ms).await.err();
        for (id, event) in due {
            if let Err(why) = self.advance(&id, event).await {
                failed = Some(why);
            }
        }
        if let Some(why) = failed {
            tracing::error!(error = %why, hint = why.hint(), "approvals could not be ended on disk; trying again");
            // A due deadline that cannot be stored must not become a busy loop.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn prune(&self) {
        let now = self.inner.clock.now_ms();
        let before = |age: Duration| now.saturating_sub(milliseconds(age));
        let limits = &self.inner.limits;
        if let Err(why) = self.inner.ledger.prune(before(limits.pictures_for), before(limits.cards_for)).await {
            tracing::warn!(error = %why, "old approvals could not be pruned");
        }
    }
}

//! One step of a card's life: decided purely, stored, and only then shown and woken on.

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::ApprovalId;
use metrics::{counter, histogram};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::board::Standing;
use super::machine::{Event, step};
use super::{Change, Changed, Desk, Record, State};
use crate::auth::{NotKept, NotKeptReason};
use crate::telemetry::names;

/// How often a change is tried again that lost against another. Each loss is a step forward, and a life has four, and a yes of ten
/// people at most.
const TRIES_MAX: usize = 16;

/// How long an edit that is on disk may take to be seen in memory: a moment of another task.
const EDITED_WAIT: Duration = Duration::from_secs(2);

impl Desk {
    /// Takes one step, in a task of its own. Answers the state that this very step led to (`None`: it changed nothing) and the
    /// record as it stands; nothing when there is no such card.
    pub(super) async fn advance(
        &self,
        id: &ApprovalId,
        event: Event,
    ) -> Result<Option<(Option<State>, Record)>, NotKept> {
        self.advance_with(id, event, None).await
    }

    /// The same; `edited` are the arguments of an edit.
    pub(super) async fn advance_with(
        &self,
        id: &ApprovalId,
        event: Event,
        edited: Option<Arc<Map<String, Value>>>,
    ) -> Result<Option<(Option<State>, Record)>, NotKept> {
        let (desk, id) = (self.clone(), id.clone());
        let stepped = self.inner.tasks.spawn(async move { desk.take_step(&id, &event, edited.as_ref()).await }).await;
        stepped.unwrap_or_else(|_| Err(task_died()))
    }

    async fn take_step(
        &self,
        id: &ApprovalId,
        event: &Event,
        edited: Option<&Arc<Map<String, Value>>>,
    ) -> Result<Option<(Option<State>, Record)>, NotKept> {
        for _ in 0..TRIES_MAX {
            let wall_ms = self.inner.clock.now_ms();
            let next = self
                .board()
                .get(id)
                .map(|entry| (step(entry.life(), event.clone(), entry.now(wall_ms)), entry.record.clone()));
            let Some((change, record)) = next else {
                // Not on the board: its life is over.
                return Ok(self.inner.ledger.get(id).await?.map(|record| (None, record)));
            };
            let Some(change) = change else { return Ok(Some((None, record))) };
            if let Some(record) = self.store_change(id, &change, edited).await? {
                return Ok(Some((Some(change.to), record)));
            }
        }
        Err(NotKept::new(NotKeptReason::Busy, "the approval changed too often at once"))
    }

    /// `None`: another change was first, and the board shows it now.
    async fn store_change(
        &self,
        id: &ApprovalId,
        change: &Change,
        edited: Option<&Arc<Map<String, Value>>>,
    ) -> Result<Option<Record>, NotKept> {
        let changed = self.inner.ledger.change(id, change).await?;
        if matches!(&changed, Changed::Lost(record) if record.state == State::Edited) {
            return self.edit_seen(id).await.map(|()| None);
        }
        let mut board = self.board();
        match changed {
            Changed::Done(record) => {
                tracing::info!(approval = %id, from = change.from.word(), to = change.to.word(), "approval changed");
                count(change, record.asked_at);
                if let (State::Edited, Some(entry)) = (change.to, board.get_mut(id)) {
                    // Before the call wakes on it.
                    entry.edited = edited.cloned();
                }
                if let Some(grant) = &change.grant {
                    let left = grant.expires_at.saturating_sub(change.at);
                    let until = Instant::now() + Duration::from_millis(left);
                    board.publish_grant(grant);
                    board.grants.insert(grant.id.clone(), Standing { record: (**grant).clone(), until });
                }
                board.mirror(&record, self.inner.limits.approved_for);
                drop(board);
                self.inner.added.notify_one();
                Ok(Some(*record))
            }
            Changed::Lost(record) => {
                board.mirror(&record, self.inner.limits.approved_for);
                Ok(None)
            }
            Changed::Missing => {
                board.release(id);
                Err(NotKept::new(NotKeptReason::Failed, "the approval is gone from the ledger"))
            }
        }
    }

    /// Another's edit was first. Whoever made it has the new arguments, and puts them on the board before anybody wakes: so it is theirs
    /// to show the change there, too.
    async fn edit_seen(&self, id: &ApprovalId) -> Result<(), NotKept> {
        let Some(mut state) = self.board().get(id).map(|entry| entry.state.subscribe()) else { return Ok(()) };
        let seen = tokio::time::timeout(EDITED_WAIT, state.wait_for(|state| *state != State::Pending)).await;
        seen.map(drop).map_err(|_| NotKept::new(NotKeptReason::Busy, "an edit of the same call is on its way"))
    }
}

pub(super) fn task_died() -> NotKept {
    NotKept::new(NotKeptReason::Failed, "the task that stored it ended early")
}

/// A change that is written down, `asked_at` milliseconds since the epoch.
fn count(change: &Change, asked_at: u64) {
    if change.to == change.from {
        return;
    }
    counter!(names::APPROVALS, "state" => change.to.word()).increment(1);
    if matches!(change.to, State::Approved | State::Edited | State::Denied) {
        let took = Duration::from_millis(change.at.saturating_sub(asked_at));
        histogram!(names::APPROVAL_SECONDS).record(took.as_secs_f64());
    }
}

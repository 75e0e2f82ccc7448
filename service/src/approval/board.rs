//! The cards whose life is not over, in memory: a mirror of the ledger that calls can wait on.
//!
//! Only what the ledger has confirmed is written here, so nobody ever wakes on something that is not on disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::{ApprovalId, GrantId, SessionId};
use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::machine::{Life, Now};
use super::own_client::Offers;
use super::{AskError, DeskLimits, GrantRecord, Notice, Record, State};
use crate::auth::{KeyId, Tenant};

/// Ended cards kept for a call that has not heard yet; beyond it the oldest are forgotten and the call asks anew.
const UNTOLD_MAX: usize = 1_024;

pub(super) struct Entry {
    pub(super) record: Record,
    /// False while the ledger is still writing it: it holds its place, but nobody sees it.
    pub(super) stored: bool,
    /// By the monotonic clock: the end of waiting, then of the approval's use.
    pub(super) deadline: Instant,
    pub(super) state: watch::Sender<State>,
    /// Has the waiting call heard the end?
    pub(super) told: bool,
    /// Since when it is over.
    over_since: Option<Instant>,
    /// An end that happened but could not be stored yet; tried again at every tick.
    pub(super) unkept: Option<(State, Option<String>)>,
    pub(super) offers: Offers,
    /// The arguments of the call as a person changed it. Never on disk: they may hold what nobody is to read.
    pub(super) edited: Option<Arc<Map<String, Value>>>,
}

impl Entry {
    pub(super) fn life(&self) -> Life<'_> {
        self.record.life()
    }

    pub(super) fn now(&self, wall_ms: u64) -> Now {
        let timed = self.record.state == State::Pending || self.record.state.is_let_go();
        Now { wall_ms, deadline_passed: timed && Instant::now() >= self.deadline }
    }
}

/// Which repeated call is meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallMark<'a> {
    pub(super) session: &'a SessionId,
    pub(super) owner: &'a KeyId,
    pub(super) tool: &'a str,
    pub(super) digest: &'a [u8; 32],
}

/// A grant that stands.
pub(super) struct Standing {
    pub(super) record: GrantRecord,
    /// By the monotonic clock: setting the other one back prolongs nothing.
    pub(super) until: Instant,
}

pub(super) struct Board {
    entries: HashMap<ApprovalId, Entry>,
    /// Bounded by `grants_max`.
    pub(super) grants: HashMap<GrantId, Standing>,
    /// Bounded; a reader that is behind is told so.
    pub(super) news: broadcast::Sender<(Tenant, Notice)>,
}

impl Board {
    pub(super) fn new(news_max: usize) -> Self {
        Self { entries: HashMap::new(), grants: HashMap::new(), news: broadcast::Sender::new(news_max) }
    }

    pub(super) fn get(&self, id: &ApprovalId) -> Option<&Entry> {
        self.entries.get(id).filter(|entry| entry.stored)
    }

    pub(super) fn get_mut(&mut self, id: &ApprovalId) -> Option<&mut Entry> {
        self.entries.get_mut(id).filter(|entry| entry.stored)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.stored)
    }

    /// Takes a place for a card that is about to be stored.
    pub(super) fn reserve(&mut self, record: Record, ttl: Duration, limits: &DeskLimits) -> Result<(), AskError> {
        let open = |fits: &dyn Fn(&Record) -> bool| {
            self.entries.values().filter(|entry| entry.record.state == State::Pending && fits(&entry.record)).count()
        };
        let card = &record.card;
        for (whose, count_max, count) in [
            ("session", limits.pending_per_session_max, open(&|other| other.card.session == card.session)),
            ("tenant", limits.pending_per_tenant_max, open(&|other| other.card.tenant == card.tenant)),
            ("service", limits.pending_max, open(&|_| true)),
        ] {
            if count >= count_max {
                return Err(AskError::Full { whose, count_max });
            }
        }
        let entry = Entry {
            stored: false,
            deadline: Instant::now() + ttl,
            state: watch::Sender::new(record.state),
            told: false,
            over_since: None,
            unkept: None,
            offers: Offers::default(),
            edited: None,
            record,
        };
        self.entries.insert(entry.record.id.clone(), entry);
        Ok(())
    }

    /// The card is on disk: show it.
    pub(super) fn confirm(&mut self, id: &ApprovalId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.stored = true;
            publish(&self.news, &entry.record);
        }
    }

    /// The card could not be stored: give its place back.
    pub(super) fn release(&mut self, id: &ApprovalId) {
        self.entries.remove(id);
    }

    /// What the ledger says of a card. Older news than what is here changes nothing.
    pub(super) fn mirror(&mut self, record: &Record, approved_for: Duration) {
        let Some(entry) = self.entries.get_mut(&record.id) else { return };
        let newness = |record: &Record| (record.state.rank(), record.yes.len());
        if newness(record) <= newness(&entry.record) {
            return;
        }
        // What the ledger does not keep stays as it is here.
        let (asking, editing) = (entry.record.card.asking.clone(), entry.record.card.editing.take());
        entry.record = record.clone();
        entry.record.card.asking = asking;
        entry.record.card.editing = editing.filter(|_| record.state == State::Pending);
        if record.state.is_let_go() {
            entry.deadline = Instant::now() + approved_for;
        }
        if record.state.is_final() {
            entry.over_since = Some(Instant::now());
            entry.unkept = None;
            entry.edited = None;
        }
        // The order matters: who wakes on the state finds the record already there.
        entry.state.send_replace(record.state);
        publish(&self.news, record);
    }

    /// The card of a call that is made again: one still open, or one that ended and was not heard of.
    pub(super) fn find(&self, mark: CallMark<'_>) -> Option<&Record> {
        let fits = |entry: &&Entry| {
            let card = &entry.record.card;
            !entry.told
                && entry.record.state != State::Running
                && card.session == *mark.session
                && card.owner == *mark.owner
                && card.tool == mark.tool
                && card.arguments_digest == *mark.digest
        };
        self.iter().filter(fits).max_by_key(|entry| entry.record.asked_at).map(|entry| &entry.record)
    }

    /// When something is next due: the earliest deadline, or a write to try again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let timed = |entry: &Entry| {
            (entry.record.state == State::Pending || entry.record.state.is_let_go()).then_some(entry.deadline)
        };
        self.iter().filter_map(timed).chain(self.grants.values().map(|grant| grant.until)).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.grants.is_empty()
    }

    /// Forgets what is over and was heard, or is over for too long.
    pub(super) fn sweep(&mut self, untold_for: Duration) {
        self.entries.retain(|_, entry| match entry.over_since {
            Some(since) => !entry.told && since.elapsed() < untold_for,
            None => true,
        });
        let mut over: Vec<(Instant, ApprovalId)> =
            self.entries.values().filter_map(|entry| Some((entry.over_since?, entry.record.id.clone()))).collect();
        let surplus = over.len().saturating_sub(UNTOLD_MAX);
        over.sort_unstable_by_key(|(since, _)| *since);
        for (_, id) in over.into_iter().take(surplus) {
            self.entries.remove(&id);
        }
    }
}

fn publish(news: &broadcast::Sender<(Tenant, Notice)>, record: &Record) {
    // Nobody listening is no fault.
    drop(news.send((record.card.tenant.clone(), Notice::Changed(Arc::new(record.view())))));
}

impl Board {
    /// Says how a grant stands.
    pub(super) fn publish_grant(&self, grant: &GrantRecord) {
        drop(self.news.send((grant.tenant.clone(), Notice::Grant(Arc::new(grant.view())))));
    }
}

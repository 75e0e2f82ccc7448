//! The cards as people are shown them: each only to whoever it concerns.

use bytes::Bytes;
use helmwatch_protocol::{ApprovalId, ApprovalState, ApprovalView, SessionId};

use super::{Desk, Feed, Filter, Reach, Record, State};
use crate::auth::{NotKept, Tenant};

/// Most records of one list.
pub(super) const LIST_MAX: u32 = 500;

impl Desk {
    /// Cards within reach, newest first, at most 500.
    ///
    /// # Errors
    /// [`NotKept`] when the ledger cannot be read.
    pub async fn list(&self, reach: &Reach, state: Option<ApprovalState>) -> Result<Vec<ApprovalView>, NotKept> {
        let tenant = match reach {
            Reach::All => None,
            Reach::Tenant(tenant) => Some(tenant.clone()),
        };
        let states = State::ALL.into_iter().filter(|one| state.is_none_or(|state| one.wire() == state)).collect();
        let filter = Filter { tenant, session: None, states, count_max: LIST_MAX };
        let records = self.inner.ledger.list(&filter).await?;
        Ok(records.iter().map(Record::view).collect())
    }

    /// One card; another tenant's reads as none.
    ///
    /// # Errors
    /// [`NotKept`] when the ledger cannot be read.
    pub async fn get(&self, reach: &Reach, id: &ApprovalId) -> Result<Option<ApprovalView>, NotKept> {
        Ok(self.find(reach, id).await?.map(|record| record.view()))
    }

    /// The picture of a card (`image/jpeg`); another tenant's reads as none.
    ///
    /// # Errors
    /// [`NotKept`] when the ledger cannot be read.
    pub async fn picture(&self, reach: &Reach, id: &ApprovalId) -> Result<Option<Bytes>, NotKept> {
        match self.find(reach, id).await? {
            Some(_) => self.inner.ledger.picture(id).await,
            None => Ok(None),
        }
    }

    /// The cards of a session that wait for a person, oldest first. From memory.
    #[must_use]
    pub fn pending_of(&self, session: &SessionId) -> Vec<ApprovalView> {
        self.pending(|record| record.card.session == *session)
    }

    /// All cards within reach that wait for a person, oldest first. From memory.
    #[must_use]
    pub fn pending_within(&self, reach: &Reach) -> Vec<ApprovalView> {
        self.pending(|record| reach.covers(&record.card.tenant))
    }

    /// All cards that wait for a person, with whose they are. From memory.
    #[must_use]
    pub fn pending_of_tenants(&self) -> Vec<(Tenant, ApprovalView)> {
        let board = self.board();
        let waiting = board.iter().map(|entry| &entry.record).filter(|record| record.state == State::Pending);
        waiting.map(|record| (record.card.tenant.clone(), record.view())).collect()
    }

    /// How many cards of a session wait for a person.
    #[must_use]
    pub fn pending_count(&self, session: &SessionId) -> u32 {
        let waits = |record: &Record| record.state == State::Pending && record.card.session == *session;
        let count = self.board().iter().filter(|entry| waits(&entry.record)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn pending(&self, fits: impl Fn(&Record) -> bool) -> Vec<ApprovalView> {
        let waits = |record: &&Record| record.state == State::Pending && fits(record);
        let mut views: Vec<ApprovalView> =
            self.board().iter().map(|entry| &entry.record).filter(waits).map(Record::view).collect();
        views.sort_by_key(|view| view.asked_at);
        views
    }

    /// News of cards within reach, from now on. Subscribe first, then list: nothing falls between.
    #[must_use]
    pub fn subscribe(&self, reach: Reach) -> Feed {
        Feed::new(reach, self.board().news.subscribe())
    }

    pub(super) async fn find(&self, reach: &Reach, id: &ApprovalId) -> Result<Option<Record>, NotKept> {
        let live = self.board().get(id).map(|entry| entry.record.clone());
        let record = match live {
            Some(record) => Some(record),
            None => self.inner.ledger.get(id).await?,
        };
        Ok(record.filter(|record| reach.covers(&record.card.tenant)))
    }
}

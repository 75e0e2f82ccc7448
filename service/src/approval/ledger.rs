//! Where cards are kept.

use bytes::Bytes;
use helmwatch_protocol::{ApprovalId, GrantId, SessionId};

use super::{Change, Record, State};
use crate::auth::{Kept, Tenant};

/// Which records to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `None`: every tenant's.
    pub tenant: Option<Tenant>,
    pub session: Option<SessionId>,
    /// Empty: every state.
    pub states: Vec<State>,
    pub count_max: u32,
}

/// What became of a [`Change`].
#[derive(Debug, Clone)]
pub enum Changed {
    /// It holds, and is on disk.
    Done(Box<Record>),
    /// Another was first; this is how it stands.
    Lost(Box<Record>),
    /// There is no such record.
    Missing,
}

/// Keeps cards and their lives. Everything it answers `Ok` to is on disk, synced.
pub trait Ledger: Send + Sync + 'static {
    /// Keeps a new card.
    fn insert<'a>(&'a self, record: &'a Record, picture: Option<Bytes>) -> Kept<'a, ()>;

    /// Compare and set in one transaction: only where the state still is `change.from` with as many that said yes as
    /// `change.yes_before`, and a yes only where the kept expiry is still ahead of `change.at`. The change's grant is kept with it.
    fn change<'a>(&'a self, id: &'a ApprovalId, change: &'a Change) -> Kept<'a, Changed>;

    /// One record.
    fn get<'a>(&'a self, id: &'a ApprovalId) -> Kept<'a, Option<Record>>;

    /// Several, newest first.
    fn list<'a>(&'a self, filter: &'a Filter) -> Kept<'a, Vec<Record>>;

    /// The picture (`image/jpeg`).
    fn picture<'a>(&'a self, id: &'a ApprovalId) -> Kept<'a, Option<Bytes>>;

    /// Counts one call for each of these grants, if every one of them still stands at `at`; the counts as they are then, in the same
    /// order. `what` is the call in words.
    fn use_grants<'a>(&'a self, ids: &'a [GrantId], at: u64, what: &'a str) -> Kept<'a, Option<Vec<u32>>>;

    /// Ends a grant, or (`None`) every one that stands; answers how many that were. `actor` is a key's id, or `service`.
    fn end_grants<'a>(&'a self, id: Option<&'a GrantId>, at: u64, actor: &'a str, reason: &'a str) -> Kept<'a, u64>;

    /// Forgets pictures of cards that ended before `pictures_before`, and whole cards that ended before `cards_before`
    /// (milliseconds since the Unix epoch).
    fn prune(&self, pictures_before: u64, cards_before: u64) -> Kept<'_, ()>;
}

//! The movable limit and those who wait behind it.
//!
//! Fair between tenants: free places go round the tenants that wait, each tenant's callers in their order. Lowering the limit
//! below what is in use leaves a debt: places that come back are not given out until it is paid.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::PoolError;

/// What a refused caller is told when nothing better is known: a small session lasts about this long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Hands out places.
#[derive(Clone)]
pub(super) struct WaitingRoom {
    inner: Arc<Mutex<Inner>>,
    /// Counts departures from the queue, so that those who stay can say how far they are.
    moved: Arc<watch::Sender<u64>>,
}

struct Inner {
    limit: u32,
    waiting_max: u32,
    in_use: u32,
    closed: bool,
    next_ticket: u64,
    /// Tenants with somebody waiting, in the order they are served next.
    turn: VecDeque<Arc<str>>,
    /// Never an empty queue in it.
    queues: HashMap<Arc<str>, VecDeque<Waiter>>,
    waiting: u32,
}

struct Waiter {
    ticket: u64,
    call: oneshot::Sender<Place>,
}

/// One session's place. Dropping it gives it to the next who waits.
pub(super) struct Place {
    room: WaitingRoom,
}

impl WaitingRoom {
    pub fn new(limit: u32, waiting_max: u32) -> Self {
        let inner = Inner {
            limit,
            waiting_max,
            in_use: 0,
            closed: false,
            next_ticket: 0,
            turn: VecDeque::new(),
            queues: HashMap::new(),
            waiting: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), moved: Arc::new(watch::Sender::new(0)) }
    }

    /// A place now, or after waiting at most `patience`. `tell` hears how many stand in front, from 1, at each change.
    pub async fn enter(
        &self,
        tenant: &str,
        patience: Duration,
        mut tell: impl FnMut(usize) + Send,
    ) -> Result<Place, PoolError> {
        let (ticket, mut called) = {
            let mut inner = self.lock();
            if inner.closed {
                return Err(PoolError::Draining);
            }
            if inner.in_use < inner.limit && inner.waiting == 0 {
                inner.in_use += 1;
                return Ok(Place { room: self.clone() });
            }
            if inner.waiting >= inner.waiting_max {
                return Err(PoolError::Full {
                    sessions: inner.limit,
                    waiting: inner.waiting,
                    retry_after: RETRY_AFTER,
                });
            }
            inner.join(tenant)
        };
        let leaving = Leaving { room: self, tenant, ticket };
        let mut moved = self.moved.subscribe();
        let waiting = async {
            loop {
                if let Some(position) = self.lock().position(tenant, ticket) {
                    tell(position);
                }
                tokio::select! {
                    biased;
                    place = &mut called => return place.map_err(|_| PoolError::Draining),
                    changed = moved.changed() => if changed.is_err() { return Err(PoolError::Draining) },
                }
            }
        };
        let entered = tokio::time::timeout(patience, waiting).await;
        drop(leaving);
        entered.unwrap_or(Err(PoolError::WaitedTooLong { after: patience, retry_after: RETRY_AFTER }))
    }

    /// Moves the limits.
    pub fn set_limits(&self, limit: Option<u32>, waiting_max: Option<u32>) {
        let mut inner = self.lock();
        inner.limit = limit.unwrap_or(inner.limit);
        inner.waiting_max = waiting_max.unwrap_or(inner.waiting_max);
        drop(inner);
        self.serve();
    }

    /// Turns everybody away, now and later.
    pub fn close(&self) {
        let queues = {
            let mut inner = self.lock();
            inner.closed = true;
            inner.waiting = 0;
            inner.turn.clear();
            std::mem::take(&mut inner.queues)
        };
        // Dropping the callers' ends wakes them.
        drop(queues);
    }

    /// Limit, waiting limit, in use, waiting.
    pub fn numbers(&self) -> (u32, u32, u32, u32) {
        let inner = self.lock();
        (inner.limit, inner.waiting_max, inner.in_use, inner.waiting)
    }

    /// Gives free places to those who wait. A place whose caller has just left comes back by its own drop.
    fn serve(&self) {
        loop {
            let next = {
                let mut inner = self.lock();
                if inner.in_use >= inner.limit {
                    break;
                }
                let Some(waiter) = inner.next() else { break };
                inner.in_use += 1;
                waiter
            };
            // Outside the lock: a failed send drops the place, which takes the lock again.
            drop(next.call.send(Place { room: self.clone() }));
        }
        self.moved.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change under the lock is complete before anything that could panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn join(&mut self, tenant: &str) -> (u64, oneshot::Receiver<Place>) {
        let (call, called) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let tenant: Arc<str> = tenant.into();
        if !self.queues.contains_key(&tenant) {
            self.turn.push_back(Arc::clone(&tenant));
        }
        self.queues.entry(tenant).or_default().push_back(Waiter { ticket, call });
        (ticket, called)
    }

    /// The next to be served: tenants in turn.
    fn next(&mut self) -> Option<Waiter> {
        let tenant = self.turn.pop_front()?;
        let queue = self.queues.get_mut(&tenant)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&tenant);
        } else {
            self.turn.push_back(tenant);
        }
        self.waiting -= u32::from(waiter.is_some());
        waiter
    }

    fn leave(&mut self, tenant: &str, ticket: u64) {
        let Some(queue) = self.queues.get_mut(tenant) else { return };
        let before = queue.len();
        queue.retain(|waiter| waiter.ticket != ticket);
        self.waiting -= u32::from(queue.len() < before);
        if queue.is_empty() {
            self.queues.remove(tenant);
            self.turn.retain(|waiting| &**waiting != tenant);
        }
    }

    /// How many places must come free before this one is served, from 1.
    fn position(&self, tenant: &str, ticket: u64) -> Option<usize> {
        let own = self.queues.get(tenant)?.iter().position(|waiter| waiter.ticket == ticket)?;
        let turn = self.turn.iter().position(|waiting| &**waiting == tenant)?;
        let others = self.turn.iter().enumerate().filter(|(at, _)| *at != turn).map(|(at, other)| {
            let queued = self.queues.get(other).map_or(0, VecDeque::len);
            queued.min(own + usize::from(at < turn))
        });
        Some(own + others.sum::<usize>() + 1)
    }
}

/// Takes a caller out of the queue when it stops waiting, for whatever reason.
struct Leaving<'a> {
    room: &'a WaitingRoom,
    tenant: &'a str,
    ticket: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.room.lock().leave(self.tenant, self.ticket);
        self.room.moved.send_modify(|count| *count += 1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.lock().in_use -= 1;
        self.room.serve();
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn place(room: &WaitingRoom) -> Place {
        room.enter("a", PATIENCE, |_| {}).await.expect("a place")
    }

    async fn waiting(room: &WaitingRoom, count: u32) {
        while room.numbers().3 < count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lowering_ends_nothing_and_never_overshoots() {
        let room = WaitingRoom::new(3, 10);
        let places = [place(&room).await, place(&room).await, place(&room).await];
        room.set_limits(Some(1), None);
        let [one, two, three] = places;
        drop((one, two));
        assert_eq!(room.numbers().2, 1);
        assert!(matches!(room.enter("a", Duration::from_secs(1), |_| {}).await, Err(PoolError::WaitedTooLong { .. })));
        drop(three);
        assert!(room.enter("a", PATIENCE, |_| {}).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn full_is_said_at_once() {
        let room = WaitingRoom::new(0, 0);
        assert!(matches!(room.enter("a", PATIENCE, |_| {}).await, Err(PoolError::Full { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn raising_wakes_those_who_wait() {
        let room = WaitingRoom::new(0, 5);
        let raise = async {
            waiting(&room, 1).await;
            room.set_limits(Some(1), None);
        };
        let (served, ()) = tokio::join!(place(&room), raise);
        assert_eq!(room.numbers().2, 1);
        drop(served);
        assert_eq!(room.numbers().2, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_with_many_waiting_does_not_starve_another() {
        let room = WaitingRoom::new(1, 100);
        let held = place(&room).await;
        let (order, mut served) = tokio::sync::mpsc::channel(100);
        let mut callers = JoinSet::new();
        for tenant in ["noisy"; 10].into_iter().chain(["quiet"]) {
            let (room, order) = (room.clone(), order.clone());
            callers.spawn(async move {
                let place = room.enter(tenant, PATIENCE, |_| {}).await.expect("a place");
                order.send(tenant).await.expect("heard");
                drop(place);
            });
        }
        waiting(&room, 11).await;
        drop(held);
        let first = [served.recv().await, served.recv().await];
        assert!(first.contains(&Some("quiet")), "{first:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_given_to_somebody_who_left_comes_back() {
        let room = WaitingRoom::new(1, 5);
        let held = place(&room).await;
        let mut leaver = JoinSet::new();
        leaver.spawn({
            let room = room.clone();
            async move { room.enter("a", PATIENCE, |_| {}).await.map(drop) }
        });
        waiting(&room, 1).await;
        leaver.abort_all();
        drop(held);
        while leaver.join_next().await.is_some() {}
        assert_eq!((room.numbers().2, room.numbers().3), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_position_counts_the_turns_of_others() {
        let room = WaitingRoom::new(1, 100);
        let held = place(&room).await;
        let mut inner = room.lock();
        let tickets: Vec<_> = ["a", "a", "a", "b"].into_iter().map(|tenant| (tenant, inner.join(tenant))).collect();
        let positions: Vec<_> = tickets.iter().map(|(tenant, (ticket, _))| inner.position(tenant, *ticket)).collect();
        assert_eq!(positions, [Some(1), Some(3), Some(4), Some(2)]);
        drop(inner);
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_turns_everybody_away() {
        let room = WaitingRoom::new(0, 5);
        let close = async {
            waiting(&room, 1).await;
            room.close();
        };
        let (turned_away, ()) = tokio::join!(room.enter("a", PATIENCE, |_| {}), close);
        assert!(matches!(turned_away, Err(PoolError::Draining)));
        assert!(matches!(room.enter("a", PATIENCE, |_| {}).await, Err(PoolError::Draining)));
    }
}

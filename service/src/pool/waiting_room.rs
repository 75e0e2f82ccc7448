//! The door of the pool: callers come, wait and are called.
//!
//! Who is served when is decided by [`Line`], purely; here are the lock, the calls and the deadline. A call that finds nobody (the
//! caller left at that moment) gives its place back by its own drop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::PoolError;
use super::between::{between, pause, within};
use super::line::{Entry, Full, Limits, Line, Ticket};

/// What a caller who waits hears in the end.
type Call = oneshot::Sender<Result<Place, PoolError>>;

/// At most so often a caller looks how far it is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Hands out places.
#[derive(Clone)]
pub(super) struct WaitingRoom {
    line: Arc<Mutex<Line<Call>>>,
    /// Counts departures from the queue, so that those who stay can say how far they are.
    moved: Arc<watch::Sender<u64>>,
}

/// One session's place. Dropping it gives it to the next who waits.
#[derive(Debug)]
pub(super) struct Place {
    room: WaitingRoom,
    tenant: Arc<str>,
    since: Instant,
}

/// What the room holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub limits: Limits,
    pub in_use: u32,
    pub waiting: u32,
}

impl WaitingRoom {
    pub fn new(limits: Limits) -> Self {
        Self { line: Arc::new(Mutex::new(Line::new(limits))), moved: Arc::new(watch::Sender::new(0)) }
    }

    /// A place now, or after waiting at most `patience`. `tell` hears how many are served until this caller is, from 1, at each change.
    pub async fn enter(
        &self,
        tenant: &str,
        patience: Duration,
        mut tell: impl FnMut(usize) + Send,
    ) -> Result<Place, PoolError> {
        let (call, mut called) = oneshot::channel();
        let mut moved = self.moved.subscribe();
        let entry = self.lock().enter(tenant, call);
        let ticket = match entry {
            Entry::Now => return Ok(self.place(tenant.into())),
            Entry::Closed => return Err(PoolError::Draining),
            Entry::Full(full) => return Err(full.into()),
            Entry::Waits { ticket, turned_away } => {
                if let Some((call, full)) = turned_away {
                    // Nobody hears it who has just left by itself.
                    drop(call.send(Err(full.into())));
                }
                ticket
            }
        };
        let leaving = Leaving { room: self, tenant, ticket };
        let mut told = None;
        let waiting = async {
            loop {
                let position = self.lock().position(tenant, ticket);
                if position != told {
                    position.map(&mut tell);
                    told = position.or(told);
                }
                tokio::select! {
                    biased;
                    place = &mut called => return place.unwrap_or(Err(PoolError::Draining)),
                    changed = moved.changed() => if changed.is_err() { return Err(PoolError::Draining) },
                }
                // With ten thousand waiting all of them would look at each hand-over: who is called is told at once, where one
                // stands need not be.
                tokio::select! {
                    biased;
                    place = &mut called => return place.unwrap_or(Err(PoolError::Draining)),
                    () = pause(TELL_EVERY) => {}
                }
            }
        };
        within(patience, waiting).await.unwrap_or_else(|| {
            let retry_after = {
                let line = self.lock();
                let position = line.position(tenant, ticket).unwrap_or(1);
                line.wait_for(tenant, position)
            };
            drop(leaving);
            Err(PoolError::WaitedTooLong { after: patience, retry_after })
        })
    }

    /// Moves the limits; those who may enter by it are called before this returns.
    pub fn set_limits(&self, change: impl FnOnce(&mut Limits)) {
        let called = {
            let mut line = self.lock();
            line.set_limits(change);
            line.give()
        };
        self.call(called);
    }

    /// Turns everybody away, now and later.
    pub fn close(&self) {
        let turned_away = self.lock().close();
        // Dropping the calls wakes those who wait for them.
        drop(turned_away);
    }

    pub fn numbers(&self) -> Numbers {
        let line = self.lock();
        Numbers { limits: line.limits(), in_use: line.in_use(), waiting: line.waiting() }
    }

    /// Outside the lock: a call that nobody hears drops its place, which takes the lock again.
    fn call(&self, called: Vec<(Arc<str>, Call)>) {
        for (tenant, call) in called {
            between();
            drop(call.send(Ok(self.place(tenant))));
        }
        between();
        self.moved.send_modify(|count| *count += 1);
    }

    fn place(&self, tenant: Arc<str>) -> Place {
        Place { room: self.clone(), tenant, since: Instant::now() }
    }

    fn lock(&self) -> MutexGuard<'_, Line<Call>> {
        between();
        // Every change under the lock is complete before anything that could panic.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for WaitingRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.numbers().fmt(f)
    }
}

/// Takes a caller out of the queue when it stops waiting, for whatever reason.
struct Leaving<'a> {
    room: &'a WaitingRoom,
    tenant: &'a str,
    ticket: Ticket,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.room.lock().leave(self.tenant, self.ticket);
        between();
        self.room.moved.send_modify(|count| *count += 1);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let called = {
            let mut line = self.room.lock();
            line.vacate(&self.tenant, self.since.elapsed());
            line.give()
        };
        self.room.call(called);
    }
}

impl From<Full> for PoolError {
    fn from(full: Full) -> Self {
        let Full { sessions, waiting, retry_after, .. } = full;
        if full.by_tenant {
            Self::TenantFull { sessions, waiting, retry_after }
        } else {
            Self::Full { sessions, waiting, retry_after }
        }
    }
}

#[cfg(test)]
mod figures;
#[cfg(test)]
mod schedules;

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn room(sessions: u32, waiting: u32) -> WaitingRoom {
        WaitingRoom::new(Limits { sessions, waiting, sessions_per_tenant: 0, waiting_per_tenant: 0 })
    }

    async fn place(room: &WaitingRoom) -> Place {
        room.enter("a", PATIENCE, |_| {}).await.expect("a place")
    }

    async fn waiting(room: &WaitingRoom, count: u32) {
        while room.numbers().waiting < count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lowering_ends_nothing_and_never_overshoots() {
        let room = room(3, 10);
        let places = [place(&room).await, place(&room).await, place(&room).await];
        room.set_limits(|limits| limits.sessions = 1);
        let [one, two, three] = places;
        drop((one, two));
        assert_eq!(room.numbers().in_use, 1);
        assert!(matches!(room.enter("a", Duration::from_secs(1), |_| {}).await, Err(PoolError::WaitedTooLong { .. })));
        drop(three);
        assert!(room.enter("a", PATIENCE, |_| {}).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn full_is_said_at_once() {
        let room = room(0, 0);
        assert!(matches!(room.enter("a", PATIENCE, |_| {}).await, Err(PoolError::Full { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn raising_wakes_those_who_wait() {
        let room = room(0, 5);
        let raise = async {
            waiting(&room, 1).await;
            room.set_limits(|limits| limits.sessions = 1);
        };
        let (served, ()) = tokio::join!(place(&room), raise);
        assert_eq!(room.numbers().in_use, 1);
        drop(served);
        assert_eq!(room.numbers().in_use, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_with_many_waiting_does_not_starve_another() {
        let room = room(1, 100);
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

    /// F36: in the moment in which they leave.
    #[tokio::test(start_paused = true)]
    async fn a_place_given_to_somebody_who_left_comes_back() {
        let room = room(1, 5);
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
        assert_eq!((room.numbers().in_use, room.numbers().waiting), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_turns_everybody_away() {
        let room = room(0, 5);
        let close = async {
            waiting(&room, 1).await;
            room.close();
        };
        let (turned_away, ()) = tokio::join!(room.enter("a", PATIENCE, |_| {}), close);
        assert!(matches!(turned_away, Err(PoolError::Draining)));
        assert!(matches!(room.enter("a", PATIENCE, |_| {}).await, Err(PoolError::Draining)));
    }

    /// F36: at any await, for many seeds.
    /// What a thousand callers that come, wait, leave, are aborted and time out leave behind, with real wakes in a paused clock:
    /// nothing. 200 seeds in an ordinary run; `HELMWATCH_SEEDS` for as many as one likes.
    #[test]
    fn callers_that_are_aborted_at_any_point_lose_no_place() {
        let seeds = std::env::var("HELMWATCH_SEEDS").map_or(200, |text| text.parse().expect("a number"));
        for seed in 0..seeds {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(storm(seed));
        }
    }

    async fn storm(seed: u64) {
        use rand::rngs::StdRng;
        use rand::{RngExt as _, SeedableRng as _};
        let mut random = StdRng::seed_from_u64(seed);
        let room = WaitingRoom::new(Limits { sessions: 3, waiting: 20, sessions_per_tenant: 2, waiting_per_tenant: 0 });
        let mut callers = JoinSet::new();
        let mut handles = Vec::new();
        for _ in 0..60 {
            let tenant = ["a", "b", "c"][random.random_range(0..3)];
            let (patience, life) = (random.random_range(1..200), random.random_range(0..40));
            let door = room.clone();
            handles.push(callers.spawn(async move {
                let place = door.enter(tenant, Duration::from_millis(patience), |_| {}).await;
                if place.is_ok() {
                    assert!(door.numbers().in_use <= 5, "the highest limit there was");
                    tokio::time::sleep(Duration::from_millis(life)).await;
                }
                drop(place);
            }));
            match random.random_range(0..6) {
                0 => handles[random.random_range(0..handles.len())].abort(),
                1 => {
                    let sessions = random.random_range(0..=5);
                    room.set_limits(|limits| limits.sessions = sessions);
                }
                2 => tokio::task::yield_now().await,
                3 => tokio::time::sleep(Duration::from_millis(random.random_range(0..30))).await,
                _ => {}
            }
        }
        room.set_limits(|limits| limits.sessions = 1);
        while let Some(ended) = callers.join_next().await {
            assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()), "seed {seed}");
        }
        let Numbers { in_use, waiting, .. } = room.numbers();
        assert_eq!((in_use, waiting), (0, 0), "seed {seed}: a place or a caller is left");
    }
}

//! The browser processes, and who sits in which.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Object};
use metrics::counter;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::PoolError;
use super::bounds::Bounds;
use super::breaker::Breaker;
use super::manager::Manager;
use crate::browser::{BrowserError, Chromium, LaunchOptions};
use crate::config::{Isolation, PoolConfig};
use crate::telemetry::{Tasks, names};

/// Contexts in a row that a browser could not make, after which it is replaced.
const FAILURES_MAX: u32 = 3;

/// When to ask again for a browser.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// All browsers that run.
pub(super) struct Fleet {
    /// At most `ceiling` processes, whatever happens.
    pool: managed::Pool<Manager>,
    /// Browsers that still take sessions or have some.
    berths: Mutex<Vec<Arc<Berth>>>,
    /// Held while one browser starts, so that eight callers do not start eight.
    launching: tokio::sync::Mutex<()>,
    breaker: Mutex<Breaker>,
    per_browser: AtomicU32,
    /// Sessions a process serves before it is replaced.
    life: AtomicU32,
    bounds: Mutex<Bounds>,
    /// Memory of all, as it was weighed last.
    bytes: AtomicU64,
    /// How long a caller may wait for a browser of its own.
    wait_max: Duration,
    /// A browser ended or is to end: what stands ready in it is to be replaced.
    pub(super) changed: Notify,
    tasks: Tasks,
}

/// One browser process.
pub(super) struct Berth {
    pub chromium: Arc<Chromium>,
    pub since: Instant,
    /// Contexts in a row that it could not make.
    failures: AtomicU32,
    /// Our claim on the ceiling; taken when the browser retires.
    claim: Mutex<Option<Object<Manager>>>,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    /// Set by the first session; from then on no other tenant gets in.
    tenant: Option<Arc<str>>,
    used: u32,
    served: u32,
    /// Why it takes no more sessions; it ends with its last one.
    draining: Option<&'static str>,
    retired: bool,
}

/// One session's seat in a browser. Dropping it frees the seat, and retires the browser when its time has come.
pub(super) struct Seat {
    fleet: Arc<Fleet>,
    berth: Arc<Berth>,
}

impl Fleet {
    pub fn new(config: &PoolConfig, options: Arc<LaunchOptions>, tasks: Tasks) -> Self {
        let (per_browser, life) = match config.isolation {
            Isolation::Tenant => (config.max_sessions_per_browser, config.sessions_per_browser_life),
            Isolation::Session => (1, 1),
        };
        let pool = managed::Pool::builder(Manager::new(options, tasks.clone()))
            .max_size(config.ceiling as usize)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .expect("its timeouts have the runtime they need");
        Self {
            pool,
            berths: Mutex::default(),
            launching: tokio::sync::Mutex::default(),
            breaker: Mutex::default(),
            per_browser: AtomicU32::new(per_browser),
            life: AtomicU32::new(life),
            bounds: Mutex::new(Bounds::of(config)),
            bytes: AtomicU64::new(0),
            wait_max: Duration::from_millis(config.wait_ms_max),
            changed: Notify::new(),
            tasks,
        }
    }

    /// Starts a browser if none runs, to know that it can be done.
    pub async fn prove(self: &Arc<Self>) -> Result<(), PoolError> {
        self.seat(None).await.map(drop)
    }

    /// A seat for a session of `tenant`; for nobody yet when `None`.
    pub async fn seat(self: &Arc<Self>, tenant: Option<&str>) -> Result<Seat, PoolError> {
        if let Some(seat) = self.free_seat(tenant) {
            return Ok(seat);
        }
        // Everybody else may sit in browsers, and all the ceiling allows may run: neither wait is without an end.
        let late = || PoolError::WaitedTooLong { after: self.wait_max, retry_after: RETRY_AFTER };
        let _launching = tokio::time::timeout(self.wait_max, self.launching.lock()).await.map_err(|_| late())?;
        // Somebody may have started one meanwhile.
        if let Some(seat) = self.free_seat(tenant) {
            return Ok(seat);
        }
        lock(&self.breaker)
            .allows(Instant::now())
            .map_err(|(error, retry_after)| PoolError::Broken { error, retry_after })?;
        let patience = managed::Timeouts { wait: Some(self.wait_max), ..managed::Timeouts::default() };
        let claim = match self.pool.timeout_get(&patience).await {
            Ok(claim) => claim,
            Err(managed::PoolError::Timeout(_)) => return Err(late()),
            Err(managed::PoolError::Backend(error)) => {
                lock(&self.breaker).failed(error.clone(), Instant::now(), rand::random());
                return Err(error.into());
            }
            Err(other) => return Err(BrowserError::Script(other.to_string()).into()),
        };
        lock(&self.breaker).succeeded();
        let berth = Arc::new(Berth {
            chromium: Arc::clone(&claim),
            since: Instant::now(),
            failures: AtomicU32::new(0),
            claim: Mutex::new(Some(claim)),
            seats: Mutex::default(),
        });
        // Whoever had it started sits down first: from when the others see it, they may fill it.
        let seat = self.take_seat(Arc::clone(&berth), tenant);
        lock(&self.berths).push(Arc::clone(&berth));
        self.watch(berth);
        seat.ok_or_else(|| BrowserError::Gone { reason: "it ended as soon as it had started".into() }.into())
    }

    /// A browser that dies frees its claim at once, whoever still sits in it.
    fn watch(self: &Arc<Self>, berth: Arc<Berth>) {
        let fleet = Arc::clone(self);
        self.tasks.spawn("browser watch", async move {
            berth.chromium.gone().await;
            if fleet.strike(&berth, "died") {
                tracing::warn!(pid = berth.chromium.pid(), "a browser ended by itself");
            }
            fleet.retire(&berth).await;
            fleet.changed.notify_one();
        });
    }

    /// The browsers there are.
    pub fn berths(&self) -> Vec<Arc<Berth>> {
        lock(&self.berths).clone()
    }

    /// A browser takes no more sessions, and ends when it has none.
    pub fn drain(self: &Arc<Self>, berth: &Arc<Berth>, reason: &'static str) {
        let empty = {
            let mut seats = lock(&berth.seats);
            if seats.retired || seats.draining.is_some() {
                return;
            }
            seats.draining = Some(reason);
            seats.used == 0
        };
        tracing::info!(pid = berth.chromium.pid(), reason, "a browser takes no more sessions");
        if empty {
            self.end(berth, reason);
        }
        self.changed.notify_one();
    }

    /// Ends a browser now, whoever sits in it.
    pub fn end(self: &Arc<Self>, berth: &Arc<Berth>, reason: &'static str) {
        if self.strike(berth, reason) {
            let (fleet, berth) = (Arc::clone(self), Arc::clone(berth));
            self.tasks.spawn("browser retire", async move { fleet.retire(&berth).await });
        }
    }

    /// Counts the end of a browser, once; was this the first to say so?
    fn strike(&self, berth: &Berth, reason: &'static str) -> bool {
        let first = !std::mem::replace(&mut lock(&berth.seats).retired, true);
        if first {
            counter!(names::BROWSER_DEATHS, "reason" => reason).increment(1);
        }
        first
    }

    fn free_seat(self: &Arc<Self>, tenant: Option<&str>) -> Option<Seat> {
        let mut berths = lock(&self.berths).clone();
        // The tenant's own browsers first, then those nobody has used.
        berths.sort_by_key(|berth| lock(&berth.seats).tenant.is_none());
        berths.into_iter().find_map(|berth| self.take_seat(berth, tenant))
    }

    fn take_seat(self: &Arc<Self>, berth: Arc<Berth>, tenant: Option<&str>) -> Option<Seat> {
        {
            let mut seats = lock(&berth.seats);
            if !self.takes(&seats, tenant) || !berth.chromium.is_alive() {
                return None;
            }
            seats.used += 1;
            seats.served += 1;
            if seats.tenant.is_none() {
                seats.tenant = tenant.map(Into::into);
            }
        }
        Some(Seat { fleet: Arc::clone(self), berth })
    }

    /// May a session of `tenant` sit down there?
    fn takes(&self, seats: &Seats, tenant: Option<&str>) -> bool {
        let room = seats.used < self.per_browser.load(Ordering::Relaxed) && seats.served < self.life();
        let ours = seats.tenant.is_none() || seats.tenant.as_deref() == tenant;
        room && ours && !seats.retired && seats.draining.is_none()
    }

    /// Is there a seat for a session of `tenant`, or may a browser be started for it? Else it has to wait for others' ends.
    pub fn has_room_for(&self, tenant: Option<&str>) -> bool {
        let status = self.pool.status();
        let takes = |berth: &Arc<Berth>| self.takes(&lock(&berth.seats), tenant);
        status.size < status.max_size || lock(&self.berths).iter().any(takes)
    }

    /// A browser in which there is nobody's session: only contexts that stand ready, as many as `ready` counts, or nothing.
    pub fn idle(&self, ready: impl Fn(&Arc<Berth>) -> usize) -> Option<Arc<Berth>> {
        let berths = lock(&self.berths).clone();
        berths.into_iter().find(|berth| {
            let ready = ready(berth);
            let seats = lock(&berth.seats);
            !seats.retired && seats.draining.is_none() && seats.used as usize == ready
        })
    }

    /// Takes a browser out of the fleet and ends its process.
    async fn retire(&self, berth: &Arc<Berth>) {
        lock(&berth.seats).retired = true;
        lock(&self.berths).retain(|other| !Arc::ptr_eq(other, berth));
        berth.chromium.close().await;
        let claim = lock(&berth.claim).take();
        // Out of the pool, not back into it: its place under the ceiling is free now.
        claim.map(Object::take);
    }

    pub fn browsers(&self) -> u32 {
        u32::try_from(lock(&self.berths).len()).unwrap_or(u32::MAX)
    }

    pub fn sessions_per_browser(&self) -> u32 {
        self.per_browser.load(Ordering::Relaxed)
    }

    pub fn set_sessions_per_browser(&self, sessions: u32) {
        self.per_browser.store(sessions, Ordering::Relaxed);
    }

    /// Sessions a process serves before it is replaced.
    pub fn life(&self) -> u32 {
        self.life.load(Ordering::Relaxed)
    }

    /// A browser that has served more already is replaced when its last session ends.
    pub fn set_life(&self, sessions: u32) {
        self.life.store(sessions, Ordering::Relaxed);
    }

    pub fn bounds(&self) -> Bounds {
        *lock(&self.bounds)
    }

    pub fn set_bounds(&self, bounds: Bounds) {
        *lock(&self.bounds) = bounds;
    }

    /// Memory of all browsers as it was weighed last, bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn weighed(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub fn health(&self) -> Result<(), PoolError> {
        match lock(&self.breaker).error() {
            Some(error) => Err(PoolError::Browser(error.clone())),
            None => Ok(()),
        }
    }

    pub async fn close(&self) {
        let berths = std::mem::take(&mut *lock(&self.berths));
        self.pool.close();
        let ending = berths.iter().map(|berth| self.retire(berth));
        futures_util::future::join_all(ending).await;
    }
}

#[cfg(test)]
impl Fleet {
    /// Seats that are taken.
    pub fn seated(&self) -> u32 {
        lock(&self.berths).iter().map(|berth| lock(&berth.seats).used).sum()
    }
}

impl Seat {
    /// Is it one of this browser's?
    pub fn is_in(&self, berth: &Arc<Berth>) -> bool {
        Arc::ptr_eq(&self.berth, berth)
    }

    pub fn chromium(&self) -> &Arc<Chromium> {
        &self.berth.chromium
    }

    /// Whose browser it is.
    pub fn tenant(&self) -> Option<Arc<str>> {
        lock(&self.berth.seats).tenant.clone()
    }

    /// May a session begin in it still?
    pub fn is_fit(&self) -> bool {
        let seats = lock(&self.berth.seats);
        !seats.retired && seats.draining.is_none()
    }

    /// A context could be made in it, or could not: a browser that fails again and again is replaced.
    pub fn note(&self, made: bool) {
        if made {
            self.berth.failures.store(0, Ordering::Relaxed);
        } else if self.berth.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_MAX {
            self.fleet.drain(&self.berth, "errors");
        }
    }

    /// Something of a session could not be taken out of it: it ends when those who still sit in it have left.
    pub fn condemn(&self) {
        self.fleet.drain(&self.berth, "errors");
    }

    /// Makes the browser `tenant`'s. False when it belongs to another already.
    pub fn assign(&self, tenant: &str) -> bool {
        let mut seats = lock(&self.berth.seats);
        &**seats.tenant.get_or_insert_with(|| tenant.into()) == tenant
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (empty, worn, draining) = {
            let mut seats = lock(&self.berth.seats);
            seats.used -= 1;
            (seats.used == 0 && !seats.retired, seats.served >= self.fleet.life(), seats.draining)
        };
        // One berth's lock at a time: two seats that drop at once must not wait for each other.
        if !empty || !(worn || draining.is_some() || self.fleet.has_another_empty(&self.berth)) {
            return;
        }
        {
            let mut seats = lock(&self.berth.seats);
            if seats.used > 0 || seats.retired {
                return;
            }
            // Nobody else gets in from here on.
            seats.draining.get_or_insert("retired");
        }
        self.fleet.end(&self.berth, draining.unwrap_or("retired"));
    }
}

impl Fleet {
    /// One empty browser is a spare; two are one too many.
    fn has_another_empty(&self, this: &Arc<Berth>) -> bool {
        lock(&self.berths).iter().any(|berth| {
            !Arc::ptr_eq(berth, this) && {
                let seats = lock(&berth.seats);
                seats.used == 0 && !seats.retired && seats.draining.is_none()
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything that could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The browser processes, and who sits in which.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Object};
use metrics::counter;
use tokio::time::Instant;

use super::PoolError;
use super::breaker::Breaker;
use super::manager::Manager;
use crate::browser::{BrowserError, Chromium, LaunchOptions};
use crate::config::{Isolation, PoolConfig};
use crate::telemetry::{Tasks, names};

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
    life: u32,
    /// How long a caller may wait for a browser of its own.
    wait_max: Duration,
    tasks: Tasks,
}

/// One browser process.
struct Berth {
    chromium: Arc<Chromium>,
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
            life,
            wait_max: Duration::from_millis(config.wait_ms_max),
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
                lock(&self.breaker).failed(error.clone(), Instant::now());
                return Err(error.into());
            }
            Err(other) => return Err(BrowserError::Script(other.to_string()).into()),
        };
        lock(&self.breaker).succeeded();
        let berth =
            Arc::new(Berth { chromium: Arc::clone(&claim), claim: Mutex::new(Some(claim)), seats: Mutex::default() });
        lock(&self.berths).push(Arc::clone(&berth));
        self.watch(Arc::clone(&berth));
        self.take_seat(berth, tenant).ok_or(PoolError::Browser(BrowserError::Closed))
    }

    /// A browser that dies frees its claim at once, whoever still sits in it.
    fn watch(self: &Arc<Self>, berth: Arc<Berth>) {
        let fleet = Arc::clone(self);
        self.tasks.spawn("browser watch", async move {
            berth.chromium.gone().await;
            if !lock(&berth.seats).retired {
                tracing::warn!(pid = berth.chromium.pid(), "a browser ended by itself");
                counter!(names::BROWSER_DEATHS, "reason" => "died").increment(1);
            }
            fleet.retire(&berth).await;
        });
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
            let room = seats.used < self.per_browser.load(Ordering::Relaxed) && seats.served < self.life;
            let ours = seats.tenant.is_none() || seats.tenant.as_deref() == tenant;
            if seats.retired || !room || !ours || !berth.chromium.is_alive() {
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

impl Seat {
    pub fn chromium(&self) -> &Arc<Chromium> {
        &self.berth.chromium
    }

    /// Whose browser it is.
    pub fn tenant(&self) -> Option<Arc<str>> {
        lock(&self.berth.seats).tenant.clone()
    }

    /// Makes the browser `tenant`'s. False when it belongs to another already.
    pub fn assign(&self, tenant: &str) -> bool {
        let mut seats = lock(&self.berth.seats);
        &**seats.tenant.get_or_insert_with(|| tenant.into()) == tenant
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (empty, worn) = {
            let mut seats = lock(&self.berth.seats);
            seats.used -= 1;
            (seats.used == 0 && !seats.retired, seats.served >= self.fleet.life)
        };
        // One berth's lock at a time: two seats that drop at once must not wait for each other.
        if !empty || !(worn || self.fleet.has_another_empty(&self.berth)) {
            return;
        }
        {
            let mut seats = lock(&self.berth.seats);
            if seats.used > 0 || seats.retired {
                return;
            }
            seats.retired = true;
        }
        counter!(names::BROWSER_DEATHS, "reason" => "retired").increment(1);
        let (fleet, berth) = (Arc::clone(&self.fleet), Arc::clone(&self.berth));
        self.fleet.tasks.spawn("browser retire", async move { fleet.retire(&berth).await });
    }
}

impl Fleet {
    /// One empty browser is a spare; two are one too many.
    fn has_another_empty(&self, this: &Arc<Berth>) -> bool {
        lock(&self.berths).iter().any(|berth| {
            !Arc::ptr_eq(berth, this) && {
                let seats = lock(&berth.seats);
                seats.used == 0 && !seats.retired
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything that could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

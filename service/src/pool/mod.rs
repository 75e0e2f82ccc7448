//! How many sessions there may be, who waits, and which browser each gets.
//!
//! `deadpool` holds the browser processes at a ceiling fixed at start; the limit that moves while it runs is ours and stands in front
//! ([`WaitingRoom`], by the rules of `line`). Opening a session is a hand-over: contexts with a page are kept warm. Nothing is ever reused across sessions, and
//! no browser process ever serves two tenants.

mod adaptive;
mod between;
mod bounds;
mod breaker;
mod cgroup;
mod descriptors;
mod error;
mod fleet;
mod lane;
mod lease;
mod line;
mod lives;
mod manager;
#[cfg(test)]
mod matrix;
mod memory;
mod moving;
mod pilot;
mod waiting_room;
mod warm;
mod watchman;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use helmwatch_protocol::PoolView;
use metrics::{counter, gauge, histogram};
use tokio::time::Instant;
use tracing::Instrument as _;

pub use descriptors::raise_descriptor_limit;
pub use error::PoolError;
pub use lane::{Boxed, Denial, Lane, Lanes};
pub use lease::Lease;
pub use moving::is_movable;

use crate::browser::{BrowserError, LaunchOptions};
use crate::config::PoolConfig;
use crate::telemetry::{Tasks, names};
use fleet::Fleet;
use line::Limits;
use pilot::Pilot;
use waiting_room::{Numbers, Place, WaitingRoom};
use warm::Warm;

/// Browsers that are tried for one session. One that was killed is known to be gone some tens of milliseconds later; whoever opens a session
/// in between gets another browser, and the third when two were killed at once.
const BROWSERS_TRIED_MAX: u32 = 3;

/// The pool.
pub struct Pool {
    room: WaitingRoom,
    fleet: Arc<Fleet>,
    warm: Arc<Warm>,
    config: PoolConfig,
    /// Says how many sessions there may be; held while limits move.
    pilot: Mutex<Pilot>,
    tasks: Tasks,
}

impl Pool {
    /// A pool with nothing started yet.
    #[must_use]
    pub fn new(config: PoolConfig, options: Arc<LaunchOptions>, lanes: Arc<dyn Lanes>, tasks: Tasks) -> Arc<Self> {
        let fleet = Arc::new(Fleet::new(&config, options, tasks.clone()));
        let warm = Warm::new(config.warm_sessions, Arc::clone(&fleet), lanes, tasks.clone());
        let pilot = Pilot::new(&config);
        let room = WaitingRoom::new(Limits {
            sessions: pilot.limit(),
            waiting: config.max_waiting,
            sessions_per_tenant: config.max_sessions_per_tenant,
            waiting_per_tenant: config.max_waiting_per_tenant,
        });
        Arc::new(Self { room, fleet, warm, config, pilot: Mutex::new(pilot), tasks })
    }

    /// Starts the first browser and keeps contexts warm from then on.
    ///
    /// # Errors
    /// `Browser` when Chromium cannot be started at all: the caller says so and may refuse to serve.
    pub async fn start(self: &Arc<Self>) -> Result<(), PoolError> {
        self.fleet.prove().await?;
        Arc::clone(&self.warm).keep();
        watchman::keep(&self.fleet, &self.tasks);
        pilot::keep(self, &self.tasks);
        Ok(())
    }

    /// A place, a context and a page for one session of `tenant`. While waiting, `tell` hears the place in the queue (from 1).
    ///
    /// # Errors
    /// `Full` or `TenantFull` at once when nobody more may wait; `WaitedTooLong`; `LowMemory`; `LowDescriptors`; `Browser` when none could be started.
    pub async fn acquire(&self, tenant: &str, tell: impl FnMut(usize) + Send) -> Result<Lease, PoolError> {
        let began = Instant::now();
        let admitted = async {
            memory::check(self.config.memory_free_mib_min)?;
            descriptors::check(u64::from(self.config.descriptors_free_min))?;
            self.room.enter(tenant, self.wait_max(), tell).await
        };
        let admitted = admitted.instrument(tracing::info_span!("pool wait"));
        let place = admitted.await.inspect_err(|error| {
            counter!(names::POOL_REFUSED, "reason" => error.code()).increment(1);
        })?;
        let waited = began.elapsed();
        histogram!(names::POOL_WAIT_SECONDS).record(waited.as_secs_f64());
        self.berth(tenant, place, waited, 0).await
    }

    /// A lease in another browser for one whose browser turned out to be gone before anything ran in it. Its place is kept: nobody is
    /// overtaken, and the caller does not wait again.
    ///
    /// # Errors
    /// `Browser` when too many were tried for it already, or none can be started.
    pub async fn exchange(&self, lease: Lease, tenant: &str) -> Result<Lease, PoolError> {
        let (waited, tried) = (lease.waited(), lease.tried());
        if tried >= BROWSERS_TRIED_MAX {
            lease.close().await;
            return Err(BrowserError::Gone { reason: "so were others before it".into() }.into());
        }
        match lease.vacate().await {
            Some(place) => self.berth(tenant, place, waited, tried).await,
            None => Err(PoolError::Draining),
        }
    }

    /// A context and a page for whoever has this place.
    async fn berth(&self, tenant: &str, place: Place, waited: Duration, mut tried: u32) -> Result<Lease, PoolError> {
        loop {
            tried += 1;
            match self.warm.take(tenant).await {
                Ok(berthed) => return Ok(Lease::new(berthed, place, waited, tried, self.tasks.clone())),
                Err(PoolError::Browser(error)) if error.is_gone() && tried < BROWSERS_TRIED_MAX => {
                    tracing::debug!(%error, "another browser is tried");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The longest a caller waits for a place.
    #[must_use]
    pub fn wait_max(&self) -> Duration {
        Duration::from_millis(self.config.wait_ms_max)
    }

    /// Its numbers and limits now.
    #[must_use]
    pub fn view(&self) -> PoolView {
        let Numbers { limits, in_use, waiting } = self.room.numbers();
        let bounds = self.fleet.bounds();
        let pilot = self.pilot();
        let view = PoolView {
            in_use,
            waiting,
            warm: self.warm.ready(),
            browsers: self.fleet.browsers(),
            max_sessions: pilot.most,
            adaptive: pilot.is_adaptive(),
            adaptive_sessions_min: pilot.least,
            sessions_limit: limits.sessions,
            max_waiting: limits.waiting,
            max_sessions_per_tenant: limits.sessions_per_tenant,
            max_waiting_per_tenant: limits.waiting_per_tenant,
            warm_sessions: self.warm.goal(),
            max_sessions_per_browser: self.fleet.sessions_per_browser(),
            sessions_per_browser_life: self.fleet.life(),
            browser_memory_mib_renew: bounds.renew_mib,
            browser_memory_mib_max: bounds.max_mib,
            browser_age_s_max: bounds.age_s,
            ceiling: self.config.ceiling,
        };
        drop(pilot);
        gauge!(names::POOL_LIMIT).set(view.sessions_limit);
        gauge!(names::POOL_IN_USE).set(view.in_use);
        gauge!(names::POOL_WAITING).set(view.waiting);
        gauge!(names::POOL_WARM).set(view.warm);
        gauge!(names::POOL_BROWSERS).set(view.browsers);
        view
    }

    fn pilot(&self) -> MutexGuard<'_, Pilot> {
        // Every change under this lock is complete before anything that could panic.
        self.pilot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Can it open sessions? The reason when not.
    ///
    /// # Errors
    /// Why not.
    pub fn health(&self) -> Result<(), PoolError> {
        self.fleet.health()
    }

    /// Refuses everybody from now on, also those who wait.
    pub fn drain(&self) {
        self.room.close();
        self.warm.set_goal(0);
    }

    /// Ends every browser and returns when nothing is left of them.
    pub async fn close(&self) {
        self.drain();
        self.warm.close().await;
        self.fleet.close().await;
    }
}

//! Contexts kept ready, each with a page: opening a session is a hand-over.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::counter;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::fleet::{Berth, Fleet, Seat};
use super::{Lane, Lanes, PoolError};
use crate::browser::{BrowserError, Context, Page};
use crate::telemetry::{Tasks, names};

/// Ready contexts of other tenants than the last one that are kept, as a multiple of the goal.
const OTHERS_KEPT: usize = 3;

/// Everything one session needs of the pool, but for its place.
pub(super) struct Berthed {
    pub context: Arc<Context>,
    pub page: Arc<Page>,
    pub lane: Box<dyn Lane>,
    pub seat: Seat,
}

/// How long after a hand-over the next context is begun: a first page has loaded by then.
const REFILL_AFTER: Duration = Duration::from_millis(150);

/// However many are served one after another, contexts are made again after this long.
const REFILL_BY: Duration = Duration::from_secs(2);

/// Times kept between two looks at them.
const OPENINGS_KEPT: usize = 256;

/// Keeps contexts ready.
pub(super) struct Warm {
    goal: AtomicU32,
    ready: Mutex<Vec<Berthed>>,
    /// Whoever opened last opens next, as a rule: contexts are made ready for them.
    last: Mutex<Option<Arc<str>>>,
    /// What making contexts took lately, oldest first; at most [`OPENINGS_KEPT`].
    openings: Mutex<VecDeque<Duration>>,
    wake: Notify,
    fleet: Arc<Fleet>,
    lanes: Arc<dyn Lanes>,
    tasks: Tasks,
}

impl Warm {
    pub fn new(goal: u32, fleet: Arc<Fleet>, lanes: Arc<dyn Lanes>, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self {
            goal: AtomicU32::new(goal),
            ready: Mutex::default(),
            last: Mutex::default(),
            openings: Mutex::default(),
            wake: Notify::new(),
            fleet,
            lanes,
            tasks,
        })
    }

    /// Keeps as many ready as is the goal, until the tasks end.
    pub fn keep(self: Arc<Self>) {
        let tasks = self.tasks.clone();
        tasks.spawn("warm contexts", async move {
            loop {
                let woken = self.wake.notified();
                let pause = self.fill().await;
                tokio::select! {
                    () = woken => self.calm().await,
                    // What stood ready in it goes, and others are made at once: nobody was served just now.
                    () = self.fleet.changed.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    /// Waits until nobody was served for a moment: whoever was just served loads a first page now, and in a rush what is made
    /// ahead only takes the cores from those who run. Bounded, so that a steady trickle finds contexts ready too.
    async fn calm(&self) {
        let latest = Instant::now() + REFILL_BY;
        while Instant::now() < latest {
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(REFILL_AFTER) => return,
            }
        }
    }

    /// Makes what is missing, ends what is too much, and says when to look again at the latest.
    async fn fill(&self) -> Duration {
        /// Ready contexts whose browser died meanwhile are noticed after this long.
        const LOOK_AGAIN: Duration = Duration::from_secs(10);
        for surplus in self.surplus() {
            surplus.end(&self.tasks).await;
        }
        loop {
            let tenant = self.lock_last().clone();
            let enough = self.fitting(tenant.as_deref()) >= self.goal.load(Ordering::Relaxed) as usize;
            // What is made ahead waits for nobody's end: those who have a place go first.
            if enough || !self.fleet.has_room_for(tenant.as_deref()) {
                return LOOK_AGAIN;
            }
            match self.make(tenant.as_deref()).await {
                Ok(made) => {
                    // A page that could not rehearse is as good, only its first snapshot takes longer.
                    if let Err(error) = made.page.rehearse().await {
                        tracing::debug!(%error, "a page could not rehearse");
                    }
                    self.lock_ready().push(made);
                }
                Err(error) => {
                    tracing::warn!(%error, "no context could be made ready");
                    return error.retry_after().unwrap_or(LOOK_AGAIN);
                }
            }
        }
    }

    fn fitting(&self, tenant: Option<&str>) -> usize {
        self.lock_ready()
            .iter()
            .filter(|berthed| {
                let owner = berthed.seat.tenant();
                owner.is_none() || owner.as_deref() == tenant
            })
            .count()
    }

    fn surplus(&self) -> Vec<Berthed> {
        let last = self.lock_last().clone();
        let goal = self.goal.load(Ordering::Relaxed) as usize;
        let (mut own, mut others) = (0, 0);
        let mut ready = self.lock_ready();
        let (kept, surplus) = std::mem::take(&mut *ready).into_iter().partition(|berthed| {
            let owner = berthed.seat.tenant();
            let fitting = owner.is_none() || owner == last;
            let (count, most) = if fitting { (&mut own, goal) } else { (&mut others, goal * OTHERS_KEPT) };
            let keep = *count < most && berthed.is_fit();
            *count += usize::from(keep);
            keep
        });
        *ready = kept;
        surplus
    }

    /// A ready context for `tenant`, or one made now.
    pub async fn take(self: &Arc<Self>, tenant: &str) -> Result<Berthed, PoolError> {
        *self.lock_last() = Some(tenant.into());
        let found = loop {
            let found = {
                let mut ready = self.lock_ready();
                let at = ready.iter().position(|berthed| {
                    let owner = berthed.seat.tenant();
                    owner.is_none() || owner.as_deref() == Some(tenant)
                });
                at.map(|at| ready.swap_remove(at))
            };
            match found {
                Some(found) if found.is_fit() && found.seat.assign(tenant) => break Some(found),
                // Its browser died, takes nobody any more, or went to another tenant, while it stood ready.
                Some(unfit) => unfit.end(&self.tasks).await,
                None => break None,
            }
        };
        self.wake.notify_one();
        match found {
            Some(found) => Ok(found),
            None => {
                self.make_way(tenant).await;
                self.make_for(tenant.into()).await
            }
        }
    }

    /// Where the ceiling is reached and no seat is free for `tenant`, a browser makes way that only stands ready: whoever has a place is
    /// not to wait for what nobody uses.
    async fn make_way(&self, tenant: &str) {
        if self.fleet.has_room_for(Some(tenant)) {
            return;
        }
        let ready = |berth: &Arc<Berth>| self.lock_ready().iter().filter(|one| one.seat.is_in(berth)).count();
        let Some(idle) = self.fleet.idle(ready) else { return };
        // From here on nobody sits down in it, and it ends with the last of these.
        self.fleet.drain(&idle, "ceiling");
        let ending: Vec<_> = self.lock_ready().extract_if(.., |one| one.seat.is_in(&idle)).collect();
        for one in ending {
            one.end(&self.tasks).await;
        }
    }

    /// Makes one in a task of its own: a caller who leaves midway would leave a context behind whose name nobody has heard yet. It is
    /// kept ready for others then.
    async fn make_for(self: &Arc<Self>, tenant: Arc<str>) -> Result<Berthed, PoolError> {
        let (tell, told) = oneshot::channel();
        let warm = Arc::clone(self);
        let making = async move {
            let made = warm.make(Some(&tenant)).await;
            // Nobody hears it who has left; what was made is unclaimed then.
            drop(tell.send(made.map(|made| Unclaimed { made: Some(made), warm })));
        };
        self.tasks.spawn("context", making.in_current_span());
        let mut unclaimed = told.await.unwrap_or(Err(PoolError::Draining))?;
        unclaimed.made.take().ok_or(PoolError::Draining)
    }

    async fn make(&self, tenant: Option<&str>) -> Result<Berthed, PoolError> {
        let seat = self.fleet.seat(tenant).await?;
        let lane = self.lanes.open().await.map_err(|error| PoolError::Lane(Arc::new(error)))?;
        let began = Instant::now();
        let made = match seat.chromium().new_context(lane.proxy()).await {
            Ok(context) => context.new_page().await.map(|page| (context, page)),
            Err(error) => {
                if matches!(error, BrowserError::Timeout { .. }) {
                    // It may make one yet, which nobody will know of.
                    seat.condemn();
                }
                Err(error)
            }
        };
        seat.note(made.is_ok());
        let (context, page) = made.map_err(PoolError::Browser)?;
        self.opened_in(began.elapsed());
        Ok(Berthed { context, page, lane, seat })
    }

    fn opened_in(&self, took: Duration) {
        let mut openings = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        if openings.len() == OPENINGS_KEPT {
            openings.pop_front();
        }
        openings.push_back(took);
    }

    /// What making a context with its page took, each since this was asked last: a browser to make it in was there.
    pub fn openings(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.openings.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    pub fn ready(&self) -> u32 {
        u32::try_from(self.lock_ready().len()).unwrap_or(u32::MAX)
    }

    pub fn goal(&self) -> u32 {
        self.goal.load(Ordering::Relaxed)
    }

    pub fn set_goal(&self, goal: u32) {
        self.goal.store(goal, Ordering::Relaxed);
        self.wake.notify_one();
    }

    pub async fn close(&self) {
        let ready = std::mem::take(&mut *self.lock_ready());
        for berthed in ready {
            berthed.end(&self.tasks).await;
        }
    }

    fn lock_ready(&self) -> MutexGuard<'_, Vec<Berthed>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_last(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that was made for somebody; it stands ready for others when nobody takes it.
struct Unclaimed {
    made: Option<Berthed>,
    warm: Arc<Warm>,
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(made) = self.made.take() {
            self.warm.lock_ready().push(made);
            // What is too much is ended.
            self.warm.wake.notify_one();
        }
    }
}

impl Berthed {
    /// Can a session still begin in it?
    fn is_fit(&self) -> bool {
        self.context.is_alive() && self.seat.is_fit()
    }

    /// Ends the context and its lane; the seat is free when this returns. Carried through also when whoever waits for it leaves.
    pub async fn end(self, tasks: &Tasks) {
        drop(tasks.spawn_with("context end", |_| self.take_down()).await);
    }

    async fn take_down(self) {
        if let Err(error) = self.context.dispose().await
            && self.seat.chromium().is_alive()
        {
            tracing::warn!(%error, "a context could not be disposed; its browser ends when the others have left it");
            counter!(names::LEAKS_FOUND, "kind" => "context").increment(1);
            self.seat.condemn();
        }
        self.lane.close().await;
    }
}

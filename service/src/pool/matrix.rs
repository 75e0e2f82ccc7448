//! *ok, error, slow, never* in each of *launch, context, health, dispose* and a browser's life, with callers who are dropped at any moment:
//! when all is well again, nothing is out that was not before: no place, no seat, no context, no lane, no browser, no task.
//!
//! The browsers are none (`browser::fake`), so that hours of waiting pass in a paused clock; `tests/it/launches.rs` and `faults.rs` do to real
//! ones what can be done to those.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;
use crate::browser::{Deed, Fakes, Step};

const STEPS: [Step; 5] = [Step::Launch, Step::Context, Step::Health, Step::Dispose, Step::Live];
const DEEDS: [Deed; 4] = [Deed::Ok, Deed::Error, Deed::Slow, Deed::Never];

/// Callers of one run.
const CALLERS: usize = 24;
/// Longer than every deadline, pause and retry there is, one after the other.
const ALL_OVER: Duration = Duration::from_secs(300);

/// Ways out that are counted.
#[derive(Default)]
struct Counted(Arc<AtomicI64>);

struct One(Arc<AtomicI64>);

impl Lanes for Counted {
    fn open(&self) -> Boxed<'_, io::Result<Box<dyn Lane>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let one: Box<dyn Lane> = Box::new(One(Arc::clone(&self.0)));
        Box::pin(async { Ok(one) })
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lane for One {
    fn proxy(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 9))
    }

    fn assign(&self, _: &str, _: &str) {}

    fn denials(&self) -> Vec<Denial> {
        Vec::new()
    }

    fn close(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
}

fn config(random: &mut StdRng) -> PoolConfig {
    PoolConfig {
        max_sessions: random.random_range(2..6),
        max_waiting: 12,
        warm_sessions: random.random_range(0..3),
        max_sessions_per_browser: random.random_range(1..4),
        sessions_per_browser_life: random.random_range(1..20),
        ceiling: 6,
        // Of this machine nothing is to be looked at.
        memory_free_mib_min: 0,
        descriptors_free_min: 0,
        ..PoolConfig::default()
    }
}

/// One run: in half of all cases the step goes as it must not.
async fn run(step: Step, deed: Deed, seed: u64) {
    let told = format!("{step:?} {deed:?}, seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fakes = Fakes::new(|_| Deed::Ok);
    let (tasks, lanes) = (Tasks::new(), Counted::default());
    let open = Arc::clone(&lanes.0);
    let config = config(&mut random);
    let pool = Pool::new(config.clone(), Arc::new(fakes.options()), Arc::new(lanes), tasks.clone());
    pool.start().await.expect("all is well at the start");

    let dice = Mutex::new(StdRng::seed_from_u64(seed));
    fakes.plan(move |asked| {
        let amiss = asked == step && dice.lock().expect("nobody panics with it").random_bool(0.5);
        if amiss { deed } else { Deed::Ok }
    });
    let mut callers = JoinSet::new();
    let mut handles = Vec::new();
    for number in 0..CALLERS {
        let (pool, tenant) = (Arc::clone(&pool), ["a", "b", "c"][number % 3]);
        let (comes, stays) = (random.random_range(0..20_000), random.random_range(0..8_000));
        let closes = random.random_bool(0.7);
        handles.push(callers.spawn(async move {
            sleep(Duration::from_millis(comes)).await;
            let Ok(lease) = pool.acquire(tenant, |_| {}).await else { return };
            sleep(Duration::from_millis(stays)).await;
            match lease.context().is_alive() {
                true if closes => lease.close().await,
                true => drop(lease),
                false => drop(pool.exchange(lease, tenant).await),
            }
        }));
    }
    for handle in &handles {
        if random.random_bool(0.4) {
            sleep(Duration::from_millis(random.random_range(0..1_500))).await;
            handle.abort();
        }
    }
    while let Some(ended) = callers.join_next().await {
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()), "{told}: a caller panicked");
    }
    fakes.plan(|_| Deed::Ok);
    sleep(ALL_OVER).await;

    let view = pool.view();
    assert_eq!((view.in_use, view.waiting), (0, 0), "{told}: {view:?}");
    assert!(pool.health().is_ok(), "{told}: {:?}", pool.health());
    assert_eq!(pool.fleet.seated(), view.warm, "{told}: a seat is taken by nobody");
    assert_eq!(open.load(Ordering::Relaxed), i64::from(view.warm), "{told}: a way out is left");
    let contexts = fakes.contexts();
    assert_eq!(contexts.len(), view.browsers as usize, "{told}: a browser runs that nobody knows");
    let kept: usize = contexts.iter().sum();
    // One that was made while its caller had left is ended with its browser, whose other sessions are not disturbed for it.
    assert_eq!(kept, view.warm as usize, "{told}: a context is left in {contexts:?}");
    // All it may have can be had again.
    let mut leases = Vec::new();
    for number in 0..config.max_sessions {
        let lease = pool.acquire("a", |_| {}).await;
        leases.push(lease.unwrap_or_else(|error| panic!("{told}: session {number}: {error}")));
    }
    drop(leases);
    pool.close().await;
    tasks.end(Duration::from_secs(60)).await;
    assert_eq!((tasks.alive(), fakes.contexts().len(), open.load(Ordering::Relaxed)), (0, 0, 0), "{told}: at the end");
}

/// Three seeds of each in an ordinary run; `HELMWATCH_SEEDS` for as many as one likes.
#[test]
fn whatever_goes_amiss_and_whoever_leaves_nothing_is_left_behind() {
    let seeds = std::env::var("HELMWATCH_SEEDS").map_or(3, |text| text.parse().expect("a number"));
    for seed in 0..seeds {
        for (step, deed) in STEPS.into_iter().flat_map(|step| DEEDS.map(|deed| (step, deed))) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(run(step, deed, seed));
        }
    }
}

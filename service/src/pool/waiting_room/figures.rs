//! A figure, not a claim: `cargo test --release -p helmwatch a_place_given_to_somebody_who_is_gone -- --ignored --nocapture`.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::{AbortHandle, JoinSet};

use super::*;

/// Callers that wait (FAULTS F36), of so many tenants.
const CALLERS: usize = 10_000;
const TENANTS: usize = 4;
/// Places given to somebody who is gone by then.
const GIVEN: usize = 500;

/// With ten thousand waiting, who leave and whose time runs out at random, a place is given to one that does not look any more: how long until
/// somebody has it who does?
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure"]
async fn a_place_given_to_somebody_who_is_gone_comes_back_in() {
    let room =
        WaitingRoom::new(Limits { sessions: 1, waiting: u32::MAX, sessions_per_tenant: 0, waiting_per_tenant: 0 });
    let mut held = room.enter("first", Duration::MAX, |_| {}).await.expect("it is free");
    let (mut random, mut callers) = (StdRng::seed_from_u64(1), JoinSet::new());
    let (has, mut had) = tokio::sync::mpsc::channel(1);
    let mut handles: VecDeque<AbortHandle> = VecDeque::new();
    let mut took = Vec::new();
    let (mut fewest, mut most) = (u32::MAX, 0);
    while took.len() < GIVEN {
        // Some leave, and as many come as are missing; a third of them has not the patience for it.
        for _ in 0..random.random_range(0..6) {
            handles.pop_front().inspect(AbortHandle::abort);
        }
        while callers.try_join_next().is_some() {}
        while callers.len() < CALLERS {
            let (room, has) = (room.clone(), has.clone());
            let tenant = format!("t{}", random.random_range(0..TENANTS));
            let patience = Duration::from_millis(random.random_range(1..90_000));
            handles.push_back(callers.spawn(async move {
                if let Ok(place) = room.enter(&tenant, patience, |_| {}).await {
                    drop(has.send((Instant::now(), place)).await);
                }
            }));
        }
        // One whose turn comes, and who has left without a word by then.
        let (call, called) = oneshot::channel();
        drop(room.lock().enter("gone", call));
        while called.is_empty() {
            drop(held);
            if !called.is_empty() {
                break;
            }
            (_, held) = had.recv().await.expect("somebody waits");
        }
        let waiting = room.numbers().waiting;
        (fewest, most) = (fewest.min(waiting), most.max(waiting));
        let began = Instant::now();
        drop(called);
        let (at, place) = had.recv().await.expect("somebody waits");
        took.push((at - began).as_secs_f64() * 1_000.0);
        held = place;
    }
    drop(held);
    callers.shutdown().await;
    took.sort_by(f64::total_cmp);
    println!(
        "a place given to somebody who is gone has another owner after p50 {:.3}, p99 {:.3}, max {:.3} ms \
         ({GIVEN} times, {fewest} to {most} waiting; asked: 10 ms)",
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1],
    );
}

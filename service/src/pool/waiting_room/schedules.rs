//! The waiting room under schedules that `shuttle` chooses: whoever comes in between where, no place is lost, nobody waits for ever (that is a
//! deadlock, which it reports), and there are never more places out than the limit ever was.

use std::sync::atomic::{AtomicU32, Ordering};

use shuttle::future::{JoinHandle, block_on, spawn};

use super::*;
use crate::pool::between::check;

/// Schedules of each kind in an ordinary run; `HELMWATCH_SEEDS` for as many as one likes.
fn schedules() -> usize {
    std::env::var("HELMWATCH_SEEDS").map_or(500, |text| text.parse().expect("a number"))
}

fn room(sessions: u32, waiting: u32) -> WaitingRoom {
    WaitingRoom::new(Limits { sessions, waiting, sessions_per_tenant: 0, waiting_per_tenant: 0 })
}

/// No end of patience: a wake-up that is lost is a deadlock.
const FOR_EVER: Duration = Duration::MAX;
/// Over whenever the schedule says so.
const A_WHILE: Duration = Duration::from_secs(1);

/// Comes, stays a moment, goes. Was it let in?
fn caller(room: &WaitingRoom, tenant: &'static str, patience: Duration, inside: &Arc<AtomicU32>) -> JoinHandle<bool> {
    let (room, inside) = (room.clone(), Arc::clone(inside));
    spawn(async move {
        let Ok(place) = room.enter(tenant, patience, |_| {}).await else { return false };
        let now = inside.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(now <= 2, "{now} at once");
        between();
        inside.fetch_sub(1, Ordering::Relaxed);
        drop(place);
        true
    })
}

fn nothing_is_left(room: &WaitingRoom) {
    let Numbers { in_use, waiting, .. } = room.numbers();
    assert_eq!((in_use, waiting), (0, 0), "a place or a caller is left");
}

#[test]
fn everybody_who_waits_for_ever_is_served_and_no_place_is_lost() {
    check(schedules(), || {
        let (room, inside) = (room(1, 9), Arc::default());
        let callers = ["a", "b", "a", "c"].map(|tenant| caller(&room, tenant, FOR_EVER, &inside));
        block_on(async {
            for caller in callers {
                assert!(caller.await.expect("it ran"));
            }
        });
        nothing_is_left(&room);
    });
}

/// A place that is given at the very moment in which its caller leaves, by its deadline or by being dropped, goes to the next.
#[test]
fn whoever_leaves_at_any_moment_takes_no_place_along() {
    check(schedules(), || {
        let (room, inside) = (room(1, 9), Arc::default());
        let first = caller(&room, "a", FOR_EVER, &inside);
        let late = caller(&room, "b", A_WHILE, &inside);
        let dropped = caller(&room, "a", FOR_EVER, &inside);
        let last = caller(&room, "c", FOR_EVER, &inside);
        dropped.abort();
        block_on(async {
            assert!(first.await.expect("it ran") && last.await.expect("it ran"));
            late.await.expect("it ran");
            drop(dropped.await);
        });
        nothing_is_left(&room);
    });
}

#[test]
fn a_limit_that_moves_meanwhile_wakes_whom_it_lets_in_and_never_overshoots() {
    check(schedules(), || {
        let (room, inside) = (room(0, 9), Arc::default());
        let callers = ["a", "b", "a"].map(|tenant| caller(&room, tenant, FOR_EVER, &inside));
        let mover = spawn({
            let room = room.clone();
            async move {
                for sessions in [2, 0, 1] {
                    room.set_limits(|limits| limits.sessions = sessions);
                    between();
                }
            }
        });
        block_on(async {
            mover.await.expect("it ran");
            for caller in callers {
                assert!(caller.await.expect("it ran"));
            }
        });
        nothing_is_left(&room);
    });
}

/// Of a full room one has to go for another: each of them hears something.
#[test]
fn those_who_are_turned_away_are_told_also_when_the_room_closes() {
    check(schedules(), || {
        let (room, inside) = (room(1, 2), Arc::default());
        let callers = ["a", "a", "a", "b"].map(|tenant| caller(&room, tenant, FOR_EVER, &inside));
        let closing = spawn({
            let room = room.clone();
            async move { room.close() }
        });
        block_on(async {
            closing.await.expect("it ran");
            for caller in callers {
                // Let in or not: it came back.
                caller.await.expect("it ran");
            }
        });
        nothing_is_left(&room);
    });
}

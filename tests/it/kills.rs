//! A short run of the kill test: that it finds nothing, and that it looks. By hand it is `helmwatch-kills`, for a thousand kills.

use helmwatch_tests::kills::{Plan, browsers, run, seed, services, stops};
use tokio::sync::watch;

/// F28: a short run; by hand it is `helmwatch-kills`, for a thousand.
#[tokio::test]
async fn killed_anywhere_around_an_approval_nothing_is_lost_and_nothing_runs_twice() {
    let plan = Plan { kills: 5, cards: 2, workers: 1, seed: seed() };
    let (progress, count) = watch::channel(0);
    let tally = run(&plan, progress).await.unwrap();
    println!("seed {}: {}", plan.seed, tally.line());
    assert!(tally.is_clean(), "seed {}: {}\n{:#?}", plan.seed, tally.line(), tally.told);
    assert_eq!((tally.kills, tally.cards, *count.borrow()), (5, 10, 5));
    assert_eq!(tally.states.values().sum::<u32>(), 10, "every card was looked at");
}

/// F1: by hand it is `helmwatch-kills --what browser`.
#[tokio::test]
async fn browsers_killed_below_their_calls_cost_those_calls_and_leave_nothing() {
    let (progress, count) = watch::channel(0);
    let deaths = browsers(3, progress).await.unwrap();
    println!("{}", deaths.line());
    assert!(deaths.is_clean(), "{}\n{:#?}", deaths.line(), deaths.told);
    assert_eq!((deaths.failed_ms.len(), deaths.ready_ms.len(), *count.borrow()), (3, 3, 3));
}

/// F30: by hand it is `helmwatch-kills --what service`.
#[tokio::test]
async fn services_killed_at_work_leave_no_process_and_no_folder() {
    let (progress, count) = watch::channel(0);
    let ends = services(3, seed(), progress).await.unwrap();
    println!("{}", ends.line());
    assert!(ends.is_clean(), "{}\n{:#?}", ends.line(), ends.told);
    assert!(ends.processes > 0 && *count.borrow() == 3, "{}", ends.line());
}

/// F29: by hand it is `helmwatch-kills --what told`, for a thousand.
#[tokio::test]
async fn services_told_to_end_at_any_moment_end_well_and_leave_nothing() {
    let (progress, count) = watch::channel(0);
    let seed = seed();
    let stops = stops(6, seed, progress).await.unwrap();
    println!("seed {seed}: {}", stops.line());
    assert!(stops.is_clean(), "seed {seed}: {}\n{:#?}", stops.line(), stops.told);
    assert_eq!((stops.ended_ms.len(), *count.borrow()), (6, 6));
}

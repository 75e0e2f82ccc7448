//! A short run of the kill test: that it finds nothing, and that it looks. By hand it is `helmwatch-kills`, for a thousand kills.

use helmwatch_tests::kills::{Plan, run, seed};
use tokio::sync::watch;

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

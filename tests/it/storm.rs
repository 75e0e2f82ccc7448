//! A short storm of malformed messages, and by hand those whose answer has a name. By hand it is `helmwatch-storm`, for a hundred thousand.

use helmwatch_tests::storm::{Front, Plan, run, seed};
use tokio::sync::watch;

#[tokio::test]
async fn malformed_messages_on_every_front_end_hang_and_leave_nothing() {
    let plan = Plan { messages: 300, rate: 400, seed: seed() };
    let (progress, count) = watch::channel(0);
    let tally = run(&plan, progress).await.unwrap();
    println!("seed {}: {tally}\n{:#?}", plan.seed, tally.answers);
    assert!(tally.is_clean(), "seed {}: {tally}\n{:#?}\n{:#?}", plan.seed, tally.told, tally.left);
    for front in Front::ALL {
        assert!(tally.sent[&front] >= plan.messages, "{front:?} in {tally}");
    }
    assert_eq!(*count.borrow(), tally.messages());
}

//! The load test tests itself: what it reports is what happened.

use std::time::Duration;

use helmwatch_tests::load::{Plan, Until, run};
use helmwatch_tests::mcp::Era;
use tokio::sync::watch;

use crate::room::Room;

#[tokio::test]
async fn whole_sessions_are_counted_queued_ones_wait_and_nothing_is_left() {
    let room = Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 8\n")).await;
    let (progress, seen) = watch::channel(0);
    let plan = Plan {
        base: room.service.base(),
        key: Some(room.service.admin_key().to_owned()),
        era: Era::Modern,
        agents: 3,
        viewers: 1,
        until: Until::Sessions(6),
        form_url: room.site.url("/form"),
        process: Some(room.service.process()),
        set_limit: vec![(Duration::from_millis(500), 3)],
    };
    let report = run(plan, progress).await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    assert_eq!((report.sessions, report.failed), (6, 0), "{report}");
    assert_eq!(*seen.borrow(), 6);
    assert_eq!(report.tools["browser_click"].count, 6);
    assert_eq!(report.sessions_left, 0);
    assert!(report.queue.max_ms > report.queue.p50_ms / 2.0 && report.run.p50_ms > 0.0);
    assert_eq!(room.site.count("GET", "/form"), 6, "the site saw every session");
    room.close().await;
}

//! The benchmark tests itself: what it counts is what pages saw.

use std::time::Duration;

use helmwatch_tests::bench::{CurvePlan, OpeningPlan, curve, opening};

#[tokio::test]
async fn as_many_sessions_are_open_on_both_sides_and_every_click_is_seen() {
    let plan = CurvePlan { steps: vec![1, 3], rest: Duration::from_millis(200), without_raw: false };
    let report = curve(&plan, |_| {}).await.unwrap_or_else(|fault| panic!("{fault}"));
    for (step, asked) in report.steps.iter().zip([1, 3]) {
        let raw = step.raw.as_ref().unwrap();
        for level in [&step.ours, raw] {
            // Opening, page, click, snapshot, and the click of all at once.
            let calls = u64::from(asked) * 5;
            assert_eq!((level.sessions, level.failed, level.calls), (asked, 0, calls), "{:?}", level.failures);
            assert!(level.open.p50_ms > 0.0 && level.first_page.p50_ms > level.open.p50_ms, "{level:?}");
            assert!(level.chromium_mib_each > 1.0 && level.opening_cpu_ms.browsers > 0.0, "{level:?}");
        }
        assert!(step.ours.own_mib_each.is_some() && raw.own_mib_each.is_none());
        assert!(step.memory_ratio().is_some_and(|ratio| (0.3..3.0).contains(&ratio)), "{step:?}");
    }
    assert!(report.stopped.is_none() && report.to_string().contains("| sessions open at once | | 1 | 3 |"), "{report}");
}

#[tokio::test]
async fn a_session_is_opened_as_often_as_asked_at_leisure_and_back_to_back() {
    let report = opening(OpeningPlan { times: 3, without_raw: false }, |_| {}).await;
    let report = report.unwrap_or_else(|fault| panic!("{fault}"));
    let counts = [report.leisure, report.raw, report.back_to_back, report.raw_back_to_back].map(|spread| spread.count);
    assert_eq!((counts, report.burst.count), ([3; 4], 16), "{report}");
    assert!(report.raw.p50_ms > 1.0, "a context and a page are not made in no time\n{report}");
    assert_eq!(report.targets().len(), 1);
}

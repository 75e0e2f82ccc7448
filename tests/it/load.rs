//! The load test tests itself: what it reports is what happened.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use helmwatch_tests::browser::Page;
use helmwatch_tests::cdp::Chromium;
use helmwatch_tests::load::{
    Kind, Open, Plan, SETTLES_WITHIN, Sample, Scenario, Schedule, Until, Wish, page, run, settings_of_faults,
};
use helmwatch_tests::mcp::Era;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::room::Room;
use crate::story::keep;

/// Nothing but what is known of the room: no agents, no viewers, no arrivals.
fn plan(room: &Room) -> Plan {
    Plan {
        base: room.service.base(),
        key: Some(room.service.admin_key().to_owned()),
        era: Era::Modern,
        agents: 0,
        viewers: 0,
        until: Until::Sessions(0),
        form_url: room.site.url("/form"),
        process: Some(room.service.process()),
        set_limit: Vec::new(),
        open: None,
        profiles: None,
        settles_within: SETTLES_WITHIN,
    }
}

#[tokio::test]
async fn whole_sessions_are_counted_queued_ones_wait_and_nothing_is_left() {
    let room = Room::with(|options| options.config("[pool]\nmax_sessions = 1\nmax_waiting = 8\n")).await;
    let (progress, seen) = watch::channel(0);
    let plan = Plan {
        agents: 3,
        viewers: 1,
        until: Until::Sessions(6),
        set_limit: vec![(Duration::from_millis(500), 3)],
        ..plan(&room)
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

#[tokio::test]
async fn after_sessions_of_all_kinds_everything_is_as_it_was_before() {
    // Heaps are small so that pages crash soon; idle time is short because vanished agents close nothing.
    let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
    let room = Room::with(|mut options| {
        options.environment.push(("TMPDIR".to_owned(), folder.path().display().to_string()));
        options.config(&format!("[pool]\nmax_sessions = 4\n{}", settings_of_faults()))
    })
    .await;
    let wish = Wish { scenario: Scenario::Soak, sessions: 25, rate: 2.0, seed: 5, crowd: 0, may_break: true };
    let schedule = Schedule::of(&wish).unwrap();
    let (progress, _seen) = watch::channel(0);
    let plan = Plan {
        viewers: 1,
        open: Some(Open { schedule, noisy_key: None, reaped: true }),
        profiles: Some(folder.path().to_owned()),
        ..plan(&room)
    };
    let report = run(plan, progress).await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let kinds = &report.scenario.as_ref().unwrap().kinds;
    for (kind, count) in
        [(Kind::Happy, 15), (Kind::Error, 4), (Kind::Disconnect, 2), (Kind::Crash, 2), (Kind::Timeout, 2)]
    {
        assert_eq!(kinds[&kind].ended.get("as planned"), Some(&count), "{kind:?}\n{report}");
    }
    assert_eq!(report.leftovers.as_deref(), Some(&[][..]), "{report}\n{}", room.service.log());
    assert!(report.is_clean(), "{report}");
    let total = &report.scenario.as_ref().unwrap().total;
    assert!(total.count == 25 && total.max_ms > 10_000.0, "a call that times out takes its deadline\n{report}");
    assert!(report.timeline.iter().any(|sample| sample.in_use > 0), "{:?}", report.timeline);
    room.close().await;
    looked_at(&serde_json::to_value(&report).unwrap(), folder.path()).await;
}

/// The page of the report, as people see it; pictures are kept.
async fn looked_at(report: &Value, folder: &Path) {
    let file = folder.join("report.html");
    std::fs::write(&file, page(report, Some(report))).unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let viewer = Page::open(&chromium.connection()).await.unwrap();
    viewer.goto(&format!("file://{}", file.display())).await.unwrap();
    for theme in ["light", "dark"] {
        for width in [1440, 400] {
            viewer.looks(width, theme).await.unwrap();
            let height = viewer.evaluate("document.documentElement.scrollHeight").await.unwrap();
            let whole = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            viewer.call("Emulation.setDeviceMetricsOverride", whole).await.unwrap();
            let fits = viewer.evaluate("document.documentElement.scrollWidth <= innerWidth").await.unwrap();
            assert_eq!(fits, json!(true), "something sticks out at {width}");
            keep(&format!("load-report-{theme}-{width}.png"), &viewer.picture("png").await.unwrap());
        }
    }
    let text = "document.body.innerText";
    let said = viewer.evaluate(text).await.unwrap();
    let said = said.as_str().unwrap();
    for words in ["Every session went as planned, nothing was left behind", "call that times out", "Beside the old run"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    let plots = "[...document.querySelectorAll('figure')].map(one => one.querySelector('figcaption').textContent)";
    let plots = viewer.evaluate(plots).await.unwrap();
    for title in ["Throughput", "Wait for a place", "Sessions open, waiting, and the limit", "The steps of a session"] {
        assert!(plots.as_array().unwrap().contains(&json!(title)), "{title} in {plots}");
    }
    let fetched = viewer.evaluate("performance.getEntriesByType('resource').length").await.unwrap();
    assert_eq!(fetched, json!(0), "the page needs nothing from elsewhere");
    viewer.close().await.unwrap();
    chromium.close().await.unwrap();
}

#[tokio::test]
async fn beside_a_crowd_the_other_tenant_is_served_and_both_are_counted_apart() {
    let room = Room::with(|options| {
        options.config(
            "[pool]\nmax_sessions = 4\nmax_sessions_per_tenant = 2\nmax_waiting = 40\nmax_waiting_per_tenant = 20\n[session]\nidle_ms_max = 10000\n",
        )
    })
    .await;
    let wish = Wish { scenario: Scenario::NoisyTenant, sessions: 9, rate: 1.0, seed: 2, crowd: 12, may_break: true };
    let schedule = Schedule::of(&wish).unwrap();
    let noisy_key = Some(room.service.create_key("noisy", &["agent"], Some("noisy")).await.unwrap());
    let (progress, _seen) = watch::channel(0);
    let plan = Plan { open: Some(Open { schedule, noisy_key, reaped: false }), ..plan(&room) };
    let report = run(plan, progress).await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let scenario = report.scenario.as_ref().unwrap();
    assert_eq!(scenario.kinds[&Kind::Thinking].ended.get("as planned"), Some(&9), "{report}");
    let noise = scenario.noise.as_ref().unwrap();
    assert_eq!((noise.alone.count, noise.beside.count), (6, 3), "{report}");
    assert_eq!((noise.max_sessions, noise.max_sessions_per_tenant, noise.max_waiting_per_tenant), (4, 2, 20));
    assert!(noise.callers == 12 && noise.crowd_sessions >= 2, "{noise:?}");
    let most = |of: fn(&Sample) -> u32| report.timeline.iter().map(of).max().unwrap_or(0);
    assert!(most(|one| one.crowd_open) >= 2 && most(|one| one.own_open) >= 1, "{:?}", report.timeline);
    assert!(most(|one| one.in_use) <= 4 && most(|one| one.waiting) >= 4, "{:?}", report.timeline);
    assert!(report.timeline.iter().any(|one| one.crowd_queue_p95_ms.is_some()), "{:?}", report.timeline);
    assert_eq!(report.leftovers.as_deref(), Some(&[][..]), "{report}\n{}", room.service.log());
    room.close().await;
}

#[tokio::test]
async fn a_session_that_nobody_closed_is_found_and_named() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let wish = Wish { scenario: Scenario::Steady, sessions: 2, rate: 1.0, seed: 1, crowd: 0, may_break: false };
    let (progress, mut seen) = watch::channel(0);
    let plan = Plan {
        open: Some(Open { schedule: Schedule::of(&wish).unwrap(), noisy_key: None, reaped: false }),
        settles_within: Duration::from_secs(5),
        ..plan(&room)
    };
    let forgets = async {
        seen.changed().await.unwrap();
        agent.goto(&room.site.url("/form")).await;
    };
    let (report, ()) = tokio::join!(run(plan, progress), forgets);
    let report = report.unwrap();
    let left = report.leftovers.as_ref().unwrap();
    let named = |what: &str| left.iter().any(|one| one.what == what && one.after == one.before + 1);
    assert!(named("sessions") && named("permits in use") && named("process: renderer"), "{report}");
    assert!(!report.is_clean());
    room.close().await;
}

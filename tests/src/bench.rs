//! Figures side by side in one run: raw CDP, this service, and its peers doing the same steps.
//!
//! Parts: whole sessions (this file), single steps on several pages with what their replies cost (`steps`), how a snapshot's time
//! grows with its page (`growth`), the live picture (`live`), what more sessions open at once cost (`curve`), opening one (`opening`), and
//! how fast a full pool refuses (`admission`).
//!
//! The sides take turns inside every round, so that what else the machine does falls on all of them. Medians and ratios are what
//! counts; a figure of one side alone says little.

mod admission;
mod agent_browser;
mod curve;
mod deed;
mod growth;
mod hand;
mod live;
mod opening;
mod report;
mod side;
mod spread;
mod steps;
mod table;
mod target;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

pub use admission::{Admission, admission};
pub use curve::{CurvePlan, CurveReport, curve};
pub use growth::{Growth, growth};
pub use live::{LivePlan, LiveReport, live};
pub use opening::{OpeningPlan, OpeningReport, opening};
pub use report::Report;
pub use side::{Side, SideName};
pub use spread::Spread;
pub use steps::{StepReport, Walk, steps};
pub use table::growth_table;
pub use target::{Target, verdict_table, verdicts};
pub use write::{has_places, write};

use crate::processes::{Memory, Process};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::{Fault, Outcome};

/// Sessions opened to weigh one.
const WEIGHED_SESSIONS: u32 = 10;

/// A rush has at least so many sessions for each that is under way: one wave is all beginning and end.
const WAVES_MIN: u32 = 3;

/// What to measure, and how often.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Sides to leave out.
    pub skip: Vec<SideName>,
    /// Rounds of opening, and of clicks and snapshots.
    pub rounds: u32,
    /// Clicks in each round.
    pub clicks: u32,
    /// Rounds of throughput.
    pub rushes: u32,
    /// Whole sessions in each of them, or three times as many as there are at once, if that is more.
    pub sessions: u32,
    /// Whole sessions at once, one number after another.
    pub parallel: Vec<u32>,
    /// Starts of the service.
    pub starts: u32,
}

/// All samples of one side.
#[derive(Debug, Default)]
pub struct Samples {
    pub open_ms: Vec<f64>,
    pub click_ms: Vec<f64>,
    pub snapshot_ms: Vec<f64>,
    /// By how many there were at once, in the order of the plan.
    pub sessions_per_s: Vec<Vec<f64>>,
    pub idle: Option<Memory>,
    pub loaded: Option<Memory>,
}

/// Runs it all; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or a step of it fails: a benchmark of failures is none.
pub async fn run(plan: &Plan, say: impl Fn(&str)) -> Outcome<Report> {
    let site = Site::start().await?;
    let wanted = |name| !plan.skip.contains(&name);
    let mut starts_ms = Vec::new();
    if wanted(SideName::Helmwatch) {
        for _ in 0..plan.starts {
            let service = Service::start(Options::allowing([site.address()])).await?;
            starts_ms.push(ms(service.ready_after()));
            service.stop().await?;
        }
    }
    let mut sides = Vec::new();
    for name in SideName::WITH_SESSIONS.into_iter().filter(|name| wanted(*name)) {
        say(&format!("starting {name}"));
        let room = plan.parallel.iter().copied().fold(WEIGHED_SESSIONS, u32::max) + 2;
        let side = Side::start(name, &site, room).await?;
        let sessions_per_s = vec![Vec::new(); plan.parallel.len()];
        let samples = Samples { idle: side.process().map(Process::memory), sessions_per_s, ..Samples::default() };
        sides.push((Arc::new(side), samples));
    }
    // Once unmeasured, so that no side pays for a first time: code loaded, caches filled.
    for (side, _) in &sides {
        side.whole("warm-up").await?;
    }
    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}: open, click, snapshot", plan.rounds));
        for (side, samples) in &mut sides {
            samples.open_ms.push(ms(side.open_first(&format!("open-{round}")).await?));
            let (clicks, snapshots) = side.quiet(&format!("quiet-{round}"), plan.clicks).await?;
            samples.click_ms.extend(clicks.into_iter().map(ms));
            samples.snapshot_ms.extend(snapshots.into_iter().map(ms));
        }
    }
    for rush in 1..=plan.rushes {
        for (at, parallel) in plan.parallel.iter().copied().enumerate() {
            let sessions = plan.sessions.max(parallel * WAVES_MIN);
            say(&format!("rush {rush} of {}: {sessions} whole sessions, {parallel} at a time", plan.rushes));
            for (side, samples) in &mut sides {
                samples.sessions_per_s[at].push(throughput(side, sessions, parallel, rush).await?);
            }
        }
    }
    say("weighing");
    for (side, samples) in &mut sides {
        samples.loaded = side.weigh(WEIGHED_SESSIONS).await?;
    }
    let mut report = Report::new(plan, starts_ms);
    for (side, samples) in sides {
        report.add(side.name(), &samples, WEIGHED_SESSIONS);
        let side = Arc::into_inner(side).ok_or_else(|| Fault::of("benchmark", "a side is still in use"))?;
        side.stop().await?;
    }
    Ok(report)
}

/// Whole small sessions a second.
async fn throughput(side: &Arc<Side>, sessions: u32, parallel: u32, rush: u32) -> Outcome<f64> {
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..parallel {
        let (side, next) = (Arc::clone(side), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= sessions {
                    return Ok::<(), Fault>(());
                }
                side.whole(&format!("rush-{parallel}-{rush}-{number}")).await?;
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.map_err(|error| Fault::of("benchmark", error))??;
    }
    Ok(f64::from(sessions) / began.elapsed().as_secs_f64())
}

pub(crate) fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

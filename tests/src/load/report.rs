//! What is told at the end: a table for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use helmwatch_protocol::PoolView;
use serde::Serialize;

use super::numbers::Inner;
use super::open::{ALONE, BESIDE};
use super::timeline::{GROWTH_FROM, mib};
use super::{Growth, Kind, KindCounts, Leftover, Numbers, Phase, Plan, Sample, Schedule, Spread};
use crate::bench::{Target, verdicts};
use crate::machine::Machine;
use crate::mcp::Era;
use crate::processes::Memory;
use crate::steps::STEPS;

/// As many are to wait for the figure of the noisy tenant to count.
const CROWD_ASKED: u32 = 1_000;

/// The whole result of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub agents: u32,
    pub viewers: u32,
    /// `2026-07-28` or `2025-11-25`.
    pub protocol: &'static str,
    pub elapsed_s: f64,
    /// Whole small sessions.
    pub sessions: u64,
    pub sessions_per_s: f64,
    /// Asking for a session until it was there.
    pub queue: Spread,
    /// From there until it was closed.
    pub run: Spread,
    /// By tool.
    pub tools: BTreeMap<&'static str, Spread>,
    /// Times an agent was told to come back later.
    pub refused: u64,
    pub failed: u64,
    /// First words of each failure, and how often.
    pub failures: BTreeMap<String, u64>,
    /// Absent without viewers.
    pub viewer: Option<ViewerReport>,
    /// Absent when the service's process is not known.
    pub memory: Option<MemoryReport>,
    /// Limits set while it ran.
    pub limits: Vec<LimitReport>,
    /// Where and when it ran.
    pub machine: Machine,
    /// What was to be reached, as far as this run can tell.
    pub targets: Vec<Target>,
    /// Absent in the closed loop.
    pub scenario: Option<ScenarioReport>,
    pub timeline: Vec<Sample>,
    /// Of the service's own memory; absent when it was not weighed often enough.
    pub growth: Option<Growth>,
    /// What there is more of than before the run; absent when the service's process is not known.
    pub leftovers: Option<Vec<Leftover>>,
    /// Sessions of the service still open after the run.
    pub sessions_left: usize,
    /// Processes alive after the service ended; absent when it was not ours to end.
    pub processes_left: Option<Vec<String>>,
}

/// An open loop: all waits count from the moment a session was meant to come.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioReport {
    pub name: &'static str,
    /// Sessions a second, as planned.
    pub rate: f64,
    pub seed: u64,
    /// From the moment a session was meant to come until it was over, of those that went as planned.
    pub total: Spread,
    /// How late the load generator itself began a session; it is in all the other figures.
    pub late_start: Spread,
    /// By what the sessions were to do.
    pub kinds: BTreeMap<Kind, KindCounts>,
    /// Waits for a place, by whose they were.
    pub tenants: BTreeMap<&'static str, Spread>,
    /// Absent but in `noisy-tenant`.
    pub noise: Option<NoiseReport>,
    /// Browsers killed on purpose, and what their sessions were told.
    pub browsers_killed: u64,
    pub hurt: BTreeMap<String, u64>,
}

/// A quiet tenant beside a crowd of another.
#[derive(Debug, Clone, Serialize)]
pub struct NoiseReport {
    /// Callers of the crowd.
    pub callers: u32,
    /// Limits of the pool at the end; 0 is a tenant without a limit of its own.
    pub max_sessions: u32,
    pub max_sessions_per_tenant: u32,
    pub max_waiting_per_tenant: u32,
    /// Callers waiting while the quiet tenant's sessions came beside the crowd.
    pub waiting_least: u32,
    pub waiting_mean: f64,
    /// Sessions the crowd got, and times it was told to come back.
    pub crowd_sessions: u64,
    pub crowd_refused: u64,
    /// The quiet tenant's waits before the crowd came and after it left, and beside it.
    pub alone: Spread,
    pub beside: Spread,
    /// p95 beside the crowd as a multiple of that alone.
    pub p95_ratio: f64,
    /// When the crowd was there, seconds.
    pub from_s: f64,
    pub until_s: f64,
}

/// What viewers saw.
#[derive(Debug, Clone, Serialize)]
pub struct ViewerReport {
    pub frames: u64,
    /// Of one viewer, while it had a session to watch.
    pub frames_per_s: f64,
    /// Chromium's capture to the viewer's socket.
    pub age: Spread,
    pub mean_frame_kib: f64,
}

/// What it weighed, MiB, proportional set size.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MemoryReport {
    /// Whole tree before the first session.
    pub tree_idle_mib: f64,
    /// Whole tree at its heaviest.
    pub tree_peak_mib: f64,
    /// Median over all weighings with sessions open: what the tree gained since idle, per open session.
    pub tree_per_session_mib: f64,
    /// The service's own process at its heaviest, before the first session, and when everything had come back to rest.
    pub service_peak_mib: f64,
    pub service_idle_mib: f64,
    pub service_after_mib: f64,
    /// Most sessions open at a weighing.
    pub sessions_peak: u32,
}

/// One limit set while it ran.
#[derive(Debug, Clone, Serialize)]
pub struct LimitReport {
    pub at_s: f64,
    pub max_sessions: u32,
    pub said: String,
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        numbers: &Numbers,
        took: Duration,
        rest: Option<Rest>,
        sessions_left: usize,
        leftovers: Option<Vec<Leftover>>,
        place: Place,
    ) -> Self {
        let inner = numbers.lock();
        let samples = inner.timeline.samples();
        let noise = plan.open.as_ref().and_then(|open| noise(&inner, &open.schedule, place.pool.as_ref()?));
        let viewer = (plan.viewers > 0).then(|| ViewerReport {
            frames: inner.frames,
            frames_per_s: ratio(inner.frames, inner.watched),
            age: inner.frame_age.spread(),
            mean_frame_kib: mib(inner.frame_bytes) * 1024.0 / count(inner.frames.max(1)),
        });
        let mut report = Self {
            agents: plan.agents,
            viewers: plan.viewers,
            protocol: if plan.era == Era::Modern { crate::mcp::MODERN } else { crate::mcp::LEGACY },
            elapsed_s: took.as_secs_f64(),
            sessions: inner.sessions,
            sessions_per_s: ratio(inner.sessions, took),
            queue: inner.queue.spread(),
            run: inner.run.spread(),
            tools: inner.steps.iter().map(|(tool, times)| (*tool, times.spread())).collect(),
            refused: inner.refused,
            failed: inner.failed,
            failures: inner.failures.clone(),
            viewer,
            memory: rest.map(|rest| weigh(&rest, inner.timeline.samples())),
            limits: inner
                .limits
                .iter()
                .map(|(at, limit, said)| LimitReport {
                    at_s: at.as_secs_f64(),
                    max_sessions: *limit,
                    said: said.clone(),
                })
                .collect(),
            machine: place.machine,
            targets: Vec::new(),
            scenario: plan.open.as_ref().map(|open| ScenarioReport {
                name: open.schedule.scenario.name(),
                rate: open.schedule.rate,
                seed: open.schedule.seed,
                total: inner.total.spread(),
                late_start: inner.late_start.spread(),
                kinds: inner.kinds.clone(),
                tenants: inner.tenants.iter().map(|(who, waits)| (*who, waits.spread())).collect(),
                noise,
                browsers_killed: inner.kills,
                hurt: inner.hurt.clone(),
            }),
            timeline: samples.to_vec(),
            growth: Growth::of(samples),
            leftovers,
            sessions_left,
            processes_left: None,
        };
        report.targets = report.judged();
        report
    }

    /// What was to be reached, beside what was.
    fn judged(&self) -> Vec<Target> {
        let failed = format!("{} of {}", self.failed, self.sessions + self.failed);
        let mut targets = vec![Target::new("sessions that failed", "0", failed, self.failed == 0 && self.sessions > 0)];
        if let Some(left) = &self.leftovers {
            targets.push(Target::new("left behind", "nothing", format!("{} things", left.len()), left.is_empty()));
        }
        if let Some(growth) = self.growth.filter(|growth| growth.from_session >= GROWTH_FROM) {
            let value = format!("{:+.2} KiB", growth.kib_per_session);
            let what = "the service's memory, each session after the first 1,000 (slope of its PSS)";
            targets.push(Target::new(what, "< 1 KiB", value, growth.kib_per_session < 1.0));
        }
        if let Some(noise) = self.scenario.as_ref().and_then(|scenario| scenario.noise.as_ref()) {
            let waiting = format!("{} at least, {:.0} on average", noise.waiting_least, noise.waiting_mean);
            let enough = noise.waiting_mean >= f64::from(CROWD_ASKED);
            targets.push(Target::new("callers of the noisy tenant waiting", ">= 1,000", waiting, enough));
            let ratio = format!("{:.2} x ({:.0} / {:.0} ms)", noise.p95_ratio, noise.beside.p95_ms, noise.alone.p95_ms);
            let what = "the quiet tenant's p95 wait, beside the noisy one and alone";
            targets.push(Target::new(what, "<= 1.10 x", ratio, noise.p95_ratio <= 1.10));
        }
        targets
    }

    /// Did every session go as planned, and is everything as it was before?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failed == 0
            && self.sessions > 0
            && self.leftovers.as_ref().is_none_or(Vec::is_empty)
            && self.processes_left.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Where a run took place.
pub(super) struct Place {
    pub machine: Machine,
    /// The pool at its end.
    pub pool: Option<PoolView>,
}

/// The quiet tenant beside the crowd; none when there was no crowd, or when nobody of the quiet tenant was served.
fn noise(inner: &Inner, schedule: &Schedule, pool: &PoolView) -> Option<NoiseReport> {
    let noise = schedule.noise?;
    let (alone, beside) = (inner.tenants.get(ALONE)?.spread(), inner.tenants.get(BESIDE)?.spread());
    let came: Vec<f64> = (schedule.arrivals.iter().filter(|arrival| arrival.phase == Phase::Beside))
        .map(|arrival| arrival.at.as_secs_f64())
        .collect();
    let (first, last) = (*came.first()?, *came.last()?);
    let waiting: Vec<u32> = (inner.timeline.samples().iter())
        .filter(|sample| sample.at_s >= first && sample.at_s <= last)
        .map(|sample| sample.waiting)
        .collect();
    #[allow(clippy::cast_precision_loss, reason = "samples are few")]
    let waiting_mean =
        waiting.iter().copied().map(f64::from).fold(0.0, |sum, one| sum + one) / waiting.len().max(1) as f64;
    Some(NoiseReport {
        callers: noise.crowd,
        max_sessions: pool.max_sessions,
        max_sessions_per_tenant: pool.max_sessions_per_tenant,
        max_waiting_per_tenant: pool.max_waiting_per_tenant,
        waiting_least: waiting.iter().copied().min().unwrap_or(0),
        waiting_mean,
        crowd_sessions: inner.crowd_got,
        crowd_refused: inner.crowd_refused,
        alone,
        beside,
        p95_ratio: beside.p95_ms / alone.p95_ms,
        from_s: noise.from.as_secs_f64(),
        until_s: noise.until.as_secs_f64(),
    })
}

/// What was weighed while nobody had a session.
pub(super) struct Rest {
    pub tree_before: Memory,
    pub own_before: Memory,
    pub own_after: Memory,
}

fn weigh(rest: &Rest, samples: &[Sample]) -> MemoryReport {
    let tree_idle_mib = mib(rest.tree_before.pss);
    let mut gains: Vec<f64> = samples
        .iter()
        .filter(|sample| sample.in_use > 0)
        .filter_map(|sample| Some((sample.tree_mib? - tree_idle_mib).max(0.0) / f64::from(sample.in_use)))
        .collect();
    gains.sort_unstable_by(f64::total_cmp);
    let most = |of: fn(&Sample) -> Option<f64>| samples.iter().filter_map(of).reduce(f64::max);
    MemoryReport {
        tree_idle_mib,
        tree_peak_mib: most(|sample| sample.tree_mib).unwrap_or(tree_idle_mib),
        tree_per_session_mib: gains.get(gains.len() / 2).copied().unwrap_or_default(),
        service_peak_mib: most(|sample| sample.service_mib).unwrap_or_default(),
        service_idle_mib: mib(rest.own_before.pss),
        service_after_mib: mib(rest.own_after.pss),
        sessions_peak: samples.iter().map(|sample| sample.in_use).max().unwrap_or_default(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match &self.scenario {
            Some(scenario) => format!("{} at {}/s, seed {}", scenario.name, scenario.rate, scenario.seed),
            None => format!("{} agents", self.agents),
        };
        writeln!(
            f,
            "{} {} sessions in {:.1} s = {:.2}/s   ({who}, {} viewers, MCP {})",
            self.sessions,
            if self.scenario.is_some() { "planned" } else { "whole" },
            self.elapsed_s,
            self.sessions_per_s,
            self.viewers,
            self.protocol
        )?;
        writeln!(f, "{} told to come back later, {} failed", self.refused, self.failed)?;
        if let Some(scenario) = &self.scenario {
            for (kind, counts) in &scenario.kinds {
                let ends: Vec<_> = counts.ended.iter().map(|(how, count)| format!("{count} {how}")).collect();
                writeln!(f, "  {:<12}{:>6} came: {}", kind.name(), counts.arrived, ends.join(", "))?;
            }
            if scenario.browsers_killed > 0 {
                writeln!(f, "  {} browsers killed on purpose", scenario.browsers_killed)?;
            }
        }
        writeln!(f)?;
        writeln!(f, "{:<36}{:>8}{:>10}{:>10}{:>10}{:>10}", "milliseconds", "count", "p50", "p95", "p99", "max")?;
        let mut row = |name: &str, spread: &Spread| {
            writeln!(
                f,
                "{name:<36}{:>8}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
                spread.count, spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms
            )
        };
        row("queue (asked to open)", &self.queue)?;
        row("run (open to closed)", &self.run)?;
        for (tool, spread) in self.tools_in_order() {
            row(&format!("  {tool}"), spread)?;
        }
        if let Some(scenario) = &self.scenario {
            row("total (arrival to end)", &scenario.total)?;
            if scenario.tenants.len() > 1 {
                for (who, waits) in &scenario.tenants {
                    row(&format!("queue: {who}"), waits)?;
                }
            }
            row("late start of the test", &scenario.late_start)?;
        }
        if let Some(viewer) = &self.viewer {
            row("frame age at the viewer", &viewer.age)?;
            writeln!(
                f,
                "\n{} frames, {:.1} a second at each viewer, {:.0} KiB each",
                viewer.frames, viewer.frames_per_s, viewer.mean_frame_kib
            )?;
        }
        if let Some(memory) = &self.memory {
            writeln!(
                f,
                "\nmemory (PSS): tree {:.0} MiB idle, {:.0} MiB at {} sessions, {:.1} MiB a session; service alone {:.1} MiB at most, {:.1} before, {:.1} after",
                memory.tree_idle_mib,
                memory.tree_peak_mib,
                memory.sessions_peak,
                memory.tree_per_session_mib,
                memory.service_peak_mib,
                memory.service_idle_mib,
                memory.service_after_mib
            )?;
        }
        let noise = self.scenario.as_ref().and_then(|scenario| scenario.noise.as_ref());
        // What a thousand callers weigh that wait is no growth by sessions.
        if let Some(growth) = self.growth.as_ref().filter(|_| noise.is_none()) {
            writeln!(
                f,
                "the service's own memory from session {} to {} ({} samples), KiB a session: PSS {:+.2} by least squares, {:+.2} by difference; \
                 anonymous {:+.2}, {:+.2}",
                growth.from_session,
                growth.to_session,
                growth.samples,
                growth.kib_per_session,
                growth.difference_kib_per_session,
                growth.anon_kib_per_session,
                growth.anon_difference_kib_per_session
            )?;
        }
        if let Some(noise) = noise {
            let share = |limit: u32| if limit == 0 { "none".to_owned() } else { limit.to_string() };
            writeln!(
                f,
                "noisy tenant: {} callers from {:.0} to {:.0} s, at least {} waiting, {:.0} on average, {} sessions, {} times told to come back; {} places, \
                 a tenant's share of them {}, of the waiting room {}",
                noise.callers,
                noise.from_s,
                noise.until_s,
                noise.waiting_least,
                noise.waiting_mean,
                noise.crowd_sessions,
                noise.crowd_refused,
                noise.max_sessions,
                share(noise.max_sessions_per_tenant),
                share(noise.max_waiting_per_tenant)
            )?;
        }
        for limit in &self.limits {
            writeln!(f, "limit at {:.1} s to {}: {}", limit.at_s, limit.max_sessions, limit.said)?;
        }
        writeln!(f, "\nsessions left: {}", self.sessions_left)?;
        match &self.leftovers {
            Some(left) if left.is_empty() => writeln!(f, "above the baseline: 0")?,
            Some(left) => {
                writeln!(f, "above the baseline: {}", left.len())?;
                for one in left {
                    writeln!(f, "  {}: {} before, {} after", one.what, one.before, one.after)?;
                }
            }
            None => {}
        }
        match &self.processes_left {
            Some(left) if left.is_empty() => writeln!(f, "processes left: 0")?,
            Some(left) => {
                writeln!(f, "processes left: {}", left.len())?;
                for process in left {
                    writeln!(f, "  {process}")?;
                }
            }
            None => {}
        }
        write!(f, "\n{}", verdicts(&self.targets))?;
        for (what, times) in &self.failures {
            writeln!(f, "failed {times} times: {what}")?;
        }
        for (what, times) in self.scenario.iter().flat_map(|scenario| &scenario.hurt) {
            writeln!(f, "hurt {times} times by a killed browser: {what}")?;
        }
        Ok(())
    }
}

impl Report {
    /// The small session's steps first, in their order, then what else was called.
    pub fn tools_in_order(&self) -> impl Iterator<Item = (&'static str, &Spread)> {
        let steps = STEPS.into_iter().filter_map(|tool| Some((tool, self.tools.get(tool)?)));
        steps.chain(self.tools.iter().filter(|(tool, _)| !STEPS.contains(tool)).map(|(tool, spread)| (*tool, spread)))
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes and counts here stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

fn ratio(number: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count(number) / time.as_secs_f64() }
}

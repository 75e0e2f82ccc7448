//! What is told at the end: a table for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::timeline::mib;
use super::{Growth, Kind, KindCounts, Leftover, Numbers, Plan, Sample, Spread};
use crate::mcp::Era;
use crate::processes::Memory;
use crate::steps::STEPS;

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
    /// Browsers killed on purpose, and what their sessions were told.
    pub browsers_killed: u64,
    pub hurt: BTreeMap<String, u64>,
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
    ) -> Self {
        let inner = numbers.lock();
        let viewer = (plan.viewers > 0).then(|| ViewerReport {
            frames: inner.frames,
            frames_per_s: ratio(inner.frames, inner.watched),
            age: inner.frame_age.spread(),
            mean_frame_kib: mib(inner.frame_bytes) * 1024.0 / count(inner.frames.max(1)),
        });
        Self {
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
            scenario: plan.open.as_ref().map(|open| ScenarioReport {
                name: open.schedule.scenario.name(),
                rate: open.schedule.rate,
                seed: open.schedule.seed,
                total: inner.total.spread(),
                late_start: inner.late_start.spread(),
                kinds: inner.kinds.clone(),
                tenants: inner.tenants.iter().map(|(who, waits)| (*who, waits.spread())).collect(),
                browsers_killed: inner.kills,
                hurt: inner.hurt.clone(),
            }),
            timeline: inner.timeline.samples().to_vec(),
            growth: Growth::of(inner.timeline.samples()),
            leftovers,
            sessions_left,
            processes_left: None,
        }
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
        if let Some(growth) = &self.growth {
            writeln!(
                f,
                "the service's own memory: {:+.2} KiB a session, from session {} to {} ({} samples)",
                growth.kib_per_session, growth.from_session, growth.to_session, growth.samples
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

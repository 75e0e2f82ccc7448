//! What is told at the end: a table for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Numbers, Plan, Spread};
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
    /// Sessions of the service still open after the run.
    pub sessions_left: usize,
    /// Processes alive after the service ended; absent when it was not ours to end.
    pub processes_left: Option<Vec<String>>,
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
    /// The service's own process at its heaviest.
    pub service_peak_mib: f64,
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
        idle: Option<Memory>,
        sessions_left: usize,
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
            memory: idle.map(|idle| weigh(idle, &inner.weighings)),
            limits: inner
                .limits
                .iter()
                .map(|(at, limit, said)| LimitReport {
                    at_s: at.as_secs_f64(),
                    max_sessions: *limit,
                    said: said.clone(),
                })
                .collect(),
            sessions_left,
            processes_left: None,
        }
    }
}

fn weigh(idle: Memory, weighings: &[(Memory, Memory, u32)]) -> MemoryReport {
    let mut gains: Vec<f64> = weighings
        .iter()
        .filter(|(_, _, open)| *open > 0)
        .map(|(tree, _, open)| mib(tree.pss.saturating_sub(idle.pss)) / f64::from(*open))
        .collect();
    gains.sort_unstable_by(f64::total_cmp);
    MemoryReport {
        tree_idle_mib: mib(idle.pss),
        tree_peak_mib: mib(weighings.iter().map(|(tree, _, _)| tree.pss).max().unwrap_or(idle.pss)),
        tree_per_session_mib: gains.get(gains.len() / 2).copied().unwrap_or_default(),
        service_peak_mib: mib(weighings.iter().map(|(_, own, _)| own.pss).max().unwrap_or_default()),
        sessions_peak: weighings.iter().map(|(_, _, open)| *open).max().unwrap_or_default(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} whole sessions in {:.1} s = {:.2}/s   ({} agents, {} viewers, MCP {})",
            self.sessions, self.elapsed_s, self.sessions_per_s, self.agents, self.viewers, self.protocol
        )?;
        writeln!(f, "{} told to come back later, {} failed", self.refused, self.failed)?;
        writeln!(f)?;
        writeln!(f, "{:<26}{:>8}{:>10}{:>10}{:>10}{:>10}", "milliseconds", "count", "p50", "p95", "p99", "max")?;
        let mut row = |name: &str, spread: &Spread| {
            writeln!(
                f,
                "{name:<26}{:>8}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
                spread.count, spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms
            )
        };
        row("queue (asked to open)", &self.queue)?;
        row("run (open to closed)", &self.run)?;
        for tool in STEPS {
            if let Some(spread) = self.tools.get(tool) {
                row(&format!("  {tool}"), spread)?;
            }
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
                "\nmemory (PSS): tree {:.0} MiB idle, {:.0} MiB at {} sessions, {:.1} MiB a session; service alone {:.1} MiB",
                memory.tree_idle_mib,
                memory.tree_peak_mib,
                memory.sessions_peak,
                memory.tree_per_session_mib,
                memory.service_peak_mib
            )?;
        }
        for limit in &self.limits {
            writeln!(f, "limit at {:.1} s to {}: {}", limit.at_s, limit.max_sessions, limit.said)?;
        }
        writeln!(f, "\nsessions left: {}", self.sessions_left)?;
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
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes and counts here stay far below 2^53")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[allow(clippy::cast_precision_loss, reason = "sizes and counts here stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

fn ratio(number: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count(number) / time.as_secs_f64() }
}

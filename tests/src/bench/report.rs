//! The table of figures, with what was to be reached beside what was.

use std::fmt;

use serde::Serialize;

use super::{Plan, Samples, SideName};
use crate::processes::Memory;

/// Medians of one side.
#[derive(Debug, Clone, Serialize)]
pub struct SideReport {
    pub side: SideName,
    pub open_first_page_ms: Option<f64>,
    pub click_quiet_page_ms: Option<f64>,
    pub snapshot_1000_rows_ms: Option<f64>,
    pub whole_sessions_per_s: Option<f64>,
    /// The service's own process, PSS before its first session.
    pub idle_mib: Option<f64>,
    /// The same, RSS.
    pub idle_rss_mib: Option<f64>,
    /// What the service's own process gained per open session, PSS.
    pub per_session_mib: Option<f64>,
}

/// One line of "to reach": a figure, its bound, and whether it held.
#[derive(Debug, Clone, Serialize)]
pub struct Goal {
    pub what: &'static str,
    pub bound: &'static str,
    pub value: f64,
    pub reached: bool,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub rounds: u32,
    pub parallel: u32,
    /// Release builds are the ones to quote.
    pub optimised: bool,
    pub start_to_ready_ms: Option<f64>,
    pub sides: Vec<SideReport>,
}

impl Report {
    pub(super) fn new(plan: &Plan, starts_ms: Vec<f64>) -> Self {
        Self {
            rounds: plan.rounds,
            parallel: plan.parallel,
            optimised: !cfg!(debug_assertions),
            start_to_ready_ms: median(starts_ms),
            sides: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, side: SideName, samples: &Samples, weighed: u32) {
        let gained = |idle: Memory, loaded: Memory| mib(loaded.pss.saturating_sub(idle.pss)) / f64::from(weighed);
        self.sides.push(SideReport {
            side,
            open_first_page_ms: median(samples.open_ms.clone()),
            click_quiet_page_ms: median(samples.click_ms.clone()),
            snapshot_1000_rows_ms: median(samples.snapshot_ms.clone()),
            whole_sessions_per_s: median(samples.sessions_per_s.clone()),
            idle_mib: samples.idle.map(|idle| mib(idle.pss)),
            idle_rss_mib: samples.idle.map(|idle| mib(idle.rss)),
            per_session_mib: samples.idle.zip(samples.loaded).map(|(idle, loaded)| gained(idle, loaded)),
        });
    }

    /// What was to be reached, as far as the sides that took part can tell.
    #[must_use]
    pub fn goals(&self) -> Vec<Goal> {
        let side = |name| self.sides.iter().find(|side| side.side == name);
        let (raw, ours, peer) = (side(SideName::Raw), side(SideName::Helmwatch), side(SideName::Playwright));
        let mut goals = Vec::new();
        let mut goal = |what, bound, value: Option<f64>, holds: fn(f64) -> bool| {
            goals.extend(value.map(|value| Goal { what, bound, value, reached: holds(value) }));
        };
        let ratio = |of: Option<f64>, to: Option<f64>| of.zip(to).map(|(of, to)| of / to);
        let ours = |read: fn(&SideReport) -> Option<f64>| ours.and_then(read);
        let raw = |read: fn(&SideReport) -> Option<f64>| raw.and_then(read);
        let peer = |read: fn(&SideReport) -> Option<f64>| peer.and_then(read);
        let open = |side: &SideReport| side.open_first_page_ms;
        let click = |side: &SideReport| side.click_quiet_page_ms;
        let snapshot = |side: &SideReport| side.snapshot_1000_rows_ms;
        let whole = |side: &SideReport| side.whole_sessions_per_s;
        goal("open + first page", "<= 1.25 x raw CDP", ratio(ours(open), raw(open)), |value| value <= 1.25);
        goal("whole sessions", ">= 0.8 x raw CDP", ratio(ours(whole), raw(whole)), |value| value >= 0.8);
        goal("whole sessions", ">= 3 x Playwright MCP", ratio(ours(whole), peer(whole)), |value| value >= 3.0);
        goal("click", "<= 2 x raw CDP", ratio(ours(click), raw(click)), |value| value <= 2.0);
        goal("snapshot of 1,000 rows", "<= 0.5 x Playwright MCP", ratio(ours(snapshot), peer(snapshot)), |value| {
            value <= 0.5
        });
        goal("memory idle, MiB", "<= 40", ours(|side| side.idle_mib), |value| value <= 40.0);
        goal("memory per session, MiB", "<= 1", ours(|side| side.per_session_mib), |value| value <= 1.0);
        goal("start to ready, ms", "<= 1000", self.start_to_ready_ms, |value| value <= 1_000.0);
        goals
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.optimised {
            writeln!(f, "debug build: these figures are for trying the benchmark out, not for quoting\n")?;
        }
        write!(f, "{:<40}", format!("medians of {} rounds", self.rounds))?;
        for side in &self.sides {
            write!(f, "{:>16}", side.side)?;
        }
        writeln!(f)?;
        let mut row = |what: &str, read: fn(&SideReport) -> Option<f64>| {
            write!(f, "{what:<40}")?;
            for side in &self.sides {
                match read(side) {
                    Some(value) => write!(f, "{value:>16.1}")?,
                    None => write!(f, "{:>16}", "-")?,
                }
            }
            writeln!(f)
        };
        row("open + first page loaded, ms", |side| side.open_first_page_ms)?;
        row(&format!("whole small sessions/s, {} at a time", self.parallel), |side| side.whole_sessions_per_s)?;
        row("click on a quiet page, ms", |side| side.click_quiet_page_ms)?;
        row("snapshot of a 1,000-row list, ms", |side| side.snapshot_1000_rows_ms)?;
        row("own process idle, MiB PSS", |side| side.idle_mib)?;
        row("own process idle, MiB RSS", |side| side.idle_rss_mib)?;
        row("own process per session, MiB PSS", |side| side.per_session_mib)?;
        if let Some(start) = self.start_to_ready_ms {
            writeln!(f, "start to ready: {start:.0} ms")?;
        }
        writeln!(f)?;
        for goal in self.goals() {
            let word = if goal.reached { "reached" } else { "MISSED" };
            writeln!(f, "{word:<8} {:<26}{:>8.2}   to reach {}", goal.what, goal.value, goal.bound)?;
        }
        Ok(())
    }
}

fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

#[allow(clippy::cast_precision_loss, reason = "sizes here stay far below 2^53")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_or_missed_by_the_ratio_not_by_the_figure() {
        let plan = Plan { skip: Vec::new(), rounds: 1, clicks: 1, rushes: 1, sessions: 1, parallel: 1, starts: 0 };
        let mut report = Report::new(&plan, Vec::new());
        let with = |click: f64| Samples { click_ms: vec![click], ..Samples::default() };
        report.add(SideName::Raw, &with(10.0), 1);
        report.add(SideName::Helmwatch, &with(25.0), 1);
        let goals = report.goals();
        assert_eq!(goals.len(), 1, "only the click was measured on two sides: {goals:?}");
        assert!(!goals[0].reached && (goals[0].value - 2.5).abs() < 1e-9);
    }
}

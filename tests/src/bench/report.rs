//! The table of figures, with what was to be reached beside what was.

use std::fmt;

use serde::Serialize;

use super::target::Target;
use super::{Plan, Samples, SideName};
use crate::processes::Memory;

/// Whole small sessions a second with so many at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    pub at_a_time: u32,
    pub per_s: Option<f64>,
}

/// Medians of one side.
#[derive(Debug, Clone, Serialize)]
pub struct SideReport {
    pub side: SideName,
    pub open_first_page_ms: Option<f64>,
    pub click_quiet_page_ms: Option<f64>,
    pub snapshot_1000_rows_ms: Option<f64>,
    pub whole_sessions_per_s: Vec<Rate>,
    /// The service's own process, PSS before its first session.
    pub idle_mib: Option<f64>,
    /// The same, RSS.
    pub idle_rss_mib: Option<f64>,
    /// What the service's own process gained per open session, PSS.
    pub per_session_mib: Option<f64>,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub rounds: u32,
    /// Whole sessions at a time, one number after another.
    pub parallel: Vec<u32>,
    pub start_to_ready_ms: Option<f64>,
    pub sides: Vec<SideReport>,
}

impl Report {
    pub(super) fn new(plan: &Plan, starts_ms: Vec<f64>) -> Self {
        Self {
            rounds: plan.rounds,
            parallel: plan.parallel.clone(),
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
            whole_sessions_per_s: (self.parallel.iter().zip(&samples.sessions_per_s))
                .map(|(at_a_time, rates)| Rate { at_a_time: *at_a_time, per_s: median(rates.clone()) })
                .collect(),
            idle_mib: samples.idle.map(|idle| mib(idle.pss)),
            idle_rss_mib: samples.idle.map(|idle| mib(idle.rss)),
            per_session_mib: samples.idle.zip(samples.loaded).map(|(idle, loaded)| gained(idle, loaded)),
        });
    }

    /// What was to be reached, as far as the sides that took part can tell.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let side = |name| self.sides.iter().find(|side| side.side == name);
        let (raw, ours, peer) = (side(SideName::Raw), side(SideName::Helmwatch), side(SideName::Playwright));
        let mut targets = Vec::new();
        let mut target = |what: String, bound: &str, value: Option<f64>, unit: &str, holds: fn(f64) -> bool| {
            targets.extend(value.map(|value| Target::new(what, bound, format!("{value:.2}{unit}"), holds(value))));
        };
        let ratio = |of: Option<f64>, to: Option<f64>| of.zip(to).map(|(of, to)| of / to);
        let beside = |other: Option<&SideReport>, read: &dyn Fn(&SideReport) -> Option<f64>| {
            ratio(ours.and_then(read), other.and_then(read))
        };
        let open = |side: &SideReport| side.open_first_page_ms;
        let click = |side: &SideReport| side.click_quiet_page_ms;
        let snapshot = |side: &SideReport| side.snapshot_1000_rows_ms;
        target("open + first page".to_owned(), "<= 1.25 x raw CDP", beside(raw, &open), " x", |value| value <= 1.25);
        if let Some(first) = self.parallel.first().copied() {
            let whole = |side: &SideReport| side.whole(first);
            let what = format!("whole sessions, {first} at a time");
            target(what.clone(), ">= 0.85 x raw CDP", beside(raw, &whole), " x", |value| value >= 0.85);
            target(what, ">= 3 x Playwright MCP", beside(peer, &whole), " x", |value| value >= 3.0);
            for more in self.parallel.iter().copied().filter(|more| *more > first) {
                let value = ours.and_then(|ours| ratio(ours.whole(more), ours.whole(first)));
                let bound = format!("no fewer than {first} at a time");
                target(format!("whole sessions, {more} at a time"), &bound, value, " x", |value| value >= 1.0);
            }
        }
        target("click".to_owned(), "<= 2 x raw CDP", beside(raw, &click), " x", |value| value <= 2.0);
        let beside = beside(peer, &snapshot);
        target("snapshot of 1,000 rows".to_owned(), "<= 0.5 x Playwright MCP", beside, " x", |value| value <= 0.5);
        let idle = ours.and_then(|side| side.idle_mib);
        target("own memory, idle".to_owned(), "<= 40 MiB", idle, " MiB", |value| value <= 40.0);
        let each = ours.and_then(|side| side.per_session_mib);
        target("own memory, each open session".to_owned(), "<= 1 MiB", each, " MiB", |value| value <= 1.0);
        let start = self.start_to_ready_ms;
        target("start to ready".to_owned(), "<= 1,000 ms", start, " ms", |value| value <= 1_000.0);
        targets
    }
}

impl SideReport {
    /// Whole small sessions a second with so many at a time.
    fn whole(&self, at_a_time: u32) -> Option<f64> {
        self.whole_sessions_per_s.iter().find(|rate| rate.at_a_time == at_a_time)?.per_s
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| medians of {} rounds |", self.rounds)?;
        for side in &self.sides {
            write!(f, " {} |", side.side)?;
        }
        writeln!(f, "\n|---|{}", "---:|".repeat(self.sides.len()))?;
        let mut row = |what: &str, digits: usize, read: &dyn Fn(&SideReport) -> Option<f64>| {
            let cell = |value: f64| format!("{value:.digits$}");
            let cells = self.sides.iter().map(|side| read(side).map_or_else(|| "-".to_owned(), cell));
            writeln!(f, "| {what} | {} |", cells.collect::<Vec<_>>().join(" | "))
        };
        row("open + first page loaded, one at a time, ms", 1, &|side| side.open_first_page_ms)?;
        for parallel in self.parallel.iter().copied() {
            row(&format!("whole small sessions a second, {parallel} at a time"), 1, &|side| side.whole(parallel))?;
        }
        row("click on a quiet page, ms", 1, &|side| side.click_quiet_page_ms)?;
        row("snapshot of a 1,000-row list, ms", 1, &|side| side.snapshot_1000_rows_ms)?;
        row("own process idle, MiB (PSS)", 1, &|side| side.idle_mib)?;
        row("own process idle, MiB (RSS)", 1, &|side| side.idle_rss_mib)?;
        row("own process, more for each open session, MiB (PSS)", 2, &|side| side.per_session_mib)?;
        if let Some(start) = self.start_to_ready_ms {
            writeln!(f, "\nStart to ready: {start:.0} ms.")?;
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
    fn a_target_is_reached_or_missed_by_the_ratio_not_by_the_figure() {
        let plan =
            Plan { skip: Vec::new(), rounds: 1, clicks: 1, rushes: 1, sessions: 1, parallel: vec![8, 32], starts: 0 };
        let mut report = Report::new(&plan, Vec::new());
        let with = |click: f64| Samples { click_ms: vec![click], ..Samples::default() };
        report.add(SideName::Raw, &with(10.0), 1);
        report.add(SideName::Helmwatch, &with(25.0), 1);
        let targets = report.targets();
        assert_eq!(targets.len(), 1, "only the click was measured on two sides: {targets:?}");
        assert!(!targets[0].reached && targets[0].value == "2.50 x", "{targets:?}");
    }

    #[test]
    fn more_at_a_time_are_judged_beside_the_first_number() {
        let plan =
            Plan { skip: Vec::new(), rounds: 1, clicks: 1, rushes: 3, sessions: 1, parallel: vec![8, 32], starts: 0 };
        let mut report = Report::new(&plan, Vec::new());
        let rates = vec![vec![9.0, 10.0, 11.0], vec![8.0, 9.0, 20.0]];
        report.add(SideName::Helmwatch, &Samples { sessions_per_s: rates, ..Samples::default() }, 1);
        let targets = report.targets();
        assert_eq!((targets.len(), targets[0].value.as_str(), targets[0].reached), (1, "0.90 x", false), "{targets:?}");
        let text = report.to_string();
        assert!(text.contains("| whole small sessions a second, 32 at a time | 9.0 |"), "{text}");
    }
}

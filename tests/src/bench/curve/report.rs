//! The curve in Markdown, to be quoted as it is, and what was to be reached beside it.

use std::fmt;

use serde::Serialize;

use super::{Cost, Level, Step};
use crate::bench::target::Target;

/// The service's own part is told apart from its first session's from so many on: that one fills what all share.
const OWN_FROM: u32 = 10;

/// Everything measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CurveReport {
    pub steps: Vec<Step>,
    /// Why larger numbers were not tried.
    pub stopped: Option<String>,
}

impl Step {
    /// Chromium's memory a session as a share of that without the service.
    #[must_use]
    pub fn memory_ratio(&self) -> Option<f64> {
        let raw = self.raw.as_ref()?;
        (raw.sessions == self.ours.sessions && raw.chromium_mib_each > 0.0)
            .then(|| self.ours.chromium_mib_each / raw.chromium_mib_each)
    }
}

impl CurveReport {
    /// What was to be reached, as far as it was measured.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut target = |what: String, bound: &str, value: String, reached: bool| {
            targets.push(Target { what, bound: bound.to_owned(), value, reached });
        };
        for step in &self.steps {
            let (open, ours) = (step.ours.sessions, &step.ours);
            let whole = open == step.asked && ours.failed == 0;
            let value = format!("{} of {}, {} failed", open, step.asked, ours.failed);
            target(format!("{} open at once, every call answered", step.asked), "all, 0 failed", value, whole);
            if let Some(ratio) = step.memory_ratio() {
                let bound = "<= 1.15 x raw Chromium";
                target(format!("memory a session, {open} open"), bound, format!("{ratio:.2} x"), ratio <= 1.15);
            }
            if let Some(own) = ours.own_mib_each.filter(|_| open >= OWN_FROM) {
                target(format!("the service's own, {open} open"), "<= 1 MiB", format!("{own:.2} MiB"), own <= 1.0);
            }
        }
        targets
    }
}

/// A line of the tables: what it is, and how a level says it.
type Line = (&'static str, fn(&Level) -> String);

const TIMES: [Line; 5] = [
    ("opening, ms", |level| level.open.to_string()),
    ("opening + page loaded, ms", |level| level.first_page.to_string()),
    ("click, ms", |level| level.click.to_string()),
    ("snapshot, ms", |level| level.snapshot.to_string()),
    ("a click in all at one moment, ms", |level| level.click_all.to_string()),
];

const COSTS: [Line; 5] = [
    ("processor for opening one, ms: service + Chromium", |level| cost(level, level.opening_cpu_ms, 0)),
    ("cores while all are left alone: service + Chromium", |level| cost(level, level.rest_cores, 2)),
    ("Chromium, MiB a session (PSS)", |level| format!("{:.1}", level.chromium_mib_each)),
    ("the service's own, MiB a session (PSS)", |level| {
        level.own_mib_each.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.2}"))
    }),
    ("calls, failed", |level| format!("{}, {}", level.calls, level.failed)),
];

fn cost(level: &Level, cost: Cost, digits: usize) -> String {
    if level.own_mib_each.is_none() {
        return format!("{:.digits$}", cost.browsers);
    }
    format!("{:.digits$} + {:.digits$}", cost.service, cost.browsers)
}

impl fmt::Display for CurveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| sessions open at once | |")?;
        for step in &self.steps {
            write!(f, " {} |", step.ours.sessions)?;
        }
        writeln!(f, "\n|---|---|{}", "---:|".repeat(self.steps.len()))?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, side: &str, cells: Vec<String>| {
            if cells.iter().all(|cell| cell == "-") {
                return Ok(());
            }
            writeln!(f, "| {name} | {side} | {} |", cells.join(" | "))
        };
        row(f, "browsers", "both", self.steps.iter().map(|step| step.ours.browsers.to_string()).collect())?;
        for (name, say) in TIMES.into_iter().chain(COSTS) {
            row(f, name, "Helmwatch", self.steps.iter().map(|step| say(&step.ours)).collect())?;
            let raw = |step: &Step| step.raw.as_ref().map_or_else(|| "-".to_owned(), say);
            row(f, name, "raw CDP", self.steps.iter().map(raw).collect())?;
        }
        let ratio = |step: &Step| step.memory_ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        row(f, "Chromium's memory", "ratio", self.steps.iter().map(ratio).collect())?;
        writeln!(
            f,
            "\nMedian / 95th percentile. Sessions are opened 8 at a time; then clicks and snapshots come one after another."
        )?;
        if let Some(stopped) = &self.stopped {
            writeln!(f, "\n{stopped}")?;
        }
        for (step, side, level) in self.levels() {
            for (what, times) in &level.failures {
                writeln!(f, "\n{side}, {step} sessions: failed {times} times: {what}")?;
            }
        }
        Ok(())
    }
}

impl CurveReport {
    fn levels(&self) -> impl Iterator<Item = (u32, &'static str, &Level)> {
        self.steps.iter().flat_map(|step| {
            let raw = step.raw.iter().map(move |raw| (step.asked, "raw CDP", raw));
            std::iter::once((step.asked, "Helmwatch", &step.ours)).chain(raw)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(sessions: u32, chromium: f64, own: Option<f64>) -> Level {
        Level { sessions, chromium_mib_each: chromium, own_mib_each: own, ..Level::default() }
    }

    #[test]
    fn memory_is_judged_beside_as_many_sessions_and_a_level_cut_short_is_no_success() {
        let step = |asked, open, ours, raw| Step {
            asked,
            ours: level(open, ours, Some(0.9)),
            raw: Some(level(asked, raw, None)),
        };
        let report = CurveReport {
            steps: vec![step(50, 50, 22.0, 20.0), step(100, 100, 25.0, 20.0), step(300, 212, 20.0, 20.0)],
            ..CurveReport::default()
        };
        let reached: Vec<_> = report.targets().iter().map(|target| (target.value.clone(), target.reached)).collect();
        let expected = [
            ("50 of 50, 0 failed", true),
            ("1.10 x", true),
            ("0.90 MiB", true),
            ("100 of 100, 0 failed", true),
            ("1.25 x", false),
            ("0.90 MiB", true),
            ("212 of 300, 0 failed", false),
            ("0.90 MiB", true),
        ];
        assert_eq!(reached, expected.map(|(value, reached)| (value.to_owned(), reached)));
        let text = report.to_string();
        assert!(text.contains("| Chromium's memory | ratio | 1.10 | 1.25 | - |"), "{text}");
    }
}

//! Two runs beside each other, as two builds are compared: ratios of what both measured.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::{Fault, Outcome};

/// A smaller change is told, but called neither better nor worse.
const NOISE: f64 = 0.05;

/// One figure of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub name: String,
    pub old: f64,
    pub new: f64,
    pub better: Better,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

/// All figures that both runs have.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    pub rows: Vec<Row>,
    /// What makes the two hard to compare: another scenario, another rate.
    pub doubts: Vec<String>,
}

/// Figures by their place in a report; all but the first are better when they are lower.
const FIGURES: [(&str, &str); 16] = [
    ("sessions a second", "/sessions_per_s"),
    ("told to come back later", "/refused"),
    ("failed", "/failed"),
    ("queue p50, ms", "/queue/p50_ms"),
    ("queue p95, ms", "/queue/p95_ms"),
    ("queue p99, ms", "/queue/p99_ms"),
    ("run p50, ms", "/run/p50_ms"),
    ("run p95, ms", "/run/p95_ms"),
    ("arrival to end p50, ms", "/scenario/total/p50_ms"),
    ("arrival to end p95, ms", "/scenario/total/p95_ms"),
    ("quiet tenant's wait p95, alone, ms", "/scenario/noise/alone/p95_ms"),
    ("quiet tenant's wait p95, beside the noisy one, ms", "/scenario/noise/beside/p95_ms"),
    ("the same as a multiple", "/scenario/noise/p95_ratio"),
    ("frame age p95, ms", "/viewer/age/p95_ms"),
    ("memory a session, MiB", "/memory/tree_per_session_mib"),
    ("the service's own memory at its peak, MiB", "/memory/service_peak_mib"),
];

/// What must be the same for the ratios to mean the builds.
const CONDITIONS: [(&str, &str); 10] = [
    ("scenario", "/scenario/name"),
    ("rate", "/scenario/rate"),
    ("seed", "/scenario/seed"),
    ("agents", "/agents"),
    ("viewers", "/viewers"),
    ("callers of the noisy tenant", "/scenario/noise/callers"),
    ("places", "/scenario/noise/max_sessions"),
    ("places of one tenant", "/scenario/noise/max_sessions_per_tenant"),
    ("build", "/machine/build"),
    ("processor", "/machine/processor"),
];

impl Comparison {
    /// Of two reports as `--json` writes them.
    #[must_use]
    pub fn of(old: &Value, new: &Value) -> Self {
        let mut rows = Vec::new();
        let mut row = |name: String, path: &str, better: Better| {
            let number = |report: &Value| report.pointer(path).and_then(Value::as_f64);
            if let (Some(old), Some(new)) = (number(old), number(new)) {
                rows.push(Row { name, old, new, better });
            }
        };
        for (number, (name, path)) in FIGURES.into_iter().enumerate() {
            row(name.to_owned(), path, if number == 0 { Better::Higher } else { Better::Lower });
        }
        for tool in new["tools"].as_object().into_iter().flat_map(|tools| tools.keys()) {
            // As RFC 6901 wants it.
            let path = tool.replace('~', "~0").replace('/', "~1");
            for percentile in ["p50", "p95"] {
                row(format!("{tool} {percentile}, ms"), &format!("/tools/{path}/{percentile}_ms"), Better::Lower);
            }
        }
        let doubts = CONDITIONS.iter().filter_map(|(name, path)| {
            let (old, new) = (old.pointer(path)?, new.pointer(path)?);
            (old != new).then(|| format!("{name}: {old} in the old run, {new} in the new one"))
        });
        Self { rows, doubts: doubts.collect() }
    }
}

impl Row {
    /// New divided by old; none when the old one is 0.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.old != 0.0).then(|| self.new / self.old)
    }

    /// `better`, `worse`, or nothing when the change is small.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let change = self.ratio().map_or(self.new - self.old, |ratio| ratio - 1.0);
        match (change, self.better) {
            (change, _) if change.abs() <= NOISE => "",
            (change, Better::Lower) if change < 0.0 => "better",
            (change, Better::Higher) if change > 0.0 => "better",
            _ => "worse",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<44}{:>12}{:>12}{:>10}", "", "old", "new", "new/old")?;
        for row in &self.rows {
            let ratio = row.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            writeln!(f, "{:<44}{:>12.1}{:>12.1}{ratio:>10}  {}", row.name, row.old, row.new, row.word())?;
        }
        for doubt in &self.doubts {
            writeln!(f, "not the same conditions: {doubt}")?;
        }
        writeln!(f, "one run each: repeat both, in turns, before you believe a difference")
    }
}

/// A report as `--json` wrote it.
///
/// # Errors
/// When the file cannot be read or is none.
pub fn read(file: &Path) -> Outcome<Value> {
    let name = file.display();
    let hint = "name a file that helmwatch-load --json FILE wrote";
    let text = std::fs::read_to_string(file).map_err(|error| Fault::new(format!("{name}: {error}"), hint))?;
    let report: Value = serde_json::from_str(&text).map_err(|error| Fault::new(format!("{name}: {error}"), hint))?;
    if report["sessions_per_s"].is_number() {
        return Ok(report);
    }
    Err(Fault::new(format!("{name} is no report of the load test"), hint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ratios_say_which_way_is_better_and_small_changes_say_nothing() {
        let old = json!({ "sessions_per_s": 2.0, "queue": { "p50_ms": 10.0, "p95_ms": 100.0 }, "failed": 0, "tools": { "a/b": { "p50_ms": 4.0 } } });
        let new = json!({ "sessions_per_s": 3.0, "queue": { "p50_ms": 10.1, "p95_ms": 150.0 }, "failed": 1, "tools": { "a/b": { "p50_ms": 2.0 } } });
        let words: Vec<_> =
            Comparison::of(&old, &new).rows.iter().map(|row| (row.name.clone(), row.ratio(), row.word())).collect();
        let row = |name: &str, ratio, word| (name.to_owned(), ratio, word);
        assert_eq!(
            words,
            [
                row("sessions a second", Some(1.5), "better"),
                row("failed", None, "worse"),
                row("queue p50, ms", Some(1.01), ""),
                row("queue p95, ms", Some(1.5), "worse"),
                row("a/b p50, ms", Some(0.5), "better"),
            ]
        );
    }

    #[test]
    fn other_conditions_are_told() {
        let old = json!({ "agents": 8, "scenario": { "name": "soak", "rate": 2.0 } });
        let new = json!({ "agents": 8, "scenario": { "name": "soak", "rate": 4.0 } });
        assert_eq!(Comparison::of(&old, &new).doubts, ["rate: 2.0 in the old run, 4.0 in the new one"]);
    }

    #[test]
    fn a_file_that_is_no_report_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.json");
        assert!(read(&file).is_err());
        std::fs::write(&file, "{\"a\":1}").expect("written");
        assert!(read(&file).expect_err("no report").hint.contains("--json"));
    }
}

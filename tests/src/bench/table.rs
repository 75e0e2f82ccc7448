//! The figures of steps and of growth in Markdown, to be quoted as they are, and what was to be reached.

use std::fmt;

use super::deed::StepName;
use super::growth::SIZES;
use super::steps::{BYTES_PER_TOKEN, Cell, Group, Row};
use super::target::Target;
use super::{Growth, SideName, StepReport};

/// Largest list of tools that is offered when nothing is said, bytes.
const TOOLS_BYTES_MAX: usize = 16 * 1024;

impl Row {
    fn of(&self, side: SideName) -> Option<&Cell> {
        self.sides.iter().find(|cell| cell.side == side)
    }

    /// The fastest of those that are offered to agents as ours is.
    fn fastest_peer(&self) -> Option<&Cell> {
        let peers =
            self.sides.iter().filter(|cell| !matches!(cell.side, SideName::Raw | SideName::Helmwatch | SideName::Bare));
        peers.min_by(|one, other| one.median_ms.total_cmp(&other.median_ms))
    }
}

impl StepReport {
    /// What was to be reached, as far as the sides that took part can tell.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut target = |what: String, bound: &str, value: String, reached: bool| {
            targets.push(Target { what, bound: bound.to_owned(), value, reached });
        };
        let mut compare = |row: &Row, side: SideName, peer: Option<&Cell>, bound: &str, least: f64| {
            let (Some(ours), Some(peer)) = (row.of(side), peer) else { return };
            let ratio = peer.median_ms / ours.median_ms;
            let bare = if side == SideName::Bare { ", snapshot=none" } else { "" };
            target(format!("{}, {}{bare}", row.step, row.group), bound, format!("{ratio:.2} x"), ratio > least);
        };
        for row in &self.rows {
            let Some(peer) = row.fastest_peer() else { continue };
            let bound = format!("faster than {}", peer.side);
            for side in [SideName::Helmwatch, SideName::Bare] {
                compare(row, side, Some(peer), &bound, 1.0);
            }
        }
        for row in self.rows.iter().filter(|row| matches!(row.step, StepName::Click | StepName::Evaluate)) {
            for side in [SideName::Helmwatch, SideName::Bare] {
                compare(row, side, row.of(SideName::Playwright), ">= 20 x Playwright MCP", 20.0);
            }
        }
        let list = self.rows.iter().find(|row| row.step == StepName::Snapshot && row.group == Group::List);
        if let Some(ours) = list.and_then(|row| row.of(SideName::Helmwatch)) {
            let ms = ours.median_ms;
            target("snapshot, 1,000-row list".to_owned(), "<= 60 ms", format!("{ms:.1} ms"), ms <= 60.0);
        }
        if let Some((_, _, bytes)) = self.tools.iter().find(|(side, _, _)| *side == SideName::Helmwatch) {
            let reached = *bytes <= TOOLS_BYTES_MAX;
            target("tools/list".to_owned(), "<= 16 KiB", format!("{bytes} bytes"), reached);
        }
        if let Some(diff) = self.diff {
            let share = 100.0 * share(diff.diff_bytes, diff.whole_bytes);
            target("diff after a click on the list".to_owned(), "<= 2 %", format!("{share:.2} %"), share <= 2.0);
        }
        targets
    }

    fn sides(&self) -> Vec<SideName> {
        SideName::ALL.into_iter().filter(|side| self.rows.iter().any(|row| row.of(*side).is_some())).collect()
    }

    fn table(&self, f: &mut fmt::Formatter<'_>, cell: fn(&Cell) -> String) -> fmt::Result {
        let sides = self.sides();
        write!(f, "| step | page |")?;
        for side in &sides {
            write!(f, " {side} |")?;
        }
        writeln!(f, "\n|---|---|{}", "---:|".repeat(sides.len()))?;
        for row in &self.rows {
            write!(f, "| {} | {} |", row.step, row.group)?;
            for side in &sides {
                write!(f, " {} |", row.of(*side).map_or_else(|| "-".to_owned(), cell))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let samples = self.rows.iter().map(|row| row.samples);
        let (least, most) = (samples.clone().min().unwrap_or(0), samples.max().unwrap_or(0));
        writeln!(
            f,
            "Helmwatch answers an action with a snapshot within its budget of tokens; agent-browser and Chrome DevTools MCP answer with none, \
             Playwright MCP with the name of a file. `snapshot=none` is Helmwatch asked for none.\n"
        )?;
        writeln!(f, "Milliseconds a step, median / 95th percentile of {least} to {most} samples:\n")?;
        self.table(f, |cell| format!("{:.1} / {:.1}", cell.median_ms, cell.p95_ms))?;
        writeln!(f, "\nTokens of a reply's text, estimated as bytes / {BYTES_PER_TOKEN} (pictures not counted):\n")?;
        self.table(f, |cell| match cell.side {
            SideName::Raw => "-".to_owned(),
            _ => cell.text_bytes.div_ceil(BYTES_PER_TOKEN).to_string(),
        })?;
        writeln!(f, "\nWhat every agent pays for being offered the tools:\n")?;
        writeln!(
            f,
            "| side | tools | bytes of tools/list | tokens (bytes / {BYTES_PER_TOKEN}) |\n|---|---:|---:|---:|"
        )?;
        for (side, count, bytes) in &self.tools {
            writeln!(f, "| {side} | {count} | {bytes} | {} |", bytes.div_ceil(BYTES_PER_TOKEN))?;
        }
        if let Some(diff) = self.diff {
            let (whole, part) = (diff.whole_bytes, diff.diff_bytes);
            let percent = 100.0 * share(part, whole);
            writeln!(
                f,
                "\nA click on the list with `snapshot=diff`: {part} bytes of changes, the whole snapshot has {whole} ({percent:.2} %); {:.1} ms.",
                diff.diff_ms
            )?;
        }
        Ok(())
    }
}

/// Writes how snapshots grow, as a table.
#[must_use]
pub fn growth_table(all: &[Growth]) -> String {
    let mut out = String::from("Milliseconds of a whole snapshot, by nodes of the page:\n\n| side |");
    out.extend(SIZES.iter().map(|size| format!(" {size} |")));
    out.push_str(" time per node, largest ÷ smallest |\n|---|");
    out.push_str(&"---:|".repeat(SIZES.len() + 1));
    for growth in all {
        out.push_str(&format!("\n| {} |", growth.side));
        for ms in &growth.ms {
            out.push_str(&ms.map_or_else(|| " fails |".to_owned(), |ms| format!(" {ms:.1} |")));
        }
        out.push_str(&growth.steepness().map_or_else(|| " - |".to_owned(), |steep| format!(" {steep:.2} |")));
    }
    out.push('\n');
    out
}

#[allow(clippy::cast_precision_loss, reason = "sizes here stay far below 2^53")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_peer_counts_and_raw_cdp_is_none() {
        let cell = |side, median_ms| Cell { side, median_ms, p95_ms: median_ms, text_bytes: 40 };
        let row = |ours| Row {
            step: StepName::Click,
            group: Group::Form,
            samples: 1,
            sides: vec![
                cell(SideName::Raw, 1.0),
                cell(SideName::Helmwatch, ours),
                cell(SideName::Playwright, 500.0),
                cell(SideName::AgentBrowser, 24.0),
            ],
        };
        let reached = |ours| {
            let report = StepReport { rows: vec![row(ours)], ..StepReport::default() };
            report.targets().iter().map(|target| target.reached).collect::<Vec<_>>()
        };
        assert_eq!(reached(20.0), [true, true]);
        assert_eq!(reached(24.5), [false, true]);
        assert_eq!(reached(26.0), [false, false], "500 is not 20 times 26");
        let text = StepReport { rows: vec![row(20.0)], ..StepReport::default() }.to_string();
        assert!(text.contains("| click | form | 1.0 / 1.0 | 20.0 / 20.0 | 500.0 / 500.0 | 24.0 / 24.0 |"), "{text}");
    }
}

//! What was to be reached, beside what was.

use std::fmt::Write as _;

use serde::Serialize;

/// As many are told one by one in a table; of more only those that were missed.
const TOLD_MAX: usize = 20;

/// One thing that was to be reached.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    pub what: String,
    pub bound: String,
    pub value: String,
    pub reached: bool,
}

impl Target {
    /// A figure and its bound.
    pub fn new(what: impl Into<String>, bound: &str, value: String, reached: bool) -> Self {
        Self { what: what.into(), bound: bound.to_owned(), value, reached }
    }
}

/// A line each, for a terminal.
#[must_use]
pub fn verdicts(targets: &[Target]) -> String {
    let mut out = String::new();
    for target in targets {
        let word = if target.reached { "reached" } else { "MISSED" };
        let written = writeln!(out, "{word:<8} {:<48}{:>24}   to reach {}", target.what, target.value, target.bound);
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    out
}

/// The same as a table in Markdown: all of them, or of many those that were missed.
#[must_use]
pub fn verdict_table(targets: &[Target]) -> String {
    if targets.is_empty() {
        return String::new();
    }
    let reached = targets.iter().filter(|target| target.reached).count();
    let mut out = format!("Reached {reached} of {}", targets.len());
    let all = targets.len() <= TOLD_MAX;
    let told: Vec<&Target> = targets.iter().filter(|target| all || !target.reached).collect();
    if told.is_empty() {
        out.push_str(".\n");
        return out;
    }
    out.push_str(if all { ":\n\n" } else { "; these were missed:\n\n" });
    out.push_str("| to reach | | measured | |\n|---|---|---:|---|\n");
    for target in told {
        let word = if target.reached { "reached" } else { "**missed**" };
        let written = writeln!(out, "| {} | {} | {} | {word} |", target.what, target.bound, target.value);
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_told_one_by_one_and_of_many_those_that_were_missed() {
        let target = |number: usize| Target::new(format!("t{number}"), "<= 1", format!("{number}"), number <= 1);
        let few = verdict_table(&(0..3).map(target).collect::<Vec<_>>());
        assert!(few.starts_with("Reached 2 of 3:\n") && few.contains("| t1 | <= 1 | 1 | reached |"), "{few}");
        assert!(few.contains("| t2 | <= 1 | 2 | **missed** |"), "{few}");
        let many = verdict_table(&(0..TOLD_MAX + 5).map(|number| target(number / 20)).collect::<Vec<_>>());
        assert_eq!(many, "Reached 25 of 25.\n");
        let many = verdict_table(&(0..TOLD_MAX + 5).map(target).collect::<Vec<_>>());
        assert!(many.contains("these were missed") && !many.contains("| t1 |") && many.contains("| t24 |"), "{many}");
    }
}

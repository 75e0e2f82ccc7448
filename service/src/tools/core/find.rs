//! `browser_find`.

use std::collections::BTreeSet;

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::SnapshotOptions;
use crate::tools::pattern::{compile, parted};
use crate::tools::{Hints, Prepared, Tool, ToolError};

/// Lines around a match.
const CONTEXT: usize = 3;
/// Snippets of one answer; beyond it a narrower question is better.
const SNIPPETS_MAX: usize = 50;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Text to find, any case
    #[serde(default)]
    text: Option<String>,
    /// Or a regular expression, /like this/i for flags
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_find",
        "Find on page",
        "Search the page's snapshot; gives the matching nodes with their refs. Cheaper than a snapshot.",
        Hints::READ,
        |a: Arguments| {
            let query = Query::of(a.text.as_deref(), a.regex.as_deref())?;
            Ok(Prepared::page(Effect::Read, "Search the page", move |turn| async move {
                let snapshot = turn.page()?.snapshot(&SnapshotOptions::default()).await?;
                let found = found(&snapshot.yaml, &query);
                turn.tell("Find results", a.filename.as_deref(), ("md", "text/markdown"), found).await
            }))
        },
    )
}

/// What is looked for, and as it is told.
struct Query {
    pattern: Regex,
    told: String,
}

impl Query {
    fn of(text: Option<&str>, regex: Option<&str>) -> Result<Self, ToolError> {
        let wrong = |what: &str| ToolError::arguments("browser_find", what);
        let (pattern, any_case, told) = match (text.filter(|t| !t.is_empty()), regex.filter(|r| !r.is_empty())) {
            (None, None) => return Err(wrong("Provide either \"text\" or \"regex\" to search for.")),
            (Some(_), Some(_)) => return Err(wrong("Provide only one of \"text\" or \"regex\", not both.")),
            (Some(text), None) => (regex::escape(text), true, format!("\"{text}\"")),
            (None, Some(regex)) => {
                let (pattern, flags) = parted(regex);
                (pattern.to_owned(), flags.contains('i'), format!("/{pattern}/{flags}"))
            }
        };
        let pattern = compile("browser_find", &pattern, any_case)?;
        Ok(Self { pattern, told })
    }
}

/// The matching lines of a snapshot with what is around them, each snippet under its path from the root.
fn found(yaml: &str, query: &Query) -> String {
    let lines: Vec<&str> = yaml.lines().collect();
    let above = parents(&lines);
    let matched: Vec<usize> = (0..lines.len()).filter(|at| query.pattern.is_match(lines[*at])).collect();
    if matched.is_empty() {
        return format!("No matches found for {}.", query.told);
    }
    let mut windows: Vec<(usize, usize)> = Vec::new();
    for at in &matched {
        let (from, to) = (at.saturating_sub(CONTEXT), (at + CONTEXT).min(lines.len() - 1));
        match windows.last_mut() {
            Some((_, last)) if from <= *last + 1 => *last = to.max(*last),
            _ => windows.push((from, to)),
        }
    }
    let mut kept = BTreeSet::new();
    for at in &matched {
        let mut at = Some(*at);
        // What is in already has all above it in.
        while let Some(line) = at.filter(|line| kept.insert(*line)) {
            at = above[line];
        }
    }
    let snippets: Vec<String> =
        windows.iter().take(SNIPPETS_MAX).map(|window| snippet(&lines, &above, &kept, *window)).collect();
    let word = if matched.len() == 1 { "match" } else { "matches" };
    let mut text = format!("Found {} {word} for {}:\n\n{}", matched.len(), query.told, snippets.join("\n\n----\n\n"));
    if windows.len() > SNIPPETS_MAX {
        text.push_str(&format!(
            "\n\n{} more places are not shown; search for something rarer.",
            windows.len() - SNIPPETS_MAX
        ));
    }
    text
}

fn snippet(lines: &[&str], above: &[Option<usize>], kept: &BTreeSet<usize>, (from, to): (usize, usize)) -> String {
    let mut shown: Vec<usize> = std::iter::successors(above[from], |at| above[*at]).collect();
    shown.reverse();
    shown.extend(from..=to);
    let mut out: Vec<String> = Vec::with_capacity(shown.len());
    for (place, at) in shown.iter().enumerate() {
        let gap = place > 0 && *at > shown[place - 1] + 1;
        if gap && !kept.contains(at) && !kept.contains(&shown[place - 1]) {
            out.push(format!("{}...", " ".repeat(indent(lines[*at]))));
        }
        out.push(lines[*at].to_owned());
    }
    out.join("\n")
}

/// The line each line stands in.
fn parents(lines: &[&str]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut parents = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        while open.last().is_some_and(|last| indent(lines[*last]) >= indent(line)) {
            open.pop();
        }
        parents.push(open.last().copied());
        open.push(at);
    }
    parents
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "- main [ref=e1]:\n  - heading \"Shop\" [ref=e2]\n  - list [ref=e3]:\n    - listitem: one\n    - listitem: two\n    - listitem: three\n    - listitem: four\n    - listitem: five\n    - button \"Buy\" [ref=e9]\n  - text: end\n  - text: last";

    fn text(text: &str) -> Query {
        Query::of(Some(text), None).expect("a query")
    }

    #[test]
    fn a_match_comes_with_its_path_and_three_lines_around() {
        let found = found(PAGE, &text("buy"));
        assert!(found.starts_with("Found 1 match for \"buy\":\n\n- main [ref=e1]:\n  - list [ref=e3]:\n"), "{found}");
        assert!(found.contains("- listitem: three") && !found.contains("listitem: two"), "{found}");
    }

    #[test]
    fn none_is_said_and_a_pattern_may_have_flags() {
        assert_eq!(found(PAGE, &text("nothing")), "No matches found for \"nothing\".");
        let query = Query::of(None, Some("/^\\s*- TEXT: l/i")).expect("a query");
        assert!(found(PAGE, &query).starts_with("Found 1 match for /^\\s*- TEXT: l/i:"));
        assert!(Query::of(None, Some("(?=x)")).is_err() && Query::of(None, None).is_err());
        assert!(Query::of(Some("a"), Some("b")).is_err());
    }

    #[test]
    fn ten_thousand_matches_are_bounded() {
        let rows: Vec<_> =
            (0..20_000).map(|n| format!("  - row {}", if n % 20 == 0 { "hit" } else { "miss" })).collect();
        let found = found(&format!("- list:\n{}", rows.join("\n")), &text("hit"));
        assert!(found.starts_with("Found 1000 matches") && found.ends_with("search for something rarer."));
    }
}

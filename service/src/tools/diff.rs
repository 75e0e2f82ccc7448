//! What has changed between two snapshots, as an agent reads it.
//!
//! Pure. Lines that are new or read differently begin with `+`, those that are gone with `-`; what they stand in is shown
//! as it is, and everything else is left out. Refs stay while role and name stay, so most lines of a page that an action changed are
//! the same to the letter, and comparing lines is comparing elements.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};
use tokio::time::Instant;

/// How long the comparison may look for the shortest answer; after it the answer is longer, not wrong. It takes some milliseconds on a page of
/// thousands of lines; the rest is for a machine that is busy with something else.
const LOOK_MAX: Duration = Duration::from_millis(250);

/// How two snapshots differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Diff {
    /// Not at all.
    Same,
    /// In these lines.
    Changed(String),
    /// So much that the new one whole is no longer.
    Whole,
}

/// One line of the way from the old text to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Line of the old text, line of the new text.
    Keep(usize, usize),
    /// Line of the new text.
    Add(usize),
    /// Line of the old text.
    Remove(usize),
}

/// Compares two snapshots of one document.
pub(super) fn diff(old: &str, new: &str) -> Diff {
    if old == new {
        return Diff::Same;
    }
    let (old, new_lines): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let text = written(&old, &new_lines, &steps(&old, &new_lines));
    if text.len() < new.len() { Diff::Changed(text) } else { Diff::Whole }
}

fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    // Most pages that were acted on begin and end as before: only what lies between is compared, and by numbers, not by text.
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let shorter = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(shorter).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    let mut known = HashMap::new();
    let (before, after) = (numbers(&mut known, &old[start..old_end]), numbers(&mut known, &new[start..new_end]));
    let mut steps = Vec::with_capacity(old.len().max(new.len()));
    steps.extend((0..start).map(|at| Step::Keep(at, at)));
    let deadline = (Instant::now() + LOOK_MAX).into_std();
    for op in capture_diff_slices_deadline(Algorithm::Patience, &before, &after, Some(deadline)) {
        let (tag, gone, come) = op.as_tag_tuple();
        let (gone, come) = (gone.start + start..gone.end + start, come.start + start..come.end + start);
        if tag == DiffTag::Equal {
            steps.extend(gone.zip(come).map(|(old, new)| Step::Keep(old, new)));
        } else {
            steps.extend(gone.map(Step::Remove));
            steps.extend(come.map(Step::Add));
        }
    }
    steps.extend((0..end).map(|at| Step::Keep(old_end + at, new_end + at)));
    steps
}

/// A number for each line, the same for the same text.
fn numbers<'a>(known: &mut HashMap<&'a str, usize>, lines: &[&'a str]) -> Vec<usize> {
    let mut number = |line: &'a str| {
        let next = known.len();
        *known.entry(line).or_insert(next)
    };
    lines.iter().map(|line| number(line)).collect()
}

/// Lines above the one that is looked at, each with its indent.
#[derive(Default)]
struct Above<'a> {
    lines: Vec<Line<'a>>,
}

#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    indent: usize,
    /// Was it written, or is it a change itself?
    told: bool,
}

impl<'a> Above<'a> {
    /// Leaves what `text` does not stand in, and enters it.
    fn enter(&mut self, text: &'a str, told: bool) {
        let indent = indent(text);
        while self.lines.last().is_some_and(|line| line.indent >= indent) {
            self.lines.pop();
        }
        self.lines.push(Line { text, indent, told });
    }

    /// Writes what the last entered line stands in, as far as it was not written yet.
    fn tell(&mut self, out: &mut String) {
        let last = self.lines.len().saturating_sub(1);
        for line in self.lines[..last].iter_mut().filter(|line| !line.told) {
            line.told = true;
            push(out, ' ', line.text);
        }
    }
}

fn written(old: &[&str], new: &[&str], steps: &[Step]) -> String {
    let mut out = String::new();
    // What the next line stands in is the same on both sides as far as it was kept.
    let mut above = Above::default();
    let mut gone: Option<(usize, usize)> = None;
    for step in steps {
        match *step {
            Step::Keep(_, at) => {
                end_gone(&mut out, &mut gone);
                above.enter(new[at], false);
            }
            Step::Add(at) => {
                end_gone(&mut out, &mut gone);
                above.enter(new[at], true);
                above.tell(&mut out);
                push(&mut out, '+', new[at]);
            }
            Step::Remove(at) => {
                let indent = indent(old[at]);
                match &mut gone {
                    // Part of a branch that is gone is not told line by line.
                    Some((top, below)) if indent > *top => *below += 1,
                    _ => {
                        end_gone(&mut out, &mut gone);
                        above.enter(old[at], true);
                        above.tell(&mut out);
                        push(&mut out, '-', old[at]);
                        above.lines.pop();
                        gone = Some((indent, 0));
                    }
                }
            }
        }
    }
    end_gone(&mut out, &mut gone);
    out.truncate(out.trim_end().len());
    out
}

fn end_gone(out: &mut String, gone: &mut Option<(usize, usize)>) {
    if let Some((_, below)) = gone.take()
        && below > 0
    {
        out.truncate(out.trim_end().len());
        writeln!(out, " # and {below} lines in it").expect("a String takes all that is written");
    }
}

fn push(out: &mut String, mark: char, line: &str) {
    out.push(mark);
    out.push(' ');
    out.push_str(line);
    out.push('\n');
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "- main [ref=e1]:\n  - heading \"Todos\" [ref=e2]\n  - list [ref=e3]:\n    - listitem [ref=e4]:\n      - text: one\n    - listitem [ref=e5]: two\n  - status [ref=e6]: 2 left";

    #[test]
    fn only_what_changed_is_told_under_what_it_stands_in() {
        let new = "- main [ref=e1]:\n  - heading \"Todos\" [ref=e2]\n  - list [ref=e3]:\n    - listitem [ref=e5]: two\n    - listitem [ref=e7]: three\n  - status [ref=e6]: 2 left";
        let Diff::Changed(text) = diff(OLD, new) else { panic!("changed") };
        assert_eq!(
            text,
            "  - main [ref=e1]:\n    - list [ref=e3]:\n-     - listitem [ref=e4]: # and 1 lines in it\n+     - listitem [ref=e7]: three"
        );
    }

    #[test]
    fn the_same_page_and_another_page() {
        assert_eq!(diff(OLD, OLD), Diff::Same);
        assert_eq!(diff(OLD, "- paragraph [ref=f1e1]: elsewhere"), Diff::Whole);
    }

    #[test]
    fn one_row_of_a_thousand_costs_a_line() {
        let row = |n: usize, text: &str| format!("  - listitem [ref=e{n}]: {text} {n}");
        let page = |changed: usize| {
            let rows = (1..=1000).map(|n| row(n, if n == changed { "Done" } else { "Item" }));
            std::iter::once("- list [ref=e0]:".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
        };
        let Diff::Changed(text) = diff(&page(0), &page(500)) else { panic!("changed") };
        assert_eq!(
            text,
            "  - list [ref=e0]:\n-   - listitem [ref=e500]: Item 500\n+   - listitem [ref=e500]: Done 500"
        );
    }

    fn tree() -> impl Strategy<Value = Vec<String>> {
        let line = (0usize..5, 0u8..12).prop_map(|(level, n)| format!("{}- node {n}", "  ".repeat(level)));
        proptest::collection::vec(line, 0..40)
    }

    proptest! {
        #[test]
        fn the_steps_lead_from_the_old_text_to_the_new_one(old in tree(), new in tree()) {
            let (old, new): (Vec<&str>, Vec<&str>) = (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
            let steps = steps(&old, &new);
            let before: Vec<&str> = steps.iter().filter_map(|step| match step {
                Step::Keep(at, _) | Step::Remove(at) => Some(old[*at]),
                Step::Add(_) => None,
            }).collect();
            let after: Vec<&str> = steps.iter().filter_map(|step| match step {
                Step::Keep(_, at) | Step::Add(at) => Some(new[*at]),
                Step::Remove(_) => None,
            }).collect();
            prop_assert_eq!(before, old.clone());
            prop_assert_eq!(after, new.clone());
            // Every new line is told, and nothing is told as new that is not.
            let text = written(&old, &new, &steps);
            let told = text.lines().filter(|line| line.starts_with("+ ")).count();
            prop_assert_eq!(told, steps.iter().filter(|step| matches!(step, Step::Add(_))).count());
        }
    }
}

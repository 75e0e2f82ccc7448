//! Cutting a snapshot to what the agent has room for, and saying how to get the rest.
//!
//! Pure. A page too large is cut at whole subtrees. Where its upper levels say something it becomes an outline: the deepest levels
//! go, then what room is left is given to the smallest of the branches, so that few large ones are missing and can be named. Where
//! they do not (a thousand nameless rows), it is parted in order instead, each part under the lines it stands in.

use std::fmt::Write as _;

/// Bytes of text that count as one token.
pub(super) const BYTES_PER_TOKEN: usize = 4;

/// Bytes kept free for what stands around a part. The same for each part, so that one begins where the last one ended.
const AROUND_BYTES: usize = 2_000;

/// Missing branches that are named.
const NAMED_MAX: usize = 6;
/// A missing branch with fewer lines is not named: showing it costs hardly more.
const NAMED_LINES_MIN: usize = 8;

/// A snapshot within its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub yaml: String,
    /// What was left out and how to get it, one line; nothing when all is there.
    pub note: Option<String>,
}

/// `yaml` in at most `room` bytes. `bytes_max` is what the whole answer may have: it decides how parts are parted.
pub(super) fn cut(yaml: &str, room: usize, bytes_max: usize) -> Cut {
    if yaml.len() <= room {
        return Cut { yaml: yaml.to_owned(), note: None };
    }
    let tree = Tree::of(yaml);
    let parts = tree.parts(part_room(bytes_max).min(room));
    if let Some(shown) = tree.outline(room) {
        return Cut { yaml: tree.text_of(&shown), note: Some(outline_note(&tree, &shown, parts.len())) };
    }
    let first = parts.first().map_or(0, |part| part.end);
    let text = tree.text_of_part(&Part { start: 0, end: first }, part_room(bytes_max).min(room));
    Cut { yaml: text, note: Some(part_note(&tree, first, 1, parts.len())) }
}

/// Part `number`, from 1, of a snapshot that is parted in order.
///
/// # Errors
/// How many there are, when it is none of them.
pub(super) fn part(yaml: &str, number: usize, bytes_max: usize) -> Result<Cut, usize> {
    let tree = Tree::of(yaml);
    let room = part_room(bytes_max);
    let parts = tree.parts(room);
    let part = number.checked_sub(1).and_then(|at| parts.get(at)).ok_or(parts.len())?;
    let note = (parts.len() > 1).then(|| part_note(&tree, part.end, number, parts.len()));
    Ok(Cut { yaml: tree.text_of_part(part, room), note })
}

fn part_room(bytes_max: usize) -> usize {
    bytes_max.saturating_sub(AROUND_BYTES.min(bytes_max / 2))
}

fn outline_note(tree: &Tree<'_>, shown: &[bool], parts: usize) -> String {
    let left_out = shown.iter().filter(|shown| !**shown).count();
    let missing = (0..tree.lines.len()).filter(|at| shown[*at] && tree.ends[*at] > at + 1 && !shown[at + 1]);
    let named = named(tree, missing.map(|at| (at, tree.ends[at] - at - 1)));
    let mut note =
        format!("An outline: {left_out} of {} lines were left out to fit{}.", tree.lines.len(), named.told());
    let target = named.first.map_or_else(|| "a ref above".to_owned(), |first| first.to_owned());
    write!(note, " See one with browser_snapshot target={target}, all in {parts} parts with page=1 and on, or search with browser_find.")
        .expect("a String takes all that is written");
    note
}

fn part_note(tree: &Tree<'_>, end: usize, number: usize, parts: usize) -> String {
    if end >= tree.lines.len() {
        return format!("The last of {parts} parts.");
    }
    let mut at = end;
    let missing = std::iter::from_fn(|| {
        let here = at;
        at = *tree.ends.get(here)?;
        Some((here, at - here))
    });
    let named = named(tree, missing);
    format!(
        "Part {number} of {parts}: {} of {} lines are still to come{}. The next: browser_snapshot page={}. Or an outline with depth, or search with browser_find.",
        tree.lines.len() - end,
        tree.lines.len(),
        named.told(),
        number + 1
    )
}

/// Branches that are missing, the largest with their refs.
struct Named<'a> {
    first: Option<&'a str>,
    words: Vec<String>,
}

impl Named<'_> {
    fn told(&self) -> String {
        if self.words.is_empty() { String::new() } else { format!(", most in {}", self.words.join(", ")) }
    }
}

fn named<'a>(tree: &Tree<'a>, missing: impl Iterator<Item = (usize, usize)>) -> Named<'a> {
    let mut large: Vec<(usize, usize, &'a str)> = missing
        .filter(|(_, lines)| *lines >= NAMED_LINES_MIN)
        .filter_map(|(at, lines)| Some((at, lines, name_of(tree.lines[at])?)))
        .collect();
    large.sort_by_key(|(at, lines, _)| (std::cmp::Reverse(*lines), *at));
    large.truncate(NAMED_MAX);
    let words = large.iter().map(|(_, lines, name)| format!("{name} ({lines})")).collect();
    Named { first: large.first().map(|(_, _, name)| *name), words }
}

/// The ref on a line.
fn name_of(line: &str) -> Option<&str> {
    line.split("[ref=").nth(1)?.split(']').next()
}

/// The lines of a snapshot and how they stand in one another.
struct Tree<'a> {
    lines: Vec<&'a str>,
    levels: Vec<usize>,
    /// For each line the one behind the last of its branch.
    ends: Vec<usize>,
}

/// Lines from `start` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    start: usize,
    end: usize,
}

impl<'a> Tree<'a> {
    fn of(yaml: &'a str) -> Self {
        let lines: Vec<&str> = yaml.lines().collect();
        let levels: Vec<usize> = lines.iter().map(|line| level(line)).collect();
        let mut ends = vec![lines.len(); lines.len()];
        let mut open: Vec<usize> = Vec::new();
        for at in 0..lines.len() {
            while let Some(last) = open.pop_if(|last| levels[*last] >= levels[at]) {
                ends[last] = at;
            }
            open.push(at);
        }
        Self { lines, levels, ends }
    }

    fn bytes(&self, from: usize, to: usize) -> usize {
        self.lines[from..to].iter().map(|line| line.len() + 1).sum()
    }

    /// The lines that `at` stands in, from the outside in.
    fn above(&self, at: usize) -> Vec<usize> {
        let mut above = Vec::new();
        let mut level = self.levels.get(at).copied().unwrap_or(0);
        for line in (0..at).rev() {
            if level == 0 {
                break;
            }
            if self.levels[line] < level {
                level = self.levels[line];
                above.push(line);
            }
        }
        above.reverse();
        above
    }

    /// Which lines an outline shows, when the page has levels that say something.
    fn outline(&self, room: usize) -> Option<Vec<bool>> {
        let deepest = self.levels.iter().copied().max().unwrap_or(0);
        let mut bytes_at = vec![0; deepest + 1];
        let mut lines_at = vec![(0, 0); deepest + 1];
        for (line, level) in self.lines.iter().zip(&self.levels) {
            bytes_at[*level] += line.len() + 1;
            lines_at[*level].0 += 1;
            lines_at[*level].1 += usize::from(line.contains('"') || line.contains(": "));
        }
        let mut size = 0;
        let fits = bytes_at.iter().take_while(|bytes| {
            size += **bytes;
            size <= room
        });
        let levels = fits.count();
        let size: usize = bytes_at[..levels].iter().sum();
        let (all, telling) = lines_at[..levels].iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if levels == 0 || telling * 2 < all {
            return None;
        }
        let mut shown: Vec<bool> = self.levels.iter().map(|level| *level < levels).collect();
        let mut left = room - size;
        let mut branches: Vec<(usize, usize)> = (0..self.lines.len())
            .filter(|at| self.levels[*at] + 1 == levels && self.ends[*at] > at + 1)
            .map(|at| (self.bytes(at + 1, self.ends[at]), at))
            .collect();
        branches.sort_unstable();
        for (bytes, at) in branches {
            let Some(rest) = left.checked_sub(bytes) else { break };
            left = rest;
            shown[at..self.ends[at]].fill(true);
        }
        // One that leaves most of the room empty, for its branches are all too large, says less than the beginning of the page.
        ((room - left) * 3 >= room).then_some(shown)
    }

    fn text_of(&self, shown: &[bool]) -> String {
        let kept: Vec<&str> =
            self.lines.iter().zip(shown).filter(|(_, shown)| **shown).map(|(line, _)| *line).collect();
        kept.join("\n")
    }

    /// All lines in order, parted where it costs little at the beginning of a branch.
    fn parts(&self, room: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < self.lines.len() {
            let end = self.end_of(start, room);
            parts.push(Part { start, end });
            start = end;
        }
        parts
    }

    fn end_of(&self, start: usize, room: usize) -> usize {
        let mut left = room.saturating_sub(self.context(start, room).1);
        let fits = self.lines[start..].iter().take_while(|line| match left.checked_sub(line.len() + 1) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        let end = start + fits.count();
        if end == self.lines.len() {
            return end;
        }
        // A line that is longer than a part is cut, and the next part goes on behind it.
        if end == start {
            return start + 1;
        }
        let begins = self.above(end).into_iter().filter(|at| *at > start);
        begins.into_iter().find(|at| self.bytes(*at, end) <= room / 8).unwrap_or(end)
    }

    /// The lines a part begins under and their bytes: as many of the inner ones as half of it holds.
    fn context(&self, start: usize, room: usize) -> (Vec<usize>, usize) {
        let mut size = 0;
        let mut above = self.above(start);
        let inner = above.iter().rev().take_while(|at| {
            size += self.lines[**at].len() + 1;
            size <= room / 2
        });
        let above = above.split_off(above.len() - inner.count());
        let size = above.iter().map(|at| self.lines[*at].len() + 1).sum();
        (above, size)
    }

    fn text_of_part(&self, part: &Part, room: usize) -> String {
        let (above, size) = self.context(part.start, room);
        let lines = above.into_iter().chain(part.start..part.end).map(|at| self.lines[at]);
        let mut text = lines.collect::<Vec<_>>().join("\n");
        if part.end == part.start + 1 && text.len() > room.max(size + 1) {
            let mut end = room.saturating_sub('…'.len_utf8());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        text
    }
}

/// Depth of a line, by its two-space indent.
fn level(line: &str) -> usize {
    (line.len() - line.trim_start_matches(' ').len()) / 2
}

#[cfg(test)]
#[path = "budget/tests.rs"]
mod tests;

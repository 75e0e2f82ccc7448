//! Cutting a snapshot to what the agent has room for.
//!
//! Pure. A page too large is cut at whole subtrees: the deepest levels go first, so that what is left is still the page's
//! outline, and then whole branches from the end. What was left out is said, and how to get it.

/// Bytes of text that count as one token.
pub(super) const BYTES_PER_TOKEN: usize = 4;

/// A snapshot within its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub yaml: String,
    /// Lines left out.
    pub left_out: usize,
}

/// `yaml` in at most `bytes_max` bytes, cut at whole subtrees.
pub(super) fn cut(yaml: &str, bytes_max: usize) -> Cut {
    if yaml.len() <= bytes_max {
        return Cut { yaml: yaml.to_owned(), left_out: 0 };
    }
    let lines: Vec<(&str, usize)> = yaml.lines().map(|line| (line, level(line))).collect();
    let deepest = lines.iter().map(|(_, level)| *level).max().unwrap_or(0);
    let size_to =
        |depth: usize| lines.iter().filter(|(_, l)| *l <= depth).map(|(line, _)| line.len() + 1).sum::<usize>();
    // Sizes grow with depth, so the deepest level that fits is found by halving.
    let (mut fits, mut too_deep) = (None, deepest + 1);
    while fits.map_or(0, |depth: usize| depth + 1) < too_deep {
        let middle = fits.map_or(0, |depth: usize| depth + 1).midpoint(too_deep);
        let middle = middle.min(too_deep - 1);
        if size_to(middle) <= bytes_max { fits = Some(middle) } else { too_deep = middle }
    }
    // An outline is worth it when its lines say something: a thousand nameless rows do not, and there whole branches from the
    // start say more.
    let useful = fits.filter(|depth| {
        let kept = lines.iter().filter(|(_, level)| level <= depth);
        let (mut all, mut telling) = (0, 0);
        for (line, _) in kept {
            all += 1;
            telling += usize::from(line.contains('"') || line.contains(": "));
        }
        telling * 2 >= all && size_to(*depth) * 3 >= bytes_max
    });
    let kept: Vec<&str> = match useful {
        Some(depth) => lines.iter().filter(|(_, level)| *level <= depth).map(|(line, _)| *line).collect(),
        None => {
            let mut size = 0;
            let room = lines.iter().take_while(|(line, _)| {
                size += line.len() + 1;
                size <= bytes_max
            });
            room.map(|(line, _)| *line).collect()
        }
    };
    Cut { left_out: lines.len() - kept.len(), yaml: kept.join("\n") }
}

/// Depth of a line, by its two-space indent.
fn level(line: &str) -> usize {
    (line.len() - line.trim_start_matches(' ').len()) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(cut("- a\n  - b", 100), Cut { yaml: "- a\n  - b".to_owned(), left_out: 0 });
    }

    #[test]
    fn the_deepest_levels_go_first() {
        let mut yaml = String::from("- main:");
        for item in 0..20 {
            yaml.push_str(&format!("\n  - row \"item {item} longer\":\n    - detail\n    - detail"));
        }
        let cut = cut(&yaml, 700);
        assert!(cut.yaml.contains("item 19") && !cut.yaml.contains("detail"));
        assert_eq!(cut.left_out, 40);
    }

    #[test]
    fn a_flat_page_is_cut_at_its_end() {
        let yaml = (0..1000).map(|n| format!("- row {n}")).collect::<Vec<_>>().join("\n");
        let cut = cut(&yaml, 200);
        assert!(cut.yaml.starts_with("- row 0\n") && cut.yaml.len() <= 200 && cut.left_out > 900);
    }

    #[test]
    fn nameless_shells_are_no_outline() {
        let row = |n| format!("  - listitem [ref=e{n}]:\n    - link \"Item {n}\"");
        let yaml = std::iter::once("- list:".to_owned()).chain((0..500).map(row)).collect::<Vec<_>>().join("\n");
        let cut = cut(&yaml, 12_000);
        assert!(cut.yaml.contains("Item 0") && !cut.yaml.contains("e499"));
    }

    proptest! {
        #[test]
        fn never_over_budget_and_nothing_lost_uncounted(levels in proptest::collection::vec(0usize..6, 1..200), budget in 1usize..2000) {
            let yaml = levels.iter().map(|l| format!("{}- node", "  ".repeat(*l))).collect::<Vec<_>>().join("\n");
            let cut = cut(&yaml, budget);
            prop_assert!(cut.yaml.len() <= budget);
            prop_assert_eq!(cut.yaml.lines().count() + cut.left_out, levels.len());
        }
    }
}

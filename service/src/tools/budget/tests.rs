use proptest::prelude::*;

use super::*;

/// An answer so large that the room of a part is what the test says.
fn answer(part_room: usize) -> usize {
    let bytes_max = (0..).find(|bytes_max| super::part_room(*bytes_max) >= part_room);
    bytes_max.expect("rooms grow with answers")
}

fn list(rows: usize) -> String {
    let row = |n| format!("    - listitem [ref=e{}]:\n      - link \"Item {n}\"", n + 10);
    let rows = (0..rows).map(row).collect::<Vec<_>>().join("\n");
    format!("- main [ref=e1]:\n  - list [ref=e2]:\n{rows}\n  - contentinfo [ref=e9]:\n    - text: end")
}

#[test]
fn what_fits_stays_whole() {
    assert_eq!(cut("- a\n  - b", 100, 100), Cut { yaml: "- a\n  - b".to_owned(), note: None });
}

#[test]
fn the_deepest_levels_go_first_and_the_largest_branches_are_named() {
    let mut yaml = String::from("- main [ref=e1]:");
    for item in 0..20 {
        let details = if item == 7 { 40 } else { 1 };
        yaml.push_str(&format!("\n  - row \"item {item} longer\" [ref=e{}]:", item + 10));
        yaml.push_str(&"\n    - detail".repeat(details));
    }
    let cut = cut(&yaml, 1_000, 1_600);
    assert!(cut.yaml.contains("item 19") && cut.yaml.matches("detail").count() == 19, "{}", cut.yaml);
    let note = cut.note.expect("something was left out");
    assert!(note.starts_with("An outline: 40 of 80 lines were left out to fit, most in e17 (40)."), "{note}");
    assert!(note.contains("target=e17") && note.contains("page=1") && note.contains("browser_find"), "{note}");
}

#[test]
fn nameless_shells_are_no_outline_but_parts_that_follow_one_another() {
    let yaml = list(500);
    let bytes_max = answer(6_000);
    let first = cut(&yaml, 6_000, bytes_max);
    assert!(first.yaml.contains("Item 0") && !first.yaml.contains("e509]"), "{}", first.yaml);
    assert!(first.yaml.lines().last().is_some_and(|line| line.contains("link")), "no row without what is in it");
    let note = first.note.clone().expect("more is to come");
    assert!(note.starts_with("Part 1 of ") && note.contains("browser_snapshot page=2"), "{note}");
    assert_eq!(part(&yaml, 1, bytes_max), Ok(first));
    let second = part(&yaml, 2, bytes_max).expect("there is a second part");
    assert!(second.yaml.starts_with("- main [ref=e1]:\n  - list [ref=e2]:\n    - listitem [ref="), "{}", second.yaml);
    let parts = part(&yaml, 99, bytes_max).expect_err("there are fewer");
    let last = part(&yaml, parts, bytes_max).expect("the last one");
    assert!(
        last.yaml.ends_with("- text: end")
            && last.note.is_some_and(|note| note == format!("The last of {parts} parts."))
    );
    assert_eq!(part(&yaml, 0, bytes_max), Err(parts));
}

#[test]
fn a_large_branch_behind_the_cut_is_named() {
    let yaml = format!("{}\n  - region [ref=e3]:{}", list(400), "\n    - text: x".repeat(90));
    let note = cut(&yaml, 2_000, answer(2_000)).note.expect("something was left out");
    assert!(note.contains("most in e3 (91)"), "{note}");
}

#[test]
fn a_line_longer_than_a_part_is_cut_and_the_rest_goes_on() {
    let yaml = format!("- main:\n  - text: {}\n  - button \"Go\" [ref=e3]", "ä".repeat(5_000));
    let bytes_max = answer(1_000);
    let count = part(&yaml, 99, bytes_max).expect_err("fewer");
    let parts: Vec<String> = (1..=count).map(|n| part(&yaml, n, bytes_max).expect("a part").yaml).collect();
    assert!(parts.iter().all(|part| part.len() <= 1_000), "{:?}", parts.iter().map(String::len).collect::<Vec<_>>());
    assert!(parts.iter().any(|part| part.ends_with('…')) && parts.last().is_some_and(|part| part.contains("e3")));
}

proptest! {
    #[test]
    fn never_over_budget_and_the_parts_are_the_whole(levels in proptest::collection::vec(0usize..6, 1..200), room in 100usize..2000) {
        let yaml = levels.iter().enumerate().map(|(n, l)| format!("{}- node {n}", "  ".repeat(*l))).collect::<Vec<_>>().join("\n");
        let bytes_max = answer(room);
        let cut = cut(&yaml, room, bytes_max);
        prop_assert!(cut.yaml.len() <= room);
        prop_assert_eq!(cut.note.is_none(), yaml.len() <= room);
        let count = part(&yaml, usize::MAX, bytes_max).expect_err("so many parts there never are");
        let mut lines: Vec<String> = Vec::new();
        for number in 1..=count {
            let part = part(&yaml, number, bytes_max).expect("each is there").yaml;
            prop_assert!(part.len() <= super::part_room(bytes_max));
            // What a part stands in was told before; the rest is new and in order.
            let new: Vec<&str> = part.lines().filter(|line| !lines.iter().any(|known| known == line)).collect();
            lines.extend(new.into_iter().map(str::to_owned));
        }
        prop_assert_eq!(lines.join("\n"), yaml);
    }
}

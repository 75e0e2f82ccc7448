//! Which test holds which row of FAULTS, the list of what may happen and what must: a test says so in its first doc line, as in
//! `/// F18: …` or `/// F3, F4: …`. `cargo nextest run table:: --no-capture` prints the table.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rows of the list.
const ROWS: u32 = 47;

/// The tests of each row, as `file::test`.
fn table() -> BTreeMap<u32, Vec<String>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [home.join("it"), home.join("src"), home.join("../service/src")] {
        sources(&folder, &mut files);
    }
    let mut table: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(home).unwrap().display().to_string();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(rows) = line.strip_prefix("/// ").and_then(rows) else { continue };
            let test =
                test_below(&lines[at..]).unwrap_or_else(|| panic!("{name}:{}: no test follows {line:?}", at + 1));
            for row in rows {
                table.entry(row).or_default().push(format!("{name}::{test}"));
            }
        }
    }
    table
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The rows that a doc line begins with: `F3, F4: …`, or `F34. …`.
fn rows(doc: &str) -> Option<Vec<u32>> {
    let end = doc.find([':', '.'])?;
    let rows: Option<Vec<u32>> = doc[..end].split(", ").map(|word| word.strip_prefix('F')?.parse().ok()).collect();
    rows.filter(|rows| !rows.is_empty())
}

/// The name of the test whose doc comment these lines begin with.
fn test_below<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let mut is_test = false;
    for line in lines {
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(name) = line.split("fn ").nth(1).filter(|_| !line.starts_with("//")) {
            return name.split('(').next().filter(|_| is_test);
        } else if !line.starts_with("///") && !line.starts_with("#[") {
            return None;
        }
    }
    None
}

#[test]
fn every_row_has_a_test_that_says_so() {
    let table = table();
    for (row, tests) in &table {
        println!("F{row}: {}", tests.join(", "));
    }
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !table.contains_key(row)).collect();
    assert!(missing.is_empty(), "no test says that it holds {missing:?}");
    let unknown: Vec<_> = table.keys().filter(|row| !(1..=ROWS).contains(*row)).collect();
    assert!(unknown.is_empty(), "there are no rows {unknown:?}");
}

#[test]
fn a_row_is_read_from_a_doc_line_and_from_nothing_else() {
    assert_eq!(rows("F18: a claim"), Some(vec![18]));
    assert_eq!(rows("F3, F4: a claim"), Some(vec![3, 4]));
    assert_eq!(rows("F34. Further words: more"), Some(vec![34]));
    assert_eq!(rows("Frames of F18: a claim"), None);
    assert_eq!(rows("Flat: a claim"), None);
    let lines = ["/// F1: a claim", "/// more", "#[tokio::test(start_paused = true)]", "async fn it_holds() {"];
    assert_eq!(test_below(&lines), Some("it_holds"));
    assert_eq!(test_below(&["/// F1: a claim", "fn no_test() {"]), None);
    assert_eq!(test_below(&["/// F1: a claim", "", "#[test]", "fn another() {"]), None);
}

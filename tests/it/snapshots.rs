//! Snapshots that are right, beside Playwright's own of the same page taken in the same run, and snapshots that fit.

use helmwatch_tests::compare::{self, CorpusName, Plan};
use serde_json::json;

use crate::room::{Room, section};

#[tokio::test]
async fn real_pages_read_as_the_peer_reads_them() {
    let plan = Plan { pages: Some(5), only: Vec::new(), matching: None, keep: None };
    let report = compare::run(&plan, |_| ()).await.unwrap();
    println!("{report}");
    for name in [CorpusName::Sqlite, CorpusName::Python, CorpusName::Handbook, CorpusName::Npm] {
        let corpus = report.corpora.iter().find(|corpus| corpus.corpus == name).unwrap();
        assert!(corpus.pages == 5, "{name} is installed: {report}");
    }
    assert!(report.share_explained() >= 95.0 && report.share() >= 85.0, "{report}");
    for corpus in report.corpora.iter().filter(|one| matches!(one.corpus, CorpusName::Site | CorpusName::Frames)) {
        let odd: Vec<_> = corpus.differences.iter().filter(|one| one.known.is_none()).collect();
        assert!(odd.is_empty(), "of our own pages each difference has a reason: {odd:#?}");
    }
}

#[tokio::test]
async fn a_large_page_is_cut_at_whole_branches_and_says_how_to_get_the_rest() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let first = agent.ok("browser_navigate", json!({ "url": room.site.url("/list"), "max_tokens": 4_000 })).await;
    assert!(first.text.len() <= 16_000, "{} bytes", first.text.len());
    let note = section(&first.text, "Snapshot").lines().last().unwrap().to_owned();
    assert!(note.starts_with("Part 1 of ") && note.contains("browser_snapshot page=2"), "{note}");
    // The parts one after the other are the page, and what they show can be acted on.
    let mut items = std::collections::BTreeSet::new();
    let mut number = 1;
    let last = loop {
        let part = agent.ok("browser_snapshot", json!({ "page": number, "max_tokens": 4_000 })).await;
        assert!(part.text.len() <= 16_000, "{} bytes", part.text.len());
        let read = |line: &str| line.split("\"Item ").nth(1)?.split('"').next()?.parse::<u32>().ok();
        items.extend(part.text.lines().filter_map(read));
        if part.text.contains("The last of ") {
            break part;
        }
        assert!(section(&part.text, "Snapshot").contains(&format!("page={}", number + 1)), "{}", part.text);
        number += 1;
    };
    assert_eq!(items.into_iter().collect::<Vec<_>>(), (1..=1_000).collect::<Vec<_>>());
    let target = last.find_ref(&["button", "Keep 1000"]).unwrap();
    agent.ok("browser_click", json!({ "target": target, "snapshot": "none" })).await;
    assert_eq!(agent.evaluate("() => document.activeElement.textContent").await, "\"Keep 1000\"");
    agent.refused("browser_snapshot", json!({ "page": number + 1, "max_tokens": 4_000 })).await;
    agent.refused("browser_snapshot", json!({ "page": 0 })).await;
    room.close().await;
}

#[tokio::test]
async fn an_outline_names_what_is_missing_and_the_name_gets_it() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let build = "() => { document.body.innerHTML = '<h1>Handbook</h1>' + Array.from({ length: 30 }, (_, n) => `<section aria-label=\"Chapter ${n}\"><h2>About ${n}</h2>${'<p>Words of chapter</p>'.repeat(n === 20 ? 200 : 3)}</section>`).join(''); }";
    agent.evaluate(build).await;
    let outline = section(&agent.ok("browser_snapshot", json!({ "max_tokens": 3_000 })).await.text, "Snapshot");
    assert!(
        outline.contains("\"Chapter 0\"") && outline.contains("\"Chapter 29\""),
        "all chapters are there: {outline}"
    );
    let note = outline.lines().last().unwrap();
    assert!(note.starts_with("An outline: ") && note.contains("browser_find"), "{note}");
    let target = note.split("target=").nth(1).unwrap().split(',').next().unwrap();
    let part = agent.ok("browser_snapshot", json!({ "target": target, "max_tokens": 100_000 })).await;
    assert_eq!(part.text.matches("Words of chapter").count(), 200, "{}", part.text);
    room.close().await;
}

#[tokio::test]
async fn a_depth_counts_through_frames() {
    let room = Room::open().await;
    let agent = room.agent().await;
    agent.ok("browser_navigate", json!({ "url": room.site.url("/frames"), "snapshot": "none" })).await;
    let shown = async |depth: u32| agent.ok("browser_snapshot", json!({ "depth": depth })).await.text;
    let none = shown(1).await;
    assert!(none.contains("- iframe [ref=e3]\n") && !none.contains("Inner page"), "a line for each: {none}");
    let one = shown(2).await;
    assert!(one.contains("- iframe [ref=e3]:\n    - generic [ref=f") && !one.contains("Inner page"), "{one}");
    let whole = shown(3).await;
    assert_eq!(whole.matches("heading \"Inner page\"").count(), 2, "of this site and of the other: {whole}");
    room.close().await;
}

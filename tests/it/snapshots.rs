//! Snapshots that are right: beside Playwright's own of the same page, taken in the same run.

use helmwatch_tests::compare::{self, CorpusName, Plan};

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

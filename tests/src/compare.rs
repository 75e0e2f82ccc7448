//! Our snapshots beside Playwright's own: the same page, the same Chromium, the same moment.
//!
//! What is counted as identical is identical to the letter, refs included; only the number of a frame in its refs is anybody's
//! choice and is told by the order frames appear in. It must never be kinder to our side than that.

mod corpus;
mod normal;
mod ours;
mod peer;
mod report;

use std::path::PathBuf;

pub use corpus::{Corpora, Corpus, CorpusName};
pub use report::{CorpusReport, Difference, Report};

use crate::Outcome;
use ours::Ours;
use peer::Peer;

/// The one difference that is met on pages of others and is on purpose.
const UNDRAWN: &str = "the peer also reads what ::before and ::after would draw in parts that are not drawn; without that both are identical";

/// What to compare.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Pages of each corpus that is not ours, evenly spread over it; all when absent.
    pub pages: Option<usize>,
    /// Corpora; all when empty.
    pub only: Vec<CorpusName>,
    /// Pages whose address holds this; all when absent.
    pub matching: Option<String>,
    /// Where to write both texts of each page that differs.
    pub keep: Option<PathBuf>,
}

/// How a snapshot is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Way {
    pub depth: Option<u32>,
    pub boxes: bool,
    /// Without the text ::before and ::after would draw in what is not drawn.
    pub without_undrawn: bool,
}

/// Runs it; `say` is told what is going on.
///
/// # Errors
/// When a side does not start. A page that one side cannot read counts as different.
pub async fn run(plan: &Plan, say: impl Fn(&str)) -> Outcome<Report> {
    let corpora = Corpora::start(plan).await?;
    let ours = Ours::start(corpora.addresses()).await?;
    let mut peer = Peer::start().await?;
    let mut report = Report::default();
    for corpus in corpora.all() {
        match corpus {
            Corpus::Missing { name, why } => report.skipped.push((*name, why.clone())),
            Corpus::Found { name, pages } => {
                say(&format!("{name}: {} pages", pages.len()));
                let mut of = CorpusReport::new(*name);
                for (number, page) in pages.iter().enumerate() {
                    if number > 0 && number % 50 == 0 {
                        say(&format!("{name}: {number} of {}, {} identical", pages.len(), of.identical));
                    }
                    let (mine, theirs) = both(&ours, &mut peer, &page.url, page.way).await?;
                    if mine == theirs {
                        of.same();
                        continue;
                    }
                    let without = Way { without_undrawn: true, ..page.way };
                    let known = match page.known() {
                        None => {
                            let (mine, theirs) = both(&ours, &mut peer, &page.url, without).await?;
                            (mine == theirs).then_some(UNDRAWN)
                        }
                        known => known,
                    };
                    of.differ(page, &mine, &theirs, known, plan.keep.as_deref())?;
                }
                report.corpora.push(of);
            }
        }
    }
    peer.stop().await?;
    ours.stop().await?;
    Ok(report)
}

/// Both sides' text of one page, made alike in what does not count.
async fn both(ours: &Ours, peer: &mut Peer, url: &str, way: Way) -> Outcome<(String, String)> {
    let (mine, theirs) = tokio::join!(ours.snapshot(url, way), peer.snapshot(url, way));
    Ok((normal::refs(&mine?), normal::refs(&theirs?)))
}

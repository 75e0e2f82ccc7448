//! What came of it: the share that is identical, and where the others first part.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::corpus::{CorpusName, Page};
use super::normal::first_difference;
use crate::{Fault, Outcome};

/// Pages whose first difference is printed, of each corpus.
const SHOWN_MAX: usize = 20;

/// Characters of a printed line.
const LINE_MAX: usize = 160;

/// Where a page first differs.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub page: String,
    /// From 1.
    pub line: usize,
    pub ours: String,
    pub theirs: String,
    /// Why ours is as it should be.
    pub known: Option<&'static str>,
}

/// One corpus.
#[derive(Debug, Clone, Serialize)]
pub struct CorpusReport {
    pub corpus: CorpusName,
    pub pages: usize,
    pub identical: usize,
    pub differences: Vec<Difference>,
}

/// All of them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub corpora: Vec<CorpusReport>,
    /// What could not be compared, and why.
    pub skipped: Vec<(CorpusName, String)>,
}

impl CorpusReport {
    pub(super) fn new(corpus: CorpusName) -> Self {
        Self { corpus, pages: 0, identical: 0, differences: Vec::new() }
    }

    /// Counts a page that is identical.
    pub(super) fn same(&mut self) {
        self.pages += 1;
        self.identical += 1;
    }

    /// Counts a page that is not; `known` says why ours is as it should be, `keep` is a folder for both texts.
    pub(super) fn differ(
        &mut self,
        page: &Page,
        ours: &str,
        theirs: &str,
        known: Option<&'static str>,
        keep: Option<&Path>,
    ) -> Outcome<()> {
        self.pages += 1;
        let (line, mine, other) = first_difference(ours, theirs).unwrap_or_default();
        self.differences.push(Difference { page: page.name.clone(), line, ours: cut(mine), theirs: cut(other), known });
        let Some(folder) = keep else { return Ok(()) };
        let name = page.name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-', "_");
        let write = |end: &str, text: &str| {
            let file = folder.join(format!("{:?}-{name}.{end}.yaml", self.corpus));
            std::fs::write(&file, text).map_err(|error| {
                Fault::new(format!("{}: {error}", file.display()), "name a folder that can be written")
            })
        };
        std::fs::create_dir_all(folder).map_err(|error| Fault::of("the folder for texts", error))?;
        write("ours", ours)?;
        write("theirs", theirs)
    }

    /// Pages that differ, and on purpose.
    #[must_use]
    pub fn known(&self) -> usize {
        self.differences.iter().filter(|one| one.known.is_some()).count()
    }

    /// Percent of its pages that are identical.
    #[must_use]
    pub fn share(&self) -> f64 {
        percent(self.identical, self.pages)
    }
}

impl Report {
    /// Percent of all pages that are identical.
    #[must_use]
    pub fn share(&self) -> f64 {
        percent(self.sum(|one| one.identical), self.sum(|one| one.pages))
    }

    /// Percent of all pages that are identical or differ on purpose.
    #[must_use]
    pub fn share_explained(&self) -> f64 {
        percent(self.sum(|one| one.identical + one.known()), self.sum(|one| one.pages))
    }

    fn sum(&self, read: fn(&CorpusReport) -> usize) -> usize {
        self.corpora.iter().map(read).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for corpus in self.corpora.iter().filter(|corpus| !corpus.differences.is_empty()) {
            writeln!(
                f,
                "{}: where {} of {} pages first differ",
                corpus.corpus,
                corpus.differences.len(),
                corpus.pages
            )?;
            for one in corpus.differences.iter().take(SHOWN_MAX) {
                writeln!(f, "  {}, line {}\n    ours   {}\n    theirs {}", one.page, one.line, one.ours, one.theirs)?;
                if let Some(why) = one.known {
                    writeln!(f, "    on purpose: {why}")?;
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "| pages | compared | identical | share | differ on purpose |\n|---|---|---|---|---|")?;
        for one in &self.corpora {
            let (pages, same, share, known) = (one.pages, one.identical, one.share(), one.known());
            writeln!(f, "| {} | {pages} | {same} | {share:.1} % | {known} |", one.corpus)?;
        }
        let (pages, same, share) = (self.sum(|one| one.pages), self.sum(|one| one.identical), self.share());
        writeln!(f, "| all | {pages} | {same} | {share:.1} % | {} |", self.sum(CorpusReport::known))?;
        for (corpus, why) in &self.skipped {
            writeln!(f, "skipped {corpus}: {why}")?;
        }
        Ok(())
    }
}

fn cut(line: &str) -> String {
    let line = line.trim_end();
    if line.chars().count() <= LINE_MAX {
        line.to_owned()
    } else {
        line.chars().take(LINE_MAX).chain(['…']).collect()
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of pages are small")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

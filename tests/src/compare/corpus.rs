//! The pages that are compared: documentation from Debian and npm packages, the toolchain's own, the fixture site, and fixtures for
//! frames and shadow trees.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Plan, Way};
use crate::docs::{Docs, Place};
use crate::site::Site;
use crate::{Fault, Outcome, node};

/// Folders within folders that are looked into.
const DEPTH_MAX: usize = 12;

/// Largest page taken, bytes: the peer takes minutes for some of the largest.
const PAGE_BYTES_MAX: u64 = 2 << 20;

/// Pages of the fixture site that look the same each time.
const SITE_PAGES: [&str; 14] = [
    "/",
    "/form",
    "/shop",
    "/login",
    "/card",
    "/controls",
    "/shadow",
    "/account",
    "/list",
    "/frames",
    "/covered",
    "/popup",
    "/search?q=lamp",
    "/console",
];

/// Fixtures that differ on purpose, and why.
const KNOWN: [(&str, &str); 5] = [
    ("frames_nested.html to depth 3", DEPTH_IN_FRAMES),
    ("frames_same.html to depth 3", DEPTH_IN_FRAMES),
    ("nested_level.html to depth 3", DEPTH_IN_FRAMES),
    ("scrolled.html to depth 3", DEPTH_IN_FRAMES),
    ("shadow_frames.html to depth 3", DEPTH_IN_FRAMES),
];
const DEPTH_IN_FRAMES: &str = "a frame on the last level but one is cut there too; the peer shows all of it";

/// Which pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum CorpusName {
    /// Debian's `sqlite3-doc`.
    Sqlite,
    /// Debian's `python3-doc`.
    Python,
    /// Debian's `debian-handbook`, in all its languages.
    Handbook,
    /// What the Rust toolchain brings: rustdoc and mdBook.
    Rust,
    /// Pages in the npm packages of `tests/node`.
    Npm,
    /// Demo applications from npm packages, those of `tests/pages`.
    Demos,
    /// The fixture site.
    Site,
    /// Frames within frames and shadow trees; also with boxes and with a depth.
    Frames,
}

impl CorpusName {
    /// In the order they are compared.
    pub const ALL: [Self; 8] =
        [Self::Frames, Self::Site, Self::Npm, Self::Demos, Self::Sqlite, Self::Python, Self::Handbook, Self::Rust];

    fn folder(self) -> Outcome<PathBuf> {
        Ok(match self {
            Self::Sqlite => "/usr/share/doc/sqlite3".into(),
            Self::Python => "/usr/share/doc/python3-doc/html".into(),
            Self::Handbook => "/usr/share/doc/debian-handbook/html".into(),
            Self::Rust => toolchain_pages()?,
            Self::Npm => node::modules()?,
            Self::Demos => node::source("pages")?,
            Self::Frames => node::source("compare/pages")?,
            Self::Site => return Err(Fault::of("the fixture site", "it is no folder")),
        })
    }
}

impl fmt::Display for CorpusName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite3-doc",
            Self::Python => "python3-doc",
            Self::Handbook => "debian-handbook",
            Self::Rust => "rustdoc, mdBook",
            Self::Npm => "npm packages",
            Self::Demos => "npm demos",
            Self::Site => "fixture site",
            Self::Frames => "frames, shadow",
        })
    }
}

/// One page, one way.
#[derive(Debug, Clone)]
pub struct Page {
    pub url: String,
    /// Without the server, for reports.
    pub name: String,
    pub way: Way,
}

impl Page {
    /// Why it differs on purpose, when it does.
    #[must_use]
    pub fn known(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(name, _)| *name == self.name).map(|(_, why)| *why)
    }
}

/// The pages of one corpus, or why there are none.
#[derive(Debug)]
pub enum Corpus {
    Found { name: CorpusName, pages: Vec<Page> },
    Missing { name: CorpusName, why: String },
}

/// All of them, with the servers they come from.
pub struct Corpora {
    site: Site,
    docs: Docs,
    all: Vec<Corpus>,
}

impl Corpora {
    /// Looks for the pages and serves them.
    ///
    /// # Errors
    /// When no port is free. A corpus that is not installed is none of the errors.
    pub async fn start(plan: &Plan) -> Outcome<Self> {
        let wanted: Vec<CorpusName> =
            CorpusName::ALL.into_iter().filter(|name| plan.only.is_empty() || plan.only.contains(name)).collect();
        let folders: Vec<(CorpusName, Outcome<PathBuf>)> = wanted
            .into_iter()
            .map(|name| {
                let there = |folder: PathBuf| {
                    std::fs::canonicalize(&folder).map_err(|error| Fault::of(&folder.display().to_string(), error))
                };
                (name, name.folder().and_then(there))
            })
            .collect();
        let site = Site::start().await?;
        let places = folders
            .iter()
            .filter_map(|(name, folder)| {
                let folder = folder.as_ref().ok()?.clone();
                Some(Place { name: mount(*name), root: root(*name, &folder), folder })
            })
            .collect();
        let docs = Docs::serving(places).await?;
        let matching = |page: &Page| plan.matching.as_ref().is_none_or(|word| page.url.contains(word));
        let mut all = Vec::new();
        for (name, folder) in folders {
            let mut pages = match (name, folder) {
                (CorpusName::Site, _) => SITE_PAGES.iter().map(|path| page(site.url(path), path)).collect(),
                (_, Err(fault)) => {
                    all.push(Corpus::Missing { name, why: fault.what });
                    continue;
                }
                (_, Ok(folder)) => html_below(&folder)
                    .into_iter()
                    .map(|path| page(docs.url(&format!("/{}/{path}", mount(name))), &path))
                    .collect::<Vec<_>>(),
            };
            pages.retain(matching);
            // Our own pages are few and each is about something else: a sample holds them all.
            let pages = match name {
                CorpusName::Frames => pages.iter().flat_map(all_ways).collect(),
                CorpusName::Site => pages,
                _ => spread(pages, plan.pages),
            };
            all.push(Corpus::Found { name, pages });
        }
        Ok(Self { site, docs, all })
    }

    /// The corpora, in order.
    #[must_use]
    pub fn all(&self) -> &[Corpus] {
        &self.all
    }

    /// What pages must be let reach.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        vec![self.site.address(), self.site.other_address(), self.docs.address(), self.docs.other_address()]
    }
}

fn mount(name: CorpusName) -> &'static str {
    match name {
        CorpusName::Sqlite => "sqlite",
        CorpusName::Python => "python",
        CorpusName::Handbook => "handbook",
        CorpusName::Rust => "rust",
        CorpusName::Npm => "npm",
        CorpusName::Demos => "pages",
        CorpusName::Site => "site",
        CorpusName::Frames => "frames",
    }
}

/// What files of a corpus must lie below; Debian packages share parts.
fn root(name: CorpusName, folder: &Path) -> PathBuf {
    match name {
        CorpusName::Sqlite | CorpusName::Python | CorpusName::Handbook => "/usr/share".into(),
        _ => folder.to_owned(),
    }
}

fn page(url: String, name: &str) -> Page {
    Page { url, name: name.to_owned(), way: Way::default() }
}

fn all_ways(page: &Page) -> [Page; 3] {
    let with = |way: Way, word: &str| Page { way, name: format!("{}{word}", page.name), ..page.clone() };
    [
        page.clone(),
        with(Way { boxes: true, ..Way::default() }, " with boxes"),
        with(Way { depth: Some(3), ..Way::default() }, " to depth 3"),
    ]
}

/// The documentation beside the compiler that is in use.
fn toolchain_pages() -> Outcome<PathBuf> {
    let asked = std::process::Command::new("rustc").args(["--print", "sysroot"]).output();
    let asked = asked.map_err(|error| Fault::of("rustc", error))?;
    Ok(Path::new(String::from_utf8_lossy(&asked.stdout).trim()).join("share/doc/rust/html"))
}

/// The HTML files below a folder, in order of their paths.
fn html_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((at, depth)) = open.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() && depth < DEPTH_MAX {
                open.push((path, depth + 1));
            } else if path.extension().is_some_and(|extension| extension == "html")
                && entry.metadata().is_ok_and(|file| file.len() <= PAGE_BYTES_MAX)
                && let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str)
            {
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    found
}

/// At most `most` of them, evenly spread.
fn spread<T>(all: Vec<T>, most: Option<usize>) -> Vec<T> {
    let Some(most) = most.filter(|most| *most < all.len()) else { return all };
    let length = all.len();
    let mut taken = 0;
    all.into_iter()
        .enumerate()
        .filter_map(|(at, one)| {
            // The next of `most` equal steps begins here.
            let due = taken < most && at * most >= taken * length;
            taken += usize::from(due);
            due.then_some(one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_sample_is_spread_over_all() {
        assert_eq!(spread((0..10).collect(), Some(3)), [0, 4, 7]);
        assert_eq!(spread((0..3).collect::<Vec<_>>(), Some(5)), [0, 1, 2]);
        assert_eq!(spread((0..3).collect::<Vec<_>>(), None), [0, 1, 2]);
        assert_eq!(spread((0..1_000).collect::<Vec<_>>(), Some(77)).len(), 77);
    }
}

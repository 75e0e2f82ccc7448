//! What a tool has to say, before it is put into sections.

use super::{Image, Link};

/// The parts of an answer. Which of them appear, and in which order, is the business of [`super::response`].
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Section Result.
    pub result: String,
    /// Section Ran Playwright code, a statement a line.
    pub code: Vec<String>,
    /// Whether the page's snapshot belongs to the answer.
    pub snapshot: Wanted,
    pub images: Vec<Image>,
    /// Files it made, a line each at the end of Result.
    pub files: Vec<Artefact>,
    /// The session is over: nothing is said of its tabs.
    pub over: bool,
}

/// A file an answer gives: where a client without our disk can fetch it.
#[derive(Debug, Clone)]
pub(super) struct Artefact {
    /// What it is, as in `Page as pdf`.
    pub title: String,
    pub link: Link,
}

impl Artefact {
    /// `- [Page as pdf](page.pdf) https://…`: the name is what other tools take, the address is for fetching.
    pub fn line(&self) -> String {
        format!("- [{}]({}) {}", self.title, self.link.name, self.link.url)
    }
}

/// Which snapshot an answer carries.
#[derive(Debug, Default)]
pub(super) enum Wanted {
    #[default]
    No,
    /// After an action: as the call's or the service's setting says.
    AfterAction,
    /// Asked for: always, and as asked for.
    Taken(crate::session::SnapshotText),
    /// Asked for and of the whole page: later ones are compared with it.
    Whole(crate::session::SnapshotText),
    /// One part of it was asked for: the text, and what is to be said below it.
    Part(String, Option<String>),
}

impl Answer {
    /// Nothing but a result.
    pub fn result(text: impl Into<String>) -> Self {
        Self { result: text.into(), ..Self::default() }
    }

    /// Nothing but code.
    pub fn code(line: impl Into<String>) -> Self {
        Self { code: vec![line.into()], ..Self::default() }
    }

    /// With the page's snapshot.
    pub fn and_snapshot(mut self) -> Self {
        self.snapshot = Wanted::AfterAction;
        self
    }
}

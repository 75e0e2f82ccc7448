//! What a tool has to say, before it is put into sections.

use super::Image;

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
    /// The session is over: nothing is said of its tabs.
    pub over: bool,
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

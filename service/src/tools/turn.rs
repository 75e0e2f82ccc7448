//! What a call has in its hands while it is its turn.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio_util::sync::CancellationToken;

use super::keeper::Keeper;
use super::terms::Terms;
use super::{Answer, Artefact, Capabilities, GateSettings, ToolError};
use crate::auth::Caller;
use crate::session::{BrowserError, Mark, Page, Registry, Session, StoredFile, TargetReading};

/// How long an answer waits for the end of downloads.
const DOWNLOADS_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long a pressed link that says it is a download may take to become one.
const DOWNLOAD_BEGINS_WITHIN: Duration = Duration::from_secs(1);

/// A turn in a session.
pub(super) struct Turn {
    pub session: Arc<Session>,
    /// The current tab; `None` when the session has none.
    pub page: Option<Arc<Page>>,
    /// The targets as they were looked at, in the order the call named them.
    pub readings: Vec<TargetReading>,
    /// Numbers of the tabs there were when the turn began.
    pub tabs: Vec<u16>,
    /// Downloads that had begun when the turn began.
    pub downloads: u64,
    /// How long a page may take to answer.
    pub navigation_deadline: Duration,
    /// Where people and clients look, without a slash at its end.
    pub public_url: Arc<str>,
    /// Tokens of the whole answer.
    pub tokens_max: usize,
}

/// What a call about sessions needs.
pub(super) struct House<'a> {
    pub registry: &'a Arc<Registry>,
    pub caller: &'a Caller,
    /// The session the call would mean, when it is there already.
    pub session: Option<Arc<Session>>,
    /// Where people look, without a slash at its end.
    pub public_url: &'a str,
    pub settings: &'a GateSettings,
    /// The toolsets the call was made with.
    pub capabilities: &'a Capabilities,
    pub terms: Terms,
    pub tell: &'a (dyn Fn(String) + Send + Sync),
    /// Cancelled when the client leaves: for what waits and has done nothing yet.
    pub cancelled: &'a CancellationToken,
}

impl Turn {
    /// The current tab.
    ///
    /// # Errors
    /// When the session has none.
    pub fn page(&self) -> Result<Arc<Page>, ToolError> {
        self.page.clone().ok_or_else(|| {
            ToolError::new("no_tab", "No open tabs.", "Navigate to a URL to create one (browser_navigate).")
        })
    }

    /// Bytes of the whole answer.
    pub fn bytes_max(&self) -> usize {
        self.tokens_max.saturating_mul(super::budget::BYTES_PER_TOKEN)
    }

    /// Waits for what an action on `page` began, also for the tabs it opened.
    pub async fn settled(&self, page: &Page, mark: Mark) -> Result<(), ToolError> {
        page.settle(mark).await?;
        for tab in self.session.tabs() {
            if tab.opened_by_page() && !self.tabs.contains(&tab.number()) {
                // A popup that went again, or never loads, is the page's affair.
                if let Err(error) = tab.arrived().await {
                    tracing::debug!(%error, "a popup did not arrive");
                }
            }
        }
        self.downloaded().await;
        Ok(())
    }

    /// Waits for the downloads that began in this turn, a little: a small file is part of the answer, a large one of a later answer.
    pub async fn downloaded(&self) {
        if self.session.downloads_begun() > self.downloads {
            self.session.downloads_end(DOWNLOADS_WAIT_MAX).await;
        }
    }

    /// The same after something was pressed that is a download by its own word: the browser tells of it a moment later.
    pub async fn downloaded_if_pressed(&self) {
        if self.readings.iter().any(|reading| reading.facts.downloads) {
            self.session.download_begins(self.downloads, DOWNLOAD_BEGINS_WITHIN).await;
            self.downloaded().await;
        }
    }

    /// Keeps what a tool made as a file of the session, under `wanted` or else a name of its own: `page-2026-11-25T10-20-30-400Z.pdf`
    /// for `page` and `pdf`.
    ///
    /// # Errors
    /// When the session's files are full.
    pub async fn keep(
        &self,
        title: &str,
        wanted: Option<&str>,
        (prefix, ending): (&str, &str),
        mime: &str,
        data: impl Into<Bytes>,
    ) -> Result<Artefact, ToolError> {
        let keeper = Keeper { session: &self.session, public_url: &self.public_url };
        keeper.keep(title, wanted, (prefix, ending), mime, data.into()).await
    }

    /// What a call has to say: as its result, or, where the call names a file, as that.
    ///
    /// # Errors
    /// When the session's files are full.
    pub async fn tell(
        &self,
        title: &str,
        wanted: Option<&str>,
        (ending, mime): (&str, &str),
        text: String,
    ) -> Result<Answer, ToolError> {
        match wanted {
            Some(name) => {
                let file = self.keep(title, Some(name), ("page", ending), mime, text).await?;
                Ok(Answer { files: vec![file], ..Answer::default() })
            }
            None => Ok(Answer::result(text)),
        }
    }

    /// A file of the session, as an answer gives it.
    pub fn artefact(&self, title: &str, file: &StoredFile) -> Artefact {
        Keeper { session: &self.session, public_url: &self.public_url }.artefact(title, file)
    }

    /// As [`Self::keep`], for what comes in pieces.
    ///
    /// # Errors
    /// When the session's files are full, or a piece does not come; nothing is kept then.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        title: &str,
        wanted: Option<&str>,
        (prefix, ending): (&str, &str),
        mime: &str,
        pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Artefact, ToolError> {
        let keeper = Keeper { session: &self.session, public_url: &self.public_url };
        keeper.receive(title, wanted, (prefix, ending), mime, pieces).await
    }

    /// Input that opened a dialog has done its work: the dialog is part of the answer, not a fault.
    ///
    /// # Errors
    /// Every other error stays one.
    pub fn dialog_is_fine(&self, done: Result<(), BrowserError>) -> Result<(), ToolError> {
        match done {
            Ok(()) | Err(BrowserError::DialogOpen) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The target's locator, for the code section.
    pub fn code(&self, at: usize) -> &str {
        self.readings.get(at).map_or("locator('body')", |reading| &reading.code)
    }
}

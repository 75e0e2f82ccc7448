//! Going somewhere.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::{
    GetNavigationHistoryParams, NavigateParams, NavigateToHistoryEntryParams, StopLoadingParams,
};

use super::Page;
use super::state::PageState;
use crate::browser::BrowserError;
use crate::browser::error::impossible;
use crate::browser::lock::lock;

/// After the document is parsed its pictures and frames get this long; a page that never finishes loading is used as it is.
const LOAD_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a download that a navigation turned out to be may take to be told of.
const DOWNLOAD_WAIT_MAX: Duration = Duration::from_secs(3);

/// A renderer that runs nothing of its own stops loading at once.
const STOP_WAIT_MAX: Duration = Duration::from_secs(2);

impl Page {
    /// Goes to `url` (`Page.navigate`) and returns when the document is parsed and loaded, or parsed and five seconds older.
    ///
    /// # Errors
    /// `Navigation` with Chromium's error; `Timeout` when the server does not answer within `deadline` (loading is stopped then,
    /// and the page stays usable); `DialogOpen` when the page or its predecessor opens one.
    pub async fn navigate(&self, url: &str, deadline: Duration) -> Result<(), BrowserError> {
        let command = NavigateParams::builder().url(url).build().map_err(impossible)?;
        let before = {
            let mut state = lock(&self.state);
            state.network.document = None;
            state.network.requests.clear();
            state.documents
        };
        let downloads = self.context.upgrade().map_or(0, |context| context.downloads_begun());
        let _leaving = self.leaving();
        let answered = match self.unless_dialog(self.session.execute_within(command, deadline)).await {
            Err(error @ BrowserError::Timeout { .. }) => {
                self.stop_loading().await;
                return Err(error);
            }
            other => other?,
        };
        if answered.is_download.unwrap_or(false) {
            if let Some(context) = self.context.upgrade().filter(|context| context.downloads_allowed()) {
                // What the browser tells of it may come behind this answer.
                context.download_begins(downloads, DOWNLOAD_WAIT_MAX).await;
                return Ok(());
            }
            return Err(BrowserError::Page {
                code: "download".to_owned(),
                message:
                    "the address is a download, and downloads are off; go on with the page as it is, it has not changed, or let the operator set files.downloads"
                        .to_owned(),
            });
        }
        if let Some(error) = answered.error_text.filter(|error| !error.is_empty()) {
            // 204 and the like: the page stays as it was, and that is no failure.
            if error == "net::ERR_ABORTED" && lock(&self.state).network.document.as_ref().is_some_and(|d| d.code == 204)
            {
                return Ok(());
            }
            return Err(BrowserError::Navigation { url: url.to_owned(), error });
        }
        match answered.loader_id {
            // Within the same document: nothing loads.
            None => Ok(()),
            Some(loader) => self.loaded(loader.as_ref(), before, deadline).await,
        }
    }

    /// One step back in the tab's history.
    ///
    /// # Errors
    /// `Page` when there is nothing to go back to; else as [`Self::navigate`].
    pub async fn back(&self, deadline: Duration) -> Result<(), BrowserError> {
        let history = self.session.execute(GetNavigationHistoryParams::default()).await?;
        let previous = usize::try_from(history.current_index - 1).ok().and_then(|at| history.entries.get(at));
        let Some(previous) = previous else {
            return Err(BrowserError::Page {
                code: "no_history".to_owned(),
                message: "there is no earlier page in this tab; use browser_navigate instead".to_owned(),
            });
        };
        let mark = self.mark();
        let go = NavigateToHistoryEntryParams::new(previous.id);
        let _leaving = self.leaving();
        self.unless_dialog(self.session.execute_within(go, deadline)).await?;
        let wanted = previous.url.clone();
        let arrived = |state: &PageState| {
            let there = state.documents > mark.documents || state.url == wanted;
            (there && !state.main().is_some_and(|frame| frame.navigating)).then_some(())
        };
        self.unless_dialog(self.until("going back", deadline, arrived)).await?;
        self.settle(mark).await
    }

    /// Until it is dropped, a page that asks whether it may be left (`beforeunload`) is told yes: whoever goes has made up their mind.
    fn leaving(&self) -> Leaving<'_> {
        lock(&self.state).leaving += 1;
        Leaving { page: self }
    }

    /// Waits until a tab that just opened shows what it was opened for: its first document, five seconds at most.
    ///
    /// # Errors
    /// When the tab crashed, closed or went. A dialog, or a document that does not come, is no error.
    pub async fn arrived(&self) -> Result<(), BrowserError> {
        self.ready().await?;
        self.load_event().await
    }

    /// Waits for the document `loader` of the main frame, or for one that replaced it; `before` documents had come when it was asked for.
    async fn loaded(&self, loader: &str, before: u64, deadline: Duration) -> Result<(), BrowserError> {
        let parsed = |state: &PageState| {
            let main = state.main()?;
            let replaced = main.loader != loader && state.documents > before;
            ((main.loader == loader || replaced) && main.dom_content_loaded).then_some(())
        };
        match self.unless_dialog(self.until("loading the page", deadline, parsed)).await {
            // A page that trickles in is used as far as it came.
            Err(BrowserError::Timeout { .. }) => {
                self.stop_loading().await;
                return Ok(());
            }
            other => other?,
        }
        self.load_event().await
    }

    /// Waits for the main frame's load event, five seconds at most.
    pub(super) async fn load_event(&self) -> Result<(), BrowserError> {
        let done = |state: &PageState| state.main().is_some_and(|main| main.loaded && !main.navigating).then_some(());
        match self.unless_dialog(self.until("loading the page", LOAD_WAIT_MAX, done)).await {
            Err(BrowserError::DialogOpen) => return Ok(()),
            Ok(()) | Err(BrowserError::Timeout { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.turn().await {
            Err(BrowserError::DialogOpen) => Ok(()),
            other => other,
        }
    }

    async fn stop_loading(&self) {
        // A script that never ends holds up everything, what would stop it too.
        if !self.responds().await {
            self.interrupt(&self.main_frame()).await;
        }
        // The browser process answers this even while the renderer waits.
        let stopped = self.session.execute_within(StopLoadingParams::default(), STOP_WAIT_MAX);
        if let Err(error) = stopped.await {
            tracing::debug!(%error, "loading could not be stopped");
        }
    }
}

/// A navigation of ours, under way.
struct Leaving<'a> {
    page: &'a Page,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(&self.page.state).leaving -= 1;
    }
}

//! After an action: wait for what it started, and for nothing else.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::Page;
use super::state::PageState;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// How long a navigation the action began may take to bring its document.
const NAVIGATION_WAIT_MAX: Duration = Duration::from_secs(15);
/// How long the requests the action began may take. A page that polls for ever must not hold the call.
const REQUESTS_WAIT_MAX: Duration = Duration::from_millis(2000);

/// How often what the action began may begin more that is waited for: a frame that comes and sends a form when it is there.
const ROUNDS_MAX: usize = 2;

/// The page as it stood before an action.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub(super) navigations: u64,
    pub(super) documents: u64,
    pub(super) requests: u64,
    pub(super) held: u64,
}

/// Arguments of `turn`.
#[derive(Serialize)]
struct Turn {
    frame: bool,
}

impl Page {
    /// Remembers where the page stands; give it to [`Self::settle`] after the action.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let state = lock(&self.state);
        let held = self.context.upgrade().map_or(0, |context| context.held());
        Mark { navigations: state.navigations_begun, documents: state.documents, requests: state.network.begun, held }
    }

    /// The same, but what was held meanwhile is waited for again: it was let go.
    #[must_use]
    pub fn mark_again(&self, mark: Mark) -> Mark {
        Mark { held: self.mark().held, ..mark }
    }

    /// Waits for the navigation and the requests that began since `mark`, bounded; returns at once when nothing did, and when
    /// something of it is held for a person.
    ///
    /// # Errors
    /// When the page crashed, closed or went. A dialog that opened ends the wait without an error.
    pub async fn settle(&self, mark: Mark) -> Result<(), BrowserError> {
        match self.settle_inner(mark).await {
            Err(BrowserError::DialogOpen) => Ok(()),
            other => other,
        }
    }

    async fn settle_inner(&self, mark: Mark) -> Result<(), BrowserError> {
        // One timer turn in the page: submits and `setTimeout(…, 0)` have run by then, and the answer comes behind their events.
        self.turn().await?;
        let navigated = |state: &PageState| {
            (state.navigations_begun > mark.navigations, state.main().is_some_and(|main| main.navigating))
        };
        let context = self.context.upgrade();
        let held = || context.as_ref().is_some_and(|context| context.held() > mark.held);
        let (begun, _) = navigated(&lock(&self.state));
        if begun {
            let arrived = |state: &PageState| {
                let main = state.main()?;
                (held() || !main.navigating && (main.dom_content_loaded || state.documents == mark.documents))
                    .then_some(())
            };
            match self.unless_dialog(self.until("the navigation", NAVIGATION_WAIT_MAX, arrived)).await {
                Err(BrowserError::Timeout { .. }) => return Ok(()),
                other => other?,
            }
            if held() {
                return Ok(());
            }
            if lock(&self.state).documents > mark.documents {
                return self.load_event().await;
            }
        }
        let quiet = |state: &PageState| {
            let done = state.network.under_way_since(mark.requests) == 0 && !state.frames_come_since(mark.navigations);
            (held() || done).then_some(())
        };
        let latest = Instant::now() + REQUESTS_WAIT_MAX;
        for _ in 0..ROUNDS_MAX {
            if quiet(&lock(&self.state)).is_some() {
                break;
            }
            let left = latest.saturating_duration_since(Instant::now());
            match self.unless_dialog(self.until("the page's requests", left, quiet)).await {
                Err(BrowserError::Timeout { .. }) => break,
                other => other?,
            }
            // What an answer changed on the page is there one turn later, and so is what it began.
            self.turn().await?;
        }
        Ok(())
    }

    /// Lets the page's pending timers and tasks run once.
    ///
    /// In our world: the page's own `setTimeout` and `Promise` may be anything.
    pub(super) async fn turn(&self) -> Result<(), BrowserError> {
        self.turn_with(&Turn { frame: false }).await
    }

    /// The same behind the next frame the page draws. Between filling a field and pressing Enter there is one: what a page
    /// makes of an input it may make frame by frame, and no person is faster.
    ///
    /// # Errors
    /// As the connection; a dialog that is open.
    pub async fn next_frame(&self) -> Result<(), BrowserError> {
        self.turn_with(&Turn { frame: true }).await
    }

    /// Does the page get to a turn of its timers soon? One whose script never ends does not.
    pub async fn responds(&self) -> bool {
        let (frame, argument) = (self.main_frame(), json!(Turn { frame: false }));
        let turned = self.unless_dialog(self.call_once(&frame, "turn", &argument, REQUESTS_WAIT_MAX));
        !matches!(tokio::time::timeout(REQUESTS_WAIT_MAX, turned).await, Err(_) | Ok(Err(BrowserError::Timeout { .. })))
    }

    async fn turn_with(&self, turn: &Turn) -> Result<(), BrowserError> {
        let frame = self.main_frame();
        let argument = json!(turn);
        let turned = self.unless_dialog(self.call_once(&frame, "turn", &argument, REQUESTS_WAIT_MAX));
        match tokio::time::timeout(REQUESTS_WAIT_MAX, turned).await {
            Ok(Ok(answer)) => {
                if let Some(title) = answer["title"].as_str() {
                    self.title_is(title);
                }
                Ok(())
            }
            // The document went away under it, or its script is busy: whoever waits next sees to both. Nothing is
            // interrupted here.
            Err(_) | Ok(Err(BrowserError::Refused { .. } | BrowserError::Timeout { .. } | BrowserError::Script(_))) => {
                Ok(())
            }
            Ok(Err(error)) => Err(error),
        }
    }
}

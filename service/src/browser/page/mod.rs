//! One tab: its frames, what it said, what it waits for, and what can be done to it.
//!
//! Events change [`state::PageState`] at once, inside the reading task; whoever waits for something waits for that
//! state to show it ([`Page::until`]). Nothing here sleeps.

mod aim;
mod brake;
mod capture;
mod caster;
mod chooser;
mod console;
mod dialog;
mod dragging;
mod element;
mod elements;
mod events;
mod facts;
mod frames;
mod guard;
mod keyboard;
mod leaving;
mod marks;
mod mask;
mod modal;
mod navigate;
mod network;
mod overlay;
mod page_tools;
mod pdf;
mod person;
mod place;
mod pointer;
mod reading;
mod recorder;
mod requests;
mod screencast;
mod scripting;
mod settle;
mod snapshot;
mod state;
mod stored;
mod target;
mod through;
mod viewport;

use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use crate::telemetry::Tasks;
use chromiumoxide::cdp::browser_protocol::input::MouseButton;
use chromiumoxide::cdp::browser_protocol::target::CloseTargetParams;
use helmwatch_protocol::TabOpener;
use tokio::sync::watch;

use super::BrowserError;
use super::cdp::{CdpSession, Connection, EventSink};
use super::context::Context;
use super::context::emulation::Attire;
use super::context::routing::Routing;
use super::launch::LaunchOptions;
use super::lock::lock;

pub use aim::Check;
pub use capture::{PictureFormat, Shot};
pub use console::{ConsoleEntry, ConsoleLevel};
pub use dialog::Dialog;
pub use dragging::Dropped;
pub use elements::Matches;
pub use facts::{PageFacts, PageFieldKind, PageForm, PageSecret, PageSending, PageSentForm, PageShown, SentField};
pub use keyboard::KeyInput;
pub use marks::{Marked, Marks};
pub use modal::Modal;
pub use network::DocumentStatus;
pub use overlay::ActionStyle;
pub use page_tools::PageTool;
pub use person::Finger;
pub use pointer::{ClickOptions, MouseAction};
pub use reading::Reading;
pub use requests::{RequestBody, RequestEntry, RequestHeaders, RequestList, RequestOutcome, RequestSide};
pub use screencast::{Frame, Screencast};
pub use settle::Mark;
pub use snapshot::{SnapshotOptions, SnapshotText};
pub use stored::{StorageArea, StoredItem, StoredItems};
pub use target::Target;

use events::TargetSink;
use state::PageState;

/// A tab.
pub struct Page {
    /// Its number within the session, for life.
    number: u16,
    target: String,
    opened_by_page: bool,
    opened_by: TabOpener,
    session: CdpSession,
    connection: Connection,
    options: Arc<LaunchOptions>,
    tasks: Tasks,
    context: Weak<Context>,
    state: Mutex<PageState>,
    /// Counts changes of `state`.
    changed: watch::Sender<u64>,
    cast: screencast::Cast,
    /// What listens for a recording.
    listening: Mutex<Vec<recorder::Listening>>,
    /// What listens for secrets while a person drives; `None` while nobody does.
    guarded: tokio::sync::Mutex<Option<Vec<guard::Guarding>>>,
    routing: Arc<Routing>,
    /// Sinks of this tab's CDP sessions; the connection holds them weakly.
    sinks: Mutex<Vec<Arc<TargetSink>>>,
    /// Set when the tab can be used, or with why it never can.
    ready: OnceLock<Result<(), BrowserError>>,
}

impl Page {
    /// Takes over a tab that Chromium attached paused, and lets it run.
    #[allow(clippy::too_many_arguments, reason = "called once; a struct for it would only repeat the names")]
    pub(super) fn attach(
        number: u16,
        target: &str,
        session: &str,
        opened_by_page: bool,
        opened_by: TabOpener,
        connection: Connection,
        options: Arc<LaunchOptions>,
        tasks: Tasks,
        context: Weak<Context>,
    ) -> Arc<Self> {
        let page = Arc::new_cyclic(|weak: &Weak<Self>| {
            let sink = TargetSink::new(Weak::clone(weak), Attire::Document);
            let listening: Weak<dyn EventSink> = Arc::downgrade(&(Arc::clone(&sink) as Arc<dyn EventSink>));
            let session = CdpSession::new(connection.clone(), session, options.command_deadline, listening);
            sink.bind(session.clone());
            Self {
                number,
                target: target.to_owned(),
                opened_by_page,
                opened_by,
                state: Mutex::new(PageState::new(target, session.clone(), options.viewport)),
                session,
                connection,
                options,
                tasks,
                context,
                changed: watch::Sender::new(0),
                cast: screencast::Cast::default(),
                listening: Mutex::default(),
                guarded: tokio::sync::Mutex::default(),
                routing: Arc::default(),
                sinks: Mutex::new(vec![sink]),
                ready: OnceLock::new(),
            }
        });
        let starting = Arc::clone(&page);
        page.tasks.spawn("tab start", async move {
            let outcome = starting.start().await;
            if let Err(error) = &outcome {
                tracing::debug!(%error, "a tab could not be prepared");
            }
            // Set once, here.
            drop(starting.ready.set(outcome));
            starting.touch();
        });
        page
    }

    /// Returns when the tab can be used.
    ///
    /// # Errors
    /// Why it never can.
    pub async fn ready(&self) -> Result<(), BrowserError> {
        let deadline = self.options.command_deadline;
        self.until("opening the tab", deadline, |_| self.ready.get().cloned()).await?
    }

    /// Its number within the session.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Chromium's target id.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Was it opened by another page (a popup), not by us?
    #[must_use]
    pub fn opened_by_page(&self) -> bool {
        self.opened_by_page
    }

    /// Whose doing it is, as people see it.
    #[must_use]
    pub fn opened_by(&self) -> TabOpener {
        self.opened_by
    }

    /// Address of its document.
    #[must_use]
    pub fn url(&self) -> String {
        lock(&self.state).url.clone()
    }

    /// Title of its document, cut to 512 characters: page text, data.
    #[must_use]
    pub fn title(&self) -> String {
        lock(&self.state).title.clone()
    }

    /// Did its renderer die?
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        lock(&self.state).crashed
    }

    /// Is it gone?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// The dialog that is open on it.
    #[must_use]
    pub fn dialog(&self) -> Option<Dialog> {
        lock(&self.state).dialog.clone()
    }

    /// HTTP status of its document.
    #[must_use]
    pub fn document_status(&self) -> Option<DocumentStatus> {
        lock(&self.state).network.document.clone()
    }

    /// Changes with every change of its state.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Closes the tab and returns when it is gone.
    ///
    /// # Errors
    /// As the connection.
    pub async fn close(&self) -> Result<(), BrowserError> {
        let deadline = self.options.command_deadline;
        let close = CloseTargetParams::new(self.target.clone());
        match self.connection.execute(None, &close, deadline).await {
            Ok(_) => self.until("closing the tab", deadline, |state| state.closed.then_some(())).await,
            Err(BrowserError::Refused { .. } | BrowserError::Gone { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits until `look` finds in the state what is wanted.
    pub(super) async fn until<T>(
        &self,
        what: &'static str,
        deadline: Duration,
        look: impl Fn(&PageState) -> Option<T> + Send,
    ) -> Result<T, BrowserError> {
        let mut changed = self.changed.subscribe();
        let found = async {
            loop {
                changed.mark_unchanged();
                {
                    let state = lock(&self.state);
                    if let Some(found) = look(&state) {
                        return Ok(found);
                    }
                    state.fit()?;
                }
                // The sender lives in `self`.
                if changed.changed().await.is_err() {
                    return Err(BrowserError::Closed);
                }
            }
        };
        tokio::time::timeout(deadline, found).await.map_err(|_| BrowserError::Timeout { what, after: deadline })?
    }

    /// Runs `work` unless a dialog opens: a page with a dialog open answers nothing until it is closed.
    pub(super) async fn unless_dialog<T>(
        &self,
        work: impl Future<Output = Result<T, BrowserError>> + Send,
    ) -> Result<T, BrowserError> {
        // Every command has its own deadline; this wait only ends earlier.
        let dialog = self.until("", Duration::from_secs(3600), |state| state.dialog.as_ref().map(|_| ()));
        tokio::select! {
            biased;
            opened = dialog => Err(opened.err().unwrap_or(BrowserError::DialogOpen)),
            done = work => done,
        }
    }

    /// Is it one of its frames, as far as they are followed?
    pub(super) fn has_frame(&self, frame: &str) -> bool {
        lock(&self.state).frames.contains_key(frame)
    }

    /// Has it never shown a document?
    pub(super) fn shows_nothing(&self) -> bool {
        lock(&self.state).documents == 0
    }

    /// A frame that was going somewhere stays where it is: what came is a download.
    pub(super) fn navigation_became_download(&self, frame: &str) {
        if let Some(frame) = lock(&self.state).frames.get_mut(frame) {
            frame.navigating = false;
        }
        self.touch();
    }

    pub(super) fn info_changed(&self, title: &str, url: &str) {
        {
            let mut state = lock(&self.state);
            // Until a page has a title Chromium gives its address instead.
            let untitled = title.is_empty() || url.ends_with(title) || url.contains(&format!("://{title}"));
            if !untitled {
                state.title = state::cut(title, state::TITLE_CHARS_MAX);
            }
            if !url.is_empty() {
                url.clone_into(&mut state.url);
            }
        }
        self.touch();
    }

    /// The title as the page itself says it is.
    fn title_is(&self, title: &str) {
        let title = state::cut(title, state::TITLE_CHARS_MAX);
        let news = {
            let mut state = lock(&self.state);
            let news = state.title != title;
            state.title = title;
            news
        };
        if news && let Some(context) = self.context.upgrade() {
            context.touch();
        }
    }

    pub(super) fn crashed(&self) {
        lock(&self.state).crashed = true;
        let sessions: Vec<Arc<str>> = lock(&self.sinks).iter().filter_map(|sink| sink.session_id()).collect();
        for session in sessions {
            self.connection.fail_session(&session, &BrowserError::Crashed);
        }
        self.touch();
    }

    /// Lets whoever waits for it look again.
    pub(super) fn wake(&self) {
        self.touch();
    }

    fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

//! One browser context: the isolated world of one session.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::telemetry::Tasks;
use chromiumoxide::cdp::browser_protocol::browser::{
    BrowserContextId, CancelDownloadParams, EventDownloadProgress, EventDownloadWillBegin, SetDownloadBehaviorBehavior,
    SetDownloadBehaviorParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    CloseTargetParams, CreateTargetParams, DisposeBrowserContextParams, EventAttachedToTarget, TargetInfo,
};
use chromiumoxide::types::Command;
use tokio::sync::{oneshot, watch};

use super::BrowserError;
use super::aside::Aside;
use super::cdp::Connection;
use super::downloads::{DownloadNews, Downloads, Inbox, Verdict};
use super::emulation::{Emulation, Media, NetworkState};
use super::error::impossible;
use super::launch::{LaunchOptions, Source};
use super::lock::lock;
use super::origins::ORIGINS_MAX;
use super::page::Page;
use super::recording::{Recorded, Recording, Told};
use super::route::Route;
use super::workers::Workers;

/// A context with its tabs. Nothing in it is ever reused: dispose it and its renderers die.
pub struct Context {
    id: String,
    connection: Connection,
    tasks: Tasks,
    options: Arc<LaunchOptions>,
    /// In the order they were opened; at most `pages_max`.
    pages: Mutex<Vec<Arc<Page>>>,
    next_page: AtomicU16,
    asides: Mutex<Asides>,
    /// Origins its documents had, oldest first; at most [`ORIGINS_MAX`].
    origins: Mutex<VecDeque<String>>,
    recording: Mutex<Option<Recording>>,
    disposed: AtomicBool,
    /// Does a person drive? What pages send then is not kept for the agent.
    private: AtomicBool,
    /// What its pages are made to believe.
    emulation: Mutex<Arc<Emulation>>,
    downloads: Downloads,
    pub(super) workers: Workers,
    /// Counts changes of the list and of any page's title or address.
    changed: watch::Sender<u64>,
}

/// Documents that are no tabs, between Chromium's word that they are there and the answer that says which of them are.
#[derive(Default)]
struct Asides {
    /// How many are being opened.
    opening: usize,
    /// What was attached meanwhile and opened by nobody's page.
    came: Vec<EventAttachedToTarget>,
}

impl Context {
    pub(super) fn new(id: String, connection: Connection, tasks: Tasks, options: Arc<LaunchOptions>) -> Self {
        Self {
            id,
            connection,
            tasks,
            options,
            pages: Mutex::default(),
            next_page: AtomicU16::new(1),
            asides: Mutex::default(),
            origins: Mutex::default(),
            recording: Mutex::default(),
            disposed: AtomicBool::new(false),
            private: AtomicBool::new(false),
            emulation: Mutex::default(),
            downloads: Downloads::default(),
            workers: Workers::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// Opens a tab on `about:blank` and returns when it can be used.
    ///
    /// # Errors
    /// `Page` when the context has as many tabs as it may; else as the connection.
    pub async fn new_page(&self) -> Result<Arc<Page>, BrowserError> {
        if lock(&self.pages).len() >= self.options.pages_max {
            return Err(BrowserError::Page {
                code: "too_many_tabs".to_owned(),
                message: format!("this session has its {} tabs; close one first", self.options.pages_max),
            });
        }
        let create = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(BrowserContextId::from(self.id.clone()))
            .build()
            .map_err(impossible)?;
        let deadline = self.options.command_deadline;
        let opened = async {
            let created = self.connection.execute(None, &create, deadline).await?;
            let mut changed = self.changed.subscribe();
            loop {
                let page = lock(&self.pages).iter().find(|page| page.target() == created.target_id.as_ref()).cloned();
                if let Some(page) = page {
                    page.ready().await?;
                    return Ok(page);
                }
                if !self.connection.is_alive() || changed.changed().await.is_err() {
                    return Err(BrowserError::Closed);
                }
            }
        };
        tokio::time::timeout(deadline, opened)
            .await
            .map_err(|_| BrowserError::Timeout { what: "opening a tab", after: deadline })?
    }

    /// Chromium's id of it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Runs a command of the browser about it.
    pub(super) async fn ask<C: Command>(&self, command: &C) -> Result<C::Response, BrowserError> {
        self.connection.execute(None, command, self.options.command_deadline).await
    }

    /// Notes that a document of this origin was in it.
    pub(super) fn visited(&self, origin: &str) {
        let mut origins = lock(&self.origins);
        if origins.iter().any(|one| one == origin) {
            return;
        }
        if origins.len() == ORIGINS_MAX {
            origins.pop_front();
        }
        origins.push_back(origin.to_owned());
    }

    /// Origins its documents had, oldest first.
    pub(super) fn visited_origins(&self) -> Vec<String> {
        lock(&self.origins).iter().cloned().collect()
    }

    /// Opens a document that is no tab. Carried through whoever waits, so that it never is taken for one.
    pub(super) async fn aside(self: &Arc<Self>) -> Result<Aside, BrowserError> {
        let (done, opened) = oneshot::channel();
        let context = Arc::clone(self);
        self.tasks.spawn("empty document", async move {
            // Whoever left wants none: it is closed as it is dropped.
            drop(done.send(context.open_aside().await));
        });
        opened.await.unwrap_or(Err(BrowserError::Closed))
    }

    async fn open_aside(self: &Arc<Self>) -> Result<Aside, BrowserError> {
        let create = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(BrowserContextId::from(self.id.clone()))
            .build()
            .map_err(impossible)?;
        let deadline = self.options.command_deadline;
        let mut changed = self.changed.subscribe();
        let opening = Opening::begin(Arc::clone(self));
        let opened = async {
            let target: String = self.ask(&create).await?.target_id.into();
            loop {
                if let Some(attached) = opening.take(&target) {
                    let session: &str = attached.session_id.as_ref();
                    return Aside::begin(&target, session, self.connection.clone(), &self.options).await;
                }
                if !self.connection.is_alive() || changed.changed().await.is_err() {
                    return Err(BrowserError::Closed);
                }
            }
        };
        tokio::time::timeout(deadline, opened)
            .await
            .map_err(|_| BrowserError::Timeout { what: "opening an empty document", after: deadline })?
    }

    /// Records from now on what is done on its pages.
    ///
    /// # Errors
    /// `Page` (`recording_runs`) when that is so already; as the connection.
    pub async fn start_recording(&self) -> Result<(), BrowserError> {
        {
            let mut recording = lock(&self.recording);
            if recording.is_some() {
                return Err(BrowserError::Page {
                    code: "recording_runs".to_owned(),
                    message: "a recording is under way; end it first (browser_stop_recording)".to_owned(),
                });
            }
            *recording = Some(Recording::default());
        }
        for page in self.pages() {
            if let Err(error) = page.record().await {
                drop(self.stop_recording());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Ends the recording; `None` when there is none.
    pub fn stop_recording(&self) -> Option<Recorded> {
        let recording = lock(&self.recording).take()?;
        self.pages().iter().for_each(|page| page.record_no_more());
        Some(recording.finish())
    }

    /// Are its pages being recorded?
    pub(super) fn is_recorded(&self) -> bool {
        lock(&self.recording).is_some()
    }

    /// A person did something on a page.
    pub(super) fn told(&self, told: Told) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.told(told);
        }
    }

    /// An agent begins an action: what pages tell meanwhile is its doing.
    pub fn agent_begins(&self) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.agent_begins();
        }
    }

    /// It has ended; `code` says what was done.
    pub fn agent_ended(&self, code: &[String]) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.agent_ended(code);
        }
    }

    /// Its tabs, oldest first.
    #[must_use]
    pub fn pages(&self) -> Vec<Arc<Page>> {
        lock(&self.pages).clone()
    }

    /// Changes whenever a tab opens, closes, shows another title or address, writes to its console, or opens a dialog.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Is its browser still there?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.connection.is_alive() && !self.disposed.load(Ordering::Relaxed)
    }

    /// Returns when its browser is gone.
    pub async fn gone(&self) {
        self.connection.gone().await;
    }

    /// Says whether a person drives: of what pages send then, nothing but that they sent it is kept.
    pub fn set_private(&self, private: bool) {
        self.private.store(private, Ordering::Relaxed);
    }

    /// Does a person drive?
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private.load(Ordering::Relaxed)
    }

    /// Changes the media features its pages see, also of tabs that open later.
    ///
    /// # Errors
    /// As the connection.
    pub async fn emulate_media(&self, change: impl FnOnce(&mut Media) + Send) -> Result<(), BrowserError> {
        self.emulate(|emulation| change(&mut emulation.media)).await
    }

    /// Takes the network away from its pages, or gives it back; also for tabs that open later.
    ///
    /// # Errors
    /// As the connection.
    pub async fn set_network(&self, network: NetworkState) -> Result<(), BrowserError> {
        self.emulate(|emulation| emulation.network = network).await
    }

    /// Its routes, in the order they were made.
    #[must_use]
    pub fn routes(&self) -> Vec<Arc<Route>> {
        self.emulation().routes.list().to_vec()
    }

    /// Adds a route for all its pages; the newest that fits a request counts.
    ///
    /// # Errors
    /// `Page` when it has as many as it may; else as the connection.
    pub async fn add_route(&self, route: Route) -> Result<(), BrowserError> {
        let mut full = None;
        self.emulate(|emulation| match emulation.routes.with(route) {
            Ok(routes) => emulation.routes = routes,
            Err(what) => full = Some(what),
        })
        .await?;
        match full {
            None => Ok(()),
            Some(what) => Err(BrowserError::Page {
                code: "too_many_routes".to_owned(),
                message: format!("{what}; remove some first (browser_unroute)"),
            }),
        }
    }

    /// Removes the routes of a pattern, or all, and answers how many there were.
    ///
    /// # Errors
    /// As the connection.
    pub async fn remove_routes(&self, pattern: Option<&str>) -> Result<usize, BrowserError> {
        let mut removed = 0;
        self.emulate(|emulation| (emulation.routes, removed) = emulation.routes.without(pattern)).await?;
        Ok(removed)
    }

    /// Changes what its pages are made to believe, and returns when all that are there do.
    async fn emulate(&self, change: impl FnOnce(&mut Emulation) + Send) -> Result<(), BrowserError> {
        let was = {
            let mut kept = lock(&self.emulation);
            let mut wanted = Emulation::clone(&kept);
            change(&mut wanted);
            std::mem::replace(&mut *kept, Arc::new(wanted))
        };
        self.dress_workers(&was).await?;
        // A tab that attaches meanwhile reads the new wish itself: it is in the list before it starts.
        for page in self.pages() {
            match page.dress(&was).await {
                // A tab that goes needs nothing any more.
                Ok(()) | Err(BrowserError::Closed | BrowserError::Crashed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The usual deadline of a command.
    pub(super) fn deadline(&self) -> Duration {
        self.options.command_deadline
    }

    pub(super) fn emulation(&self) -> Arc<Emulation> {
        Arc::clone(&lock(&self.emulation))
    }

    /// Ends it: its tabs close, its renderers die, its storage goes.
    ///
    /// # Errors
    /// As the connection. A browser that is gone has nothing left to dispose and is no error.
    pub async fn dispose(&self) -> Result<(), BrowserError> {
        if self.disposed.swap(true, Ordering::Relaxed) || !self.connection.is_alive() {
            return Ok(());
        }
        let dispose = DisposeBrowserContextParams::new(BrowserContextId::from(self.id.clone()));
        match self.connection.execute(None, &dispose, self.options.command_deadline).await {
            Ok(_) | Err(BrowserError::Gone { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Downloads are refused by the browser itself until somebody says where they go. Their events are one switch for all contexts of
    /// the browser, so also whoever refuses must leave it on.
    pub(super) async fn deny_downloads(&self) -> Result<(), BrowserError> {
        self.set_downloads(SetDownloadBehaviorBehavior::Deny, None).await
    }

    /// Lets pages download, into this inbox (`Browser.setDownloadBehavior` with `allowAndName`). A browser elsewhere does not see our disk:
    /// there they stay refused.
    ///
    /// # Errors
    /// As the connection; they stay refused then.
    pub async fn allow_downloads(&self, inbox: Arc<dyn Inbox>) -> Result<(), BrowserError> {
        if matches!(self.options.source, Source::Elsewhere(_)) {
            return Ok(());
        }
        let folder = inbox.folder().to_string_lossy().into_owned();
        self.downloads.allow(inbox);
        self.set_downloads(SetDownloadBehaviorBehavior::AllowAndName, Some(folder)).await
    }

    async fn set_downloads(
        &self,
        behavior: SetDownloadBehaviorBehavior,
        folder: Option<String>,
    ) -> Result<(), BrowserError> {
        let mut set = SetDownloadBehaviorParams::new(behavior);
        set.browser_context_id = Some(BrowserContextId::from(self.id.clone()));
        set.download_path = folder;
        set.events_enabled = Some(true);
        self.connection.execute(None, &set, self.options.command_deadline).await.map(drop)
    }

    /// May its pages download?
    #[must_use]
    pub fn downloads_allowed(&self) -> bool {
        self.downloads.are_allowed()
    }

    /// Counts the downloads that ever began.
    #[must_use]
    pub fn downloads_begun(&self) -> u64 {
        self.downloads.begun_count()
    }

    /// Waits for a download to begin after `since` of them had, at most `within`; says whether one did.
    pub async fn download_begins(&self, since: u64, within: Duration) -> bool {
        self.downloads_show(within, |downloads| downloads.begun_count() > since).await
    }

    /// Waits until no download is under way, at most `within`; says whether that is so.
    pub async fn downloads_end(&self, within: Duration) -> bool {
        self.downloads_show(within, |downloads| !downloads.are_under_way()).await
    }

    async fn downloads_show(&self, within: Duration, wanted: impl Fn(&Downloads) -> bool + Send) -> bool {
        let mut changed = self.changed.subscribe();
        let shown = async {
            while !wanted(&self.downloads) {
                // The sender lives in `self`.
                if !self.is_alive() || changed.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(within, shown).await.unwrap_or(false)
    }

    /// Takes what happened to downloads, oldest first; each is given once.
    pub fn take_download_news(&self) -> Vec<DownloadNews> {
        self.downloads.take_news()
    }

    /// A download begins in one of its frames; false when none of its frames is meant.
    pub(super) fn download_begun(&self, event: &EventDownloadWillBegin) -> bool {
        let frame: &str = event.frame_id.as_ref();
        let pages = self.pages();
        let Some(page) = pages.iter().find(|page| page.has_frame(frame)) else { return false };
        // What was a navigation has become a download, and the frame stays as it is.
        page.navigation_became_download(frame);
        // A tab that was opened for nothing else would stay empty: as in a browser with a window it closes.
        if page.opened_by_page() && page.shows_nothing() && page.target() == frame {
            self.connection.post(None, &CloseTargetParams::new(frame.to_owned()));
        }
        if self.downloads.begun(event) == Verdict::Cancel {
            self.cancel_download(&event.guid);
        }
        self.touch();
        true
    }

    pub(super) fn download_moved(&self, event: &EventDownloadProgress) {
        if self.downloads.moved(event) == Verdict::Cancel {
            self.cancel_download(&event.guid);
        }
        self.touch();
    }

    pub(super) fn cancel_download(&self, guid: &str) {
        let mut cancel = CancelDownloadParams::new(guid);
        cancel.browser_context_id = Some(BrowserContextId::from(self.id.clone()));
        self.connection.post(None, &cancel);
    }

    /// Chromium attached a new tab, paused before its first line of script.
    pub(super) fn attached(self: &Arc<Self>, attached: &EventAttachedToTarget) {
        if attached.target_info.opener_id.is_none() {
            let mut asides = lock(&self.asides);
            if asides.opening > 0 {
                asides.came.push(attached.clone());
                drop(asides);
                return self.touch();
            }
        }
        self.attached_tab(attached);
    }

    fn attached_tab(self: &Arc<Self>, attached: &EventAttachedToTarget) {
        let target: &str = attached.target_info.target_id.as_ref();
        let mut pages = lock(&self.pages);
        if pages.len() >= self.options.pages_max || self.disposed.load(Ordering::Relaxed) {
            drop(pages);
            tracing::info!("a popup beyond the session's tabs was closed");
            self.connection.post(None, &CloseTargetParams::new(target.to_owned()));
            return;
        }
        let number = self.next_page.fetch_add(1, Ordering::Relaxed);
        let opened_by_page = attached.target_info.opener_id.is_some();
        let page = Page::attach(
            number,
            target,
            attached.session_id.as_ref(),
            opened_by_page,
            self.connection.clone(),
            Arc::clone(&self.options),
            self.tasks.clone(),
            Arc::downgrade(self),
        );
        pages.push(page);
        drop(pages);
        self.touch();
    }

    pub(super) fn info_changed(&self, info: &TargetInfo) {
        let page = lock(&self.pages).iter().find(|page| page.target() == info.target_id.as_ref()).cloned();
        if let Some(page) = page {
            page.info_changed(&info.title, &info.url);
            self.touch();
        }
    }

    pub(super) fn target_crashed(&self, target: &str) {
        let page = lock(&self.pages).iter().find(|page| page.target() == target).cloned();
        if let Some(page) = page {
            page.crashed();
            self.touch();
        }
    }

    /// A tab is gone from the browser.
    pub(super) fn page_closed(&self, target: &str) {
        lock(&self.pages).retain(|page| page.target() != target);
        self.touch();
    }

    pub(super) fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

/// While it is there, new targets wait until it is known which of them is no tab.
struct Opening {
    context: Arc<Context>,
}

impl Opening {
    fn begin(context: Arc<Context>) -> Self {
        lock(&context.asides).opening += 1;
        Self { context }
    }

    fn take(&self, target: &str) -> Option<EventAttachedToTarget> {
        let mut asides = lock(&self.context.asides);
        let at = asides.came.iter().position(|one| AsRef::<str>::as_ref(&one.target_info.target_id) == target)?;
        Some(asides.came.swap_remove(at))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let tabs = {
            let mut asides = lock(&self.context.asides);
            asides.opening -= 1;
            if asides.opening == 0 { std::mem::take(&mut asides.came) } else { Vec::new() }
        };
        tabs.iter().for_each(|tab| self.context.attached_tab(tab));
    }
}

impl Drop for Context {
    /// Only for a context nobody disposed: the browser is told, nobody waits.
    fn drop(&mut self) {
        if !self.disposed.swap(true, Ordering::Relaxed) {
            let dispose = DisposeBrowserContextParams::new(BrowserContextId::from(self.id.clone()));
            self.connection.post(None, &dispose);
        }
    }
}

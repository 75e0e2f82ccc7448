//! One browser context: the isolated world of one session.

mod aside;
mod cookies;
mod departures;
mod downloads;
pub(in crate::browser) mod emulation;
mod glob;
mod origins;
pub(in crate::browser) mod recording;
mod route;
pub(in crate::browser) mod routing;
mod secrets;
mod workers;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use crate::telemetry::Tasks;
use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, GetVersionParams};
use chromiumoxide::cdp::browser_protocol::target::{
    CreateTargetParams, DisposeBrowserContextParams, EventAttachedToTarget, TargetInfo,
};
use chromiumoxide::types::Command;
use helmwatch_protocol::TabOpener;
use tokio::sync::watch;

use crate::browser::BrowserError;
use crate::browser::cdp::Connection;
use crate::browser::door::Doorkeeper;
use crate::browser::error::impossible;
use crate::browser::launch::LaunchOptions;
use crate::browser::lock::lock;
use crate::browser::page::Page;
use crate::browser::stranger::turn_away;

pub use cookies::{Cookie, Partition, SameSite};
pub use downloads::{DownloadNews, Inbox};
pub use emulation::{Media, NetworkState};
pub use origins::OriginItems;
pub use recording::Recorded;
pub use route::{Route, RouteDoing};

use aside::Asides;
use downloads::Downloads;
use emulation::Emulation;
use origins::ORIGINS_MAX;
use recording::Recording;
use secrets::Secrets;
use workers::Workers;

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
    secrets: Mutex<Secrets>,
    disposed: AtomicBool,
    /// Was it said that popups are closed?
    popups_told: AtomicBool,
    /// Does a person drive? What pages send then is not kept for the agent.
    private: AtomicBool,
    /// What its pages are made to believe.
    emulation: Mutex<Arc<Emulation>>,
    downloads: Downloads,
    pub(in crate::browser) workers: Workers,
    /// Says what becomes of what its pages send.
    keeper: OnceLock<Weak<dyn Doorkeeper>>,
    /// Counts what was held of that; whoever waits for a page does not wait for what is held.
    held: AtomicU64,
    /// Counts changes of the list and of any page's title or address.
    changed: watch::Sender<u64>,
}

impl Context {
    pub(in crate::browser) fn new(
        id: String,
        connection: Connection,
        tasks: Tasks,
        options: Arc<LaunchOptions>,
    ) -> Self {
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
            secrets: Mutex::default(),
            disposed: AtomicBool::new(false),
            popups_told: AtomicBool::new(false),
            private: AtomicBool::new(false),
            emulation: Mutex::default(),
            downloads: Downloads::default(),
            workers: Workers::default(),
            keeper: OnceLock::new(),
            held: AtomicU64::new(0),
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
                if changed.changed().await.is_err() {
                    return Err(BrowserError::Closed);
                }
            }
        };
        tokio::select! {
            biased;
            opened = tokio::time::timeout(deadline, opened) => {
                opened.map_err(|_| BrowserError::Timeout { what: "opening a tab", after: deadline })?
            }
            // No event tells of a tab that was made and never attached.
            () = self.connection.gone() => Err(self.connection.gone_error()),
        }
    }

    /// Chromium's id of it.
    pub(in crate::browser) fn id(&self) -> &str {
        &self.id
    }

    /// Runs a command of the browser about it.
    pub(in crate::browser) async fn ask<C: Command>(&self, command: &C) -> Result<C::Response, BrowserError> {
        self.connection.execute(None, command, self.options.command_deadline).await
    }

    /// Notes that a document of this origin was in it.
    pub(in crate::browser) fn visited(&self, origin: &str) {
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
    pub(in crate::browser) fn visited_origins(&self) -> Vec<String> {
        lock(&self.origins).iter().cloned().collect()
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

    /// Does its browser answer?
    ///
    /// # Errors
    /// As the connection.
    pub async fn ping(&self) -> Result<(), BrowserError> {
        self.ask(&GetVersionParams::default()).await.map(drop)
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

    pub(in crate::browser) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(in crate::browser) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The usual deadline of a command.
    pub(in crate::browser) fn deadline(&self) -> Duration {
        self.options.command_deadline
    }

    pub(in crate::browser) fn options(&self) -> &LaunchOptions {
        &self.options
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

    /// Chromium attached a new tab, paused before its first line of script.
    pub(in crate::browser) fn attached(self: &Arc<Self>, attached: &EventAttachedToTarget) {
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
            // Once: a page may open as many as it likes.
            if !self.popups_told.swap(true, Ordering::Relaxed) {
                tracing::info!("popups beyond the session's tabs are closed");
            }
            turn_away(&self.connection, attached.session_id.as_ref(), target, &self.tasks);
            return;
        }
        let number = self.next_page.fetch_add(1, Ordering::Relaxed);
        let opened_by = match (self.is_private(), attached.target_info.opener_id.is_some()) {
            (true, _) => TabOpener::Person,
            (false, true) => TabOpener::Page,
            (false, false) => TabOpener::Agent,
        };
        let opened_by_page = attached.target_info.opener_id.is_some();
        let page = Page::attach(
            number,
            target,
            attached.session_id.as_ref(),
            opened_by_page,
            opened_by,
            self.connection.clone(),
            Arc::clone(&self.options),
            self.tasks.clone(),
            Arc::downgrade(self),
        );
        pages.push(page);
        drop(pages);
        self.touch();
    }

    pub(in crate::browser) fn info_changed(&self, info: &TargetInfo) {
        let page = lock(&self.pages).iter().find(|page| page.target() == info.target_id.as_ref()).cloned();
        if let Some(page) = page {
            page.info_changed(&info.title, &info.url);
            self.touch();
        }
    }

    pub(in crate::browser) fn target_crashed(&self, target: &str) {
        let page = lock(&self.pages).iter().find(|page| page.target() == target).cloned();
        if let Some(page) = page {
            page.crashed();
            self.touch();
        }
    }

    /// A tab is gone from the browser.
    pub(in crate::browser) fn page_closed(&self, target: &str) {
        lock(&self.pages).retain(|page| page.target() != target);
        self.touch();
    }

    pub(in crate::browser) fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
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

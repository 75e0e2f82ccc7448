//! One browser context: the isolated world of one session.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use crate::telemetry::Tasks;
use chromiumoxide::cdp::browser_protocol::browser::{
    BrowserContextId, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    CloseTargetParams, CreateTargetParams, DisposeBrowserContextParams, EventAttachedToTarget, TargetInfo,
};
use tokio::sync::watch;

use super::BrowserError;
use super::cdp::Connection;
use super::emulation::{Emulation, Media};
use super::error::impossible;
use super::launch::LaunchOptions;
use super::lock::lock;
use super::page::Page;

/// A context with its tabs. Nothing in it is ever reused: dispose it and its renderers die.
pub struct Context {
    id: String,
    connection: Connection,
    tasks: Tasks,
    options: Arc<LaunchOptions>,
    /// In the order they were opened; at most `pages_max`.
    pages: Mutex<Vec<Arc<Page>>>,
    next_page: AtomicU16,
    disposed: AtomicBool,
    /// Does a person drive? What pages send then is not kept for the agent.
    private: AtomicBool,
    /// What its pages are made to believe.
    emulation: Mutex<Arc<Emulation>>,
    /// Counts changes of the list and of any page's title or address.
    changed: watch::Sender<u64>,
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
            disposed: AtomicBool::new(false),
            private: AtomicBool::new(false),
            emulation: Mutex::default(),
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

    /// Changes what its pages are made to believe, and returns when all that are there do.
    async fn emulate(&self, change: impl FnOnce(&mut Emulation) + Send) -> Result<(), BrowserError> {
        let was = {
            let mut kept = lock(&self.emulation);
            let mut wanted = Emulation::clone(&kept);
            change(&mut wanted);
            std::mem::replace(&mut *kept, Arc::new(wanted))
        };
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

    /// Downloads are refused by the browser itself; whoever allows one later opens exactly that.
    pub(super) async fn deny_downloads(&self) -> Result<(), BrowserError> {
        let deny = SetDownloadBehaviorParams::builder()
            .behavior(SetDownloadBehaviorBehavior::Deny)
            .browser_context_id(BrowserContextId::from(self.id.clone()))
            .build()
            .map_err(impossible)?;
        self.connection.execute(None, &deny, self.options.command_deadline).await.map(drop)
    }

    /// Chromium attached a new tab, paused before its first line of script.
    pub(super) fn attached(self: &Arc<Self>, attached: &EventAttachedToTarget) {
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

impl Drop for Context {
    /// Only for a context nobody disposed: the browser is told, nobody waits.
    fn drop(&mut self) {
        if !self.disposed.swap(true, Ordering::Relaxed) {
            let dispose = DisposeBrowserContextParams::new(BrowserContextId::from(self.id.clone()));
            self.connection.post(None, &dispose);
        }
    }
}

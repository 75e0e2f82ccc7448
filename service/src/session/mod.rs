//! Sessions: one owner, one context, its tabs, its calls in order.
//!
//! A [`Registry`] knows all sessions and checks the caller at every look-up; a foreign session reads exactly like an
//! unknown one. Each [`Session`] is one task: jobs run one after the other, and idle time, life time, a dead browser and an explicit
//! close all end at the same place, where its lease goes back to the pool.

mod calls;
mod control;
mod departure;
mod downloads;
mod error;
mod facts;
mod handoff;
mod id;
mod job;
mod journal;
mod life;
mod lost;
mod owner;
mod registry;
mod sending;
mod storage;
mod tabs;
mod told;
mod video;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use helmwatch_protocol::{LiveEvent, SessionId, SessionState, SessionView};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use calls::CallNumber;
pub use control::{Controller, Drive, Taking};
pub use departure::Departure;
pub use downloads::Download;
pub use error::SessionError;
pub use facts::TargetReading;
pub use handoff::{Answering, HandoffChange, HandoffEnd, HandoffNews};
pub use job::Patience;
pub use journal::{Traced, TracedCall};
pub use owner::Owner;
pub use registry::{NewSession, Registry};
pub use sending::{Acting, HeldSending, Judging, NotHeld, SendingEnd, SendingJudge};
pub use told::Told;
pub use video::{ShownActions, VideoFile, VideoWish};

/// What work in a session handles. Named here because whoever runs work goes through a session.
pub use crate::browser::{
    ActionStyle, BrowserError, Check, ClickOptions, ConsoleEntry, ConsoleLevel, Cookie, Dialog, Dropped, Label, Mark,
    Marked, Marks, Matches, Media, Modal, MouseAction, MouseButton, NetworkState, OriginItems, Page, PageTool,
    Partition, PictureFormat, PictureLimit, Reading, RequestBody, RequestEntry, RequestHeaders, RequestList,
    RequestOutcome, RequestSide, Route, RouteDoing, SameSite, Sending, SendingKind, Shot, SnapshotOptions,
    SnapshotText, StorageArea, StoredItem, StoredItems, Target, annotate, fit,
};

/// What a session keeps for its agent; named here for the same reason.
pub use crate::files::{FileError, StoredFile};

use crate::auth::Caller;
use crate::browser::Context;
use crate::files::Folder;
use crate::pool::{Denial, Lease};
use crate::telemetry::Tasks;
use calls::Calls;
use handoff::Handoff;
use job::Job;
use journal::Trace;
use video::Video;

/// Events that may wait for one listener; a slower one is told that it missed some and reads the state anew.
const EVENTS_MAX: usize = 512;

/// Longest snapshot kept to compare the next one with, bytes.
const SNAPSHOT_BYTES_MAX: usize = 2 << 20;

/// One session.
pub struct Session {
    id: SessionId,
    name: String,
    owner: Owner,
    /// Milliseconds since the Unix epoch.
    opened_at: u64,
    context: Arc<Context>,
    files: Arc<Folder>,
    downloads: Mutex<downloads::Untold>,
    /// Taken when the session ends.
    lease: Mutex<Option<Lease>>,
    state: Mutex<State>,
    calls: Mutex<Calls>,
    video: Mutex<Option<Video>>,
    trace: Mutex<Option<Trace>>,
    tasks: Tasks,
    jobs: mpsc::Sender<Job>,
    events: broadcast::Sender<Arc<Told>>,
    /// Its cards that wait for a person, as the approvals last told.
    waiting: AtomicU32,
    viewers: AtomicU32,
    /// What its pages send by themselves.
    outbox: sending::OutboxLock,
    /// Counts changes of it.
    outbox_changed: watch::Sender<u64>,
    /// Says what becomes of that; the context holds it weakly.
    keeper: std::sync::OnceLock<Arc<sending::Keeper>>,
    /// Wakes the session's task when what a person is asked changes.
    handoffs: Notify,
    /// The registry's: hears what is asked in any session.
    handoff_news: broadcast::Sender<HandoffNews>,
    /// Is the page a person's?
    driven: watch::Sender<bool>,
    next_viewer: AtomicU64,
    /// Cancelled to end it; the first reason given is kept.
    closing: CancellationToken,
    /// Cancelled when nothing of it is left.
    ended: CancellationToken,
}

struct State {
    /// Number of the tab calls act on.
    current: u16,
    busy: bool,
    controller: Option<Controller>,
    /// Counts takings of the wheel.
    turns: u64,
    /// What people did that their agent has not heard of.
    drive: Option<Drive>,
    /// The same in words, until an answer carries it.
    drive_told: Option<String>,
    /// What a person was asked to do.
    handoff: Option<Handoff>,
    /// The last question and its end, until the agent has heard it.
    handoff_ended: Option<(String, HandoffEnd)>,
    /// Counts such questions.
    handoffs: u32,
    /// Monotonic, for expiry.
    used: Instant,
    /// Milliseconds since the Unix epoch, for people.
    used_at: u64,
    reason: Option<String>,
    /// Does its agent know that it went with its browser?
    end_told: bool,
    /// Highest console entry already told to viewers, by tab.
    console_told: std::collections::HashMap<u16, u64>,
    dialogs_told: std::collections::HashSet<u16>,
    /// The file chooser viewers were last told of, by tab.
    choosers_told: std::collections::HashMap<u16, u64>,
    /// The tabs as the agent was last told of them.
    header_told: String,
    /// Highest console entry its agent was told of, by tab; tabs that closed are dropped.
    console_agent: std::collections::HashMap<u16, u64>,
    /// The last snapshot its agent was given, and of which tab: what later ones are compared with.
    snapshot_told: Option<(u16, Arc<str>)>,
    /// Set while actions are to be shown before they are done.
    shown_actions: Option<ShownActions>,
    /// The video that ended with the session, for whoever closed it.
    left_video: Option<VideoFile>,
}

impl Session {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The name its agent gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// May the caller see it? Who came by a link sees the session the link is for, and no other.
    #[must_use]
    pub fn shown_to(&self, caller: &Caller) -> bool {
        caller.only().is_none_or(|only| *only == self.id) && self.owner.shown_to(caller)
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> &Folder {
        &self.files
    }

    /// What is known of it now, as lists show it.
    #[must_use]
    pub fn view(&self) -> SessionView {
        let tabs = self.tab_views();
        let current = tabs.iter().find(|tab| tab.current);
        let state = self.lock();
        SessionView {
            id: self.id.clone(),
            name: self.name.clone(),
            state: self.state_word(&state),
            url: current.map(|tab| tab.url.clone()).unwrap_or_default(),
            title: current.map(|tab| tab.title.clone()).unwrap_or_default(),
            opened_at: self.opened_at,
            used_at: state.used_at,
            tenant: self.owner.tenant().to_string(),
            owner: self.owner.name().to_owned(),
            handoff: state.handoff.as_ref().map(|open| open.view().clone()),
            approvals_pending: self.waiting.load(Ordering::Relaxed),
            viewers: self.viewers.load(Ordering::Relaxed),
            tabs,
        }
    }

    fn state_word(&self, state: &State) -> SessionState {
        if self.closing.is_cancelled() {
            SessionState::Closed
        } else if !self.context.is_alive() {
            SessionState::Crashed
        } else if state.controller.is_some() {
            SessionState::Held
        } else if self.waiting.load(Ordering::Relaxed) > 0 || state.handoff.is_some() {
            SessionState::Waiting
        } else if state.busy {
            SessionState::Busy
        } else {
            SessionState::Idle
        }
    }

    /// What happens in it from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<Told>> {
        self.events.subscribe()
    }

    /// What its pages wanted to reach and were refused, oldest first.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Lease::denials).unwrap_or_default()
    }

    /// Ends it; returns at once. The first reason is the one that is told.
    pub fn close(&self, reason: &str) {
        self.lock().reason.get_or_insert_with(|| reason.to_owned());
        self.closing.cancel();
    }

    /// Does a call run in it?
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.lock().busy
    }

    /// Is it ending or over?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Cancelled when it begins to end.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Returns when nothing of it is left.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Notes how many of its cards wait for a person.
    pub fn approvals_pending(&self, count: u32) {
        if self.waiting.swap(count, Ordering::Relaxed) != count {
            self.tell();
        }
    }

    /// Counts somebody who looks at it until the guard is dropped.
    #[must_use]
    pub fn watched(self: &Arc<Self>) -> Counted {
        Counted::new(Arc::clone(self), |session| &session.viewers)
    }

    /// A number for a viewer, unique within the session.
    #[must_use]
    pub fn viewer_number(&self) -> u64 {
        self.next_viewer.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that it was used now: expiry begins anew.
    pub fn touch(&self) {
        let mut state = self.lock();
        state.used = Instant::now();
        state.used_at = now_ms();
    }

    /// Notes how the tabs were described to the agent; true when that is news.
    pub fn header_told(&self, header: &str) -> bool {
        let mut state = self.lock();
        let news = state.header_told != header;
        if news {
            header.clone_into(&mut state.header_told);
        }
        news
    }

    /// Console entries of a tab its agent was not told of yet; with this it is.
    pub fn console_untold(&self, page: &Page) -> Vec<ConsoleEntry> {
        let told = self.lock().console_agent.get(&page.number()).copied().unwrap_or(0);
        let untold = page.console_since(told);
        if let Some(last) = untold.last() {
            self.lock().console_agent.insert(page.number(), last.number);
        }
        untold
    }

    /// Notes the snapshot of a tab that its agent is given now, and answers the one it was given before of the same tab. One
    /// that is too long to keep is not compared with.
    pub fn snapshot_told(&self, page: u16, yaml: &str) -> Option<Arc<str>> {
        let told = (yaml.len() <= SNAPSHOT_BYTES_MAX).then(|| (page, Arc::from(yaml)));
        let before = std::mem::replace(&mut self.lock().snapshot_told, told);
        before.filter(|(of, _)| *of == page).map(|(_, yaml)| yaml)
    }

    /// What its agent was given last is no longer what the next snapshot is compared with.
    pub fn forget_snapshot(&self) {
        self.lock().snapshot_told = None;
    }

    /// Tells its viewers what it looks like now.
    pub fn tell(&self) {
        self.send(LiveEvent::Session { session: self.view() });
    }

    fn send(&self, event: LiveEvent) {
        // Nobody listening is no fault.
        drop(self.events.send(Told::new(event)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One more of something, while it lives.
pub struct Counted {
    session: Arc<Session>,
    counter: fn(&Session) -> &AtomicU32,
}

impl Counted {
    fn new(session: Arc<Session>, counter: fn(&Session) -> &AtomicU32) -> Self {
        counter(&session).fetch_add(1, Ordering::Relaxed);
        session.tell();
        Self { session, counter }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.session).fetch_sub(1, Ordering::Relaxed);
        self.session.tell();
    }
}

/// Milliseconds since the Unix epoch: for people, never for deadlines.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

//! All sessions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use helmwatch_protocol::{FeedEvent, LiveEvent, SessionId, SessionView};
use metrics::counter;
use tokio::sync::{Notify, OwnedMutexGuard, broadcast, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::calls::Calls;
use super::downloads::Receiving;
use super::life::{BROWSER_DIED, SHUTTING_DOWN, Span, reason_word};
use super::lost::Lost;
use super::sending::SendingJudge;
use super::{BrowserError, EVENTS_MAX, HandoffNews, Owner, Session, SessionError, State, id, now_ms};
use crate::auth::{Caller, KeyId};
use crate::config::SessionConfig;
use crate::files::{Folder, Shelf};
use crate::pool::{Lease, Pool, PoolError};
use crate::telemetry::{Tasks, names};

/// Feed events that may wait for one listener.
const FEED_MAX: usize = 1024;
/// News of questions to people that may wait for one listener.
const HANDOFF_NEWS_MAX: usize = 256;
/// Longest name, characters.
const NAME_CHARS_MAX: usize = 64;

/// When to ask again for a name that is being opened.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a new session is to be.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    /// Its owner's name for it; its id's end when absent.
    pub name: Option<String>,
    /// CSS pixels; the service's default when absent.
    pub viewport: Option<(u32, u32)>,
}

/// By owner and name; swept when there are many that nobody holds.
type NameLocks = HashMap<(KeyId, String), Arc<tokio::sync::Mutex<()>>>;

/// Knows all sessions, and who may see which.
pub struct Registry {
    pool: Arc<Pool>,
    shelf: Arc<Shelf>,
    config: SessionConfig,
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
    /// One lock a name, held while a session of that name is opened, so that two calls at once get the same session.
    opening: Mutex<NameLocks>,
    feed: broadcast::Sender<FeedEvent>,
    handoff_news: broadcast::Sender<HandoffNews>,
    lost: Lost,
    /// Judges what pages send by themselves; without one nothing that a policy could stop leaves them.
    judge: OnceLock<Weak<dyn SendingJudge>>,
    tasks: Tasks,
}

/// A session's place in the registry; dropping it forgets the session.
struct Known<'a> {
    registry: &'a Registry,
    session: &'a Session,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.registry.forget(self.session);
    }
}

/// The folder of a session that is being opened: it goes when that fails, or nobody waits for it any more.
struct Opening<'a> {
    shelf: &'a Shelf,
    /// Taken when the session is there.
    id: Option<SessionId>,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            self.shelf.end(id);
        }
    }
}

impl Registry {
    /// A registry without sessions.
    #[must_use]
    pub fn new(pool: Arc<Pool>, shelf: Arc<Shelf>, config: SessionConfig, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self {
            pool,
            shelf,
            config,
            sessions: Mutex::default(),
            opening: Mutex::default(),
            lost: Lost::default(),
            judge: OnceLock::new(),
            feed: broadcast::Sender::new(FEED_MAX),
            handoff_news: broadcast::Sender::new(HANDOFF_NEWS_MAX),
            tasks,
        })
    }

    /// Names who judges what pages send; once, before the first session.
    pub fn judged_by(&self, judge: Weak<dyn SendingJudge>) {
        if self.judge.set(judge).is_err() {
            tracing::error!("what pages send has one judge only; the first one stays");
        }
    }

    /// Opens a session for `caller`. `tell` hears the place in the queue while there is one.
    ///
    /// # Errors
    /// `NameTaken`, `BadName`; `Pool` when no place could be had.
    pub async fn open(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: NewSession,
        tell: impl FnMut(usize) + Send,
    ) -> Result<Arc<Session>, SessionError> {
        if let Some(name) = &wanted.name {
            let _opening = self.name_turn(caller, name).await?;
            if self.by_name(caller, name).is_some() {
                return Err(SessionError::NameTaken(name.clone()));
            }
            return self.open_unnamed(caller, wanted, tell).await;
        }
        self.open_unnamed(caller, wanted, tell).await
    }

    /// The caller's session of that name, opened now when there is none.
    ///
    /// # Errors
    /// As [`Self::open`]; `Lost`, once, when the one of that name went with its browser and nobody said so yet.
    pub async fn named(
        self: &Arc<Self>,
        caller: &Caller,
        name: &str,
        tell: impl FnMut(usize) + Send,
    ) -> Result<Arc<Session>, SessionError> {
        if let Some(session) = self.by_name(caller, name) {
            return Ok(session);
        }
        if self.is_news(caller, name) {
            return Err(SessionError::Lost(name.to_owned()));
        }
        let _opening = self.name_turn(caller, name).await?;
        match self.by_name(caller, name) {
            Some(session) => Ok(session),
            None => {
                let wanted = NewSession { name: Some(name.to_owned()), viewport: None };
                self.open_unnamed(caller, wanted, tell).await
            }
        }
    }

    async fn open_unnamed(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: NewSession,
        tell: impl FnMut(usize) + Send,
    ) -> Result<Arc<Session>, SessionError> {
        let span = tracing::info_span!("session open", helmwatch.session.id = Empty);
        let opened = self.open_now(caller, wanted, tell).instrument(span.clone()).await;
        if let Ok(session) = &opened {
            span.record("helmwatch.session.id", session.id.as_str());
        }
        opened
    }

    async fn open_now(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: NewSession,
        tell: impl FnMut(usize) + Send,
    ) -> Result<Arc<Session>, SessionError> {
        let tenant = caller.tenant().as_str();
        let mut lease = self.pool.acquire(tenant, tell).await?;
        let id = id::fresh();
        let files = self.shelf.begin(&id)?;
        let mut opening = Opening { shelf: &self.shelf, id: Some(id.clone()) };
        while let Err(error) = furnish(&lease, &files, wanted.viewport).await {
            if lease.context().is_alive() {
                return Err(error.into());
            }
            // Its browser was gone when it was handed over; nothing has run in it.
            lease = self.pool.exchange(lease, tenant).await?;
        }
        lease.assign(id.as_str(), tenant);
        let (jobs, waiting_jobs) = mpsc::channel(self.config.calls_waiting_max);
        let name = wanted.name.unwrap_or_else(|| id.as_str().chars().skip(2).take(6).collect());
        let session = Arc::new(Session {
            name,
            owner: Owner::of(caller),
            opened_at: now_ms(),
            context: Arc::clone(lease.context()),
            files,
            downloads: Mutex::default(),
            state: Mutex::new(State {
                current: lease.page().number(),
                busy: false,
                controller: None,
                turns: 0,
                drive: None,
                drive_told: None,
                handoff: None,
                handoff_ended: None,
                handoffs: 0,
                used: Instant::now(),
                used_at: now_ms(),
                reason: None,
                end_told: false,
                console_told: HashMap::new(),
                dialogs_told: std::collections::HashSet::new(),
                choosers_told: HashMap::new(),
                header_told: String::new(),
                console_agent: HashMap::new(),
                snapshot_told: None,
                shown_actions: None,
                left_video: None,
            }),
            lease: Mutex::new(Some(lease)),
            calls: Mutex::new(Calls::new(self.config.calls_kept_max)),
            video: Mutex::default(),
            trace: Mutex::default(),
            tasks: self.tasks.clone(),
            jobs,
            events: broadcast::Sender::new(EVENTS_MAX),
            waiting: AtomicU32::new(0),
            viewers: AtomicU32::new(0),
            outbox: Mutex::default(),
            outbox_changed: watch::Sender::new(0),
            keeper: OnceLock::new(),
            handoffs: Notify::new(),
            handoff_news: self.handoff_news.clone(),
            driven: watch::Sender::new(false),
            next_viewer: AtomicU64::new(1),
            closing: CancellationToken::new(),
            ended: CancellationToken::new(),
            id,
        });
        session.keep_door(self.judge.get().cloned());
        self.lost.replaced(&session);
        self.lock().insert(session.id.clone(), Arc::clone(&session));
        opening.id = None;
        counter!(names::SESSIONS_OPENED).increment(1);
        drop(self.feed.send(FeedEvent::Session { session: session.view() }));
        self.watch(&session, waiting_jobs);
        Ok(session)
    }

    /// Runs the session's task and passes its changes on to the feed.
    fn watch(self: &Arc<Self>, session: &Arc<Session>, jobs: mpsc::Receiver<super::job::Job>) {
        let span = Span {
            idle: Duration::from_millis(self.config.idle_ms_max),
            life: Duration::from_millis(self.config.life_ms_max),
        };
        let (registry, living) = (Arc::clone(self), Arc::clone(session));
        // Ends itself, so that the lease is closed also when all tasks are told to end.
        self.tasks.spawn_with("session", |ending| async move {
            let ending_session = Arc::clone(&living);
            let told = async move {
                ending.cancelled().await;
                ending_session.close(SHUTTING_DOWN);
                std::future::pending::<()>().await;
            };
            let reading = registry.pass_on(&living);
            // Also when the session panics: nothing of it stays behind.
            let _known = Known { registry: &registry, session: &living };
            tokio::select! {
                () = Arc::clone(&living).live(jobs, span) => {}
                () = told => {}
                () = reading => {}
            }
        });
    }

    /// Tells the feed of every change until the session is over.
    async fn pass_on(&self, session: &Arc<Session>) {
        let mut events = session.events();
        loop {
            match events.recv().await {
                Ok(told) => {
                    if let LiveEvent::Session { session } = told.event() {
                        drop(self.feed.send(FeedEvent::Session { session: session.clone() }));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The session holds its own sender, so this never comes first.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// A call has told a session's agent that its browser is gone.
    pub fn end_told(&self, session: &Session) {
        self.lost.told(session);
    }

    fn forget(&self, session: &Session) {
        let reason = session.lock().reason.clone();
        if reason.as_deref() == Some(BROWSER_DIED) {
            self.lost.note(session);
        }
        self.lock().remove(&session.id);
        self.shelf.end(&session.id);
        let key = (session.owner.key().clone(), session.name.clone());
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if opening.get(&key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            opening.remove(&key);
        }
        drop(opening);
        counter!(names::SESSIONS_CLOSED, "reason" => reason_word(reason.as_deref())).increment(1);
        drop(self.feed.send(FeedEvent::SessionClosed { id: session.id.clone() }));
    }

    /// A session the caller may call tools on: one this very key opened. By its id or by its name.
    ///
    /// # Errors
    /// `Unknown`, also for somebody else's; `Lost` for one that went with its browser.
    pub fn own(&self, caller: &Caller, text: &str) -> Result<Arc<Session>, SessionError> {
        self.standing(caller, text).ok_or_else(|| {
            let text = text.chars().take(NAME_CHARS_MAX).collect::<String>();
            if self.is_lost(caller, &text) { SessionError::Lost(text) } else { SessionError::Unknown(text) }
        })
    }

    /// The same, where it is no fault that there is none.
    #[must_use]
    pub fn standing(&self, caller: &Caller, text: &str) -> Option<Arc<Session>> {
        let by_id = text.parse::<SessionId>().ok().and_then(|id| self.lock().get(&id).cloned());
        by_id.filter(|session| session.owner.is(caller) && !session.is_closed()).or_else(|| self.by_name(caller, text))
    }

    /// Did this session of the caller's go with its browser? Its agent is told so now.
    fn is_lost(&self, caller: &Caller, text: &str) -> bool {
        match self.going(caller, text) {
            Some(session) => {
                self.lost.told(&session);
                true
            }
            None => self.lost.knows(caller.key(), text),
        }
    }

    /// Did a session of that name go with its browser, and has nobody told its agent? It is told now.
    fn is_news(&self, caller: &Caller, name: &str) -> bool {
        match self.going(caller, name) {
            Some(session) => self.lost.told(&session),
            None => self.lost.take(caller.key(), name),
        }
    }

    /// One that ends with its browser now: no longer to be had, not yet among the lost.
    fn going(&self, caller: &Caller, text: &str) -> Option<Arc<Session>> {
        let sessions = self.lock();
        let going = sessions.values().find(|session| {
            session.owner.is(caller)
                && (session.name == text || session.id.as_str() == text)
                && session.lock().reason.as_deref() == Some(BROWSER_DIED)
        });
        going.cloned()
    }

    /// A session the caller may see.
    ///
    /// # Errors
    /// `Unknown`, also for somebody else's.
    pub fn get(&self, caller: &Caller, id: &SessionId) -> Result<Arc<Session>, SessionError> {
        let found = self.lock().get(id).cloned();
        found.filter(|session| session.shown_to(caller)).ok_or_else(|| SessionError::Unknown(id.to_string()))
    }

    /// Notes how many cards of a session wait for a person.
    pub fn approvals_pending(&self, id: &SessionId, count: u32) {
        let session = self.lock().get(id).cloned();
        if let Some(session) = session {
            session.approvals_pending(count);
        }
    }

    /// The open sessions.
    #[must_use]
    pub fn ids(&self) -> Vec<SessionId> {
        self.lock().keys().cloned().collect()
    }

    /// Whose an open session is.
    #[must_use]
    pub fn owner_of(&self, id: &SessionId) -> Option<Owner> {
        self.lock().get(id).map(|session| session.owner.clone())
    }

    /// Sessions the caller may see, oldest first.
    #[must_use]
    pub fn list(&self, caller: &Caller) -> Vec<SessionView> {
        self.views(|session| session.shown_to(caller))
    }

    /// Sessions this very key opened, oldest first.
    #[must_use]
    pub fn list_own(&self, caller: &Caller) -> Vec<SessionView> {
        self.views(|session| session.owner.is(caller))
    }

    fn views(&self, wanted: impl Fn(&Session) -> bool) -> Vec<SessionView> {
        let sessions: Vec<_> = self.lock().values().filter(|session| wanted(session)).cloned().collect();
        let mut views: Vec<_> = sessions.iter().map(|session| session.view()).collect();
        views.sort_by(|a, b| a.opened_at.cmp(&b.opened_at).then_with(|| a.id.cmp(&b.id)));
        views
    }

    /// Ends a session and returns when nothing of it is left.
    ///
    /// # Errors
    /// `Unknown`, also for one the caller may not end.
    pub async fn close(&self, caller: &Caller, id: &SessionId, reason: &str) -> Result<(), SessionError> {
        let session = self.get(caller, id)?;
        if !session.owner.ended_by(caller) {
            return Err(SessionError::Unknown(id.to_string()));
        }
        self.end(&session, reason).await;
        Ok(())
    }

    /// Ends a session that was looked up before, and returns when nothing of it is left: its own task forgets it a moment after
    /// its end, and whoever closed it must not see it in a list before that, nor a folder without files.
    pub async fn end(&self, session: &Session, reason: &str) {
        session.close(reason);
        session.ended().await;
        self.lock().remove(&session.id);
        self.shelf.end(&session.id);
    }

    /// What opens, changes and closes from now on.
    #[must_use]
    pub fn feed(&self) -> broadcast::Receiver<FeedEvent> {
        self.feed.subscribe()
    }

    /// What people are asked in any session, from now on.
    #[must_use]
    pub fn handoff_news(&self) -> broadcast::Receiver<HandoffNews> {
        self.handoff_news.subscribe()
    }

    /// May the caller see what this feed event tells?
    #[must_use]
    pub fn shows(&self, caller: &Caller, id: &SessionId) -> bool {
        self.lock().get(id).is_some_and(|session| session.shown_to(caller))
    }

    /// Returns when no call runs in any session.
    pub async fn quiet(&self) {
        let mut feed = self.feed();
        loop {
            let sessions: Vec<_> = self.lock().values().cloned().collect();
            if !sessions.iter().any(|session| session.is_busy()) {
                return;
            }
            // A call that ends is told on the feed; one event missed is followed by another.
            drop(feed.recv().await);
        }
    }

    /// Ends all sessions and returns when nothing of them is left.
    pub async fn close_all(&self, reason: &str) {
        let sessions: Vec<_> = self.lock().values().cloned().collect();
        for session in &sessions {
            session.close(reason);
        }
        for session in sessions {
            session.ended().await;
        }
    }

    fn by_name(&self, caller: &Caller, name: &str) -> Option<Arc<Session>> {
        self.lock()
            .values()
            .find(|session| session.name == name && session.owner.is(caller) && !session.is_closed())
            .cloned()
    }

    /// The turn to open a session of that name. Whoever is before may wait for a place as long as anybody; nobody waits longer than
    /// that for them, however many ask at once.
    async fn name_turn(&self, caller: &Caller, name: &str) -> Result<OwnedMutexGuard<()>, SessionError> {
        let after = self.pool.wait_max();
        let turn = tokio::time::timeout(after, self.lock_name(caller, name)?.lock_owned()).await;
        turn.map_err(|_| PoolError::WaitedTooLong { after, retry_after: RETRY_AFTER }.into())
    }

    fn lock_name(&self, caller: &Caller, name: &str) -> Result<Arc<tokio::sync::Mutex<()>>, SessionError> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
        let length = name.chars().count();
        if length == 0 || length > NAME_CHARS_MAX || !name.chars().all(plain) {
            return Err(SessionError::BadName);
        }
        let key = (caller.key().clone(), name.to_owned());
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        // Names of sessions that never opened do not pile up.
        if opening.len() > 4096 {
            opening.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Ok(Arc::clone(opening.entry(key).or_default()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes what a lease brings fit for a session. Each of it asks the browser something, so that one that is gone is found out.
async fn furnish(lease: &Lease, files: &Arc<Folder>, viewport: Option<(u32, u32)>) -> Result<(), BrowserError> {
    if let Some((width, height)) = viewport {
        lease.page().resize(width, height).await?;
    }
    if files.takes_downloads() {
        lease.context().allow_downloads(Receiving::into(files)).await
    } else {
        lease.context().ping().await
    }
}

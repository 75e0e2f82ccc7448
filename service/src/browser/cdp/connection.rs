//! One connection to one browser.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::telemetry::Tasks;
use bytes::Bytes;
use chromiumoxide::types::Command;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{Instrument as _, Level, Span};

use super::message::{Event, Incoming, Outgoing, Refusal};
use super::transport::{MessageReader, MessageWriter, Transport};
use crate::browser::BrowserError;

/// Commands waiting to be written. Full means Chromium no longer reads: waiting for room counts against the command's deadline.
const OUTBOX_MAX: usize = 1024;

/// Commands without an answer, over all sessions of a browser. Beyond it commands are refused.
const PENDING_MAX: usize = 16_384;

/// Takes the events of one CDP session, inside the reading task: apply them to state and return, never wait.
pub trait EventSink: Send + Sync + 'static {
    /// One event, in the order Chromium sent it.
    fn event(&self, event: Event<'_>);

    /// The session is over: its target closed or crashed, or the browser is gone.
    fn ended(&self, error: &BrowserError);
}

type Answer = Result<Bytes, BrowserError>;

/// A command without an answer yet.
struct Pending {
    session: Option<Arc<str>>,
    answer: oneshot::Sender<Result<RawAnswer, BrowserError>>,
}

enum RawAnswer {
    /// The `result` object, as JSON.
    Result(Bytes),
    Refused(Refusal),
}

#[derive(Default)]
struct Routes {
    /// Answers by command id; an entry goes with its answer, its deadline, its session or the browser.
    pending: HashMap<u64, Pending>,
    /// Event sinks by CDP session; weak, so that a forgotten page is no leak.
    sinks: HashMap<Arc<str>, Weak<dyn EventSink>>,
    /// The sink of the browser's own session.
    root: Option<Weak<dyn EventSink>>,
    /// Set once when the connection ended.
    gone: Option<Arc<str>>,
}

/// A cheap handle; all clones speak over the same wire.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

struct Shared {
    next_id: AtomicU64,
    outbox: mpsc::Sender<Bytes>,
    routes: Mutex<Routes>,
    gone: watch::Sender<bool>,
    /// Messages that came from the browser.
    heard: AtomicU64,
}

impl Connection {
    /// Starts the reading and the writing task on `tasks`. They end with the wire.
    pub fn start<T: Transport>(transport: T, tasks: &Tasks) -> Self {
        let (mut reader, mut writer) = transport.split();
        let (connection, mut letters) = Self::unwired();

        let mut gone = connection.shared.gone.subscribe();
        let closing = connection.clone();
        tasks.spawn("cdp write", async move {
            let ended = async {
                while let Some(letter) = letters.recv().await {
                    if let Err(error) = writer.send(letter).await {
                        return error.to_string();
                    }
                }
                "closed".to_owned()
            };
            tokio::select! {
                reason = ended => closing.end(&reason),
                _ = gone.wait_for(|gone| *gone) => {}
            }
        });

        let reading = connection.clone();
        let mut gone = connection.shared.gone.subscribe();
        tasks.spawn("cdp read", async move {
            let ended = async {
                loop {
                    match reader.next().await {
                        Ok(Some(message)) => reading.take(&message),
                        Ok(None) => return "its connection closed".to_owned(),
                        Err(error) => return error.to_string(),
                    }
                }
            };
            tokio::select! {
                reason = ended => reading.end(&reason),
                _ = gone.wait_for(|gone| *gone) => {}
            }
        });
        connection
    }

    /// One without a wire: what it has to send, and [`Self::take`] for what comes.
    pub(super) fn unwired() -> (Self, mpsc::Receiver<Bytes>) {
        let (outbox, letters) = mpsc::channel(OUTBOX_MAX);
        let shared = Arc::new(Shared {
            next_id: AtomicU64::new(1),
            outbox,
            routes: Mutex::default(),
            gone: watch::Sender::new(false),
            heard: AtomicU64::new(0),
        });
        (Self { shared }, letters)
    }

    /// Runs one command and waits for its answer, at most `deadline` in all.
    ///
    /// # Errors
    /// `Timeout`, `Refused`, `Unreadable`; `Gone`, `Crashed` or `Closed` as soon as that is known.
    pub async fn execute<C: Command>(
        &self,
        session: Option<&Arc<str>>,
        command: &C,
        deadline: Duration,
    ) -> Result<C::Response, BrowserError> {
        let method = command.identifier();
        let body = self.request(session, &method, command, deadline).await?;
        serde_json::from_slice(&body)
            .map_err(|source| BrowserError::Unreadable { method: method.into_owned(), source: Arc::new(source) })
    }

    /// As [`Self::execute`], for a method named at run time; the answer stays JSON text.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn request<P: Serialize>(
        &self,
        session: Option<&Arc<str>>,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Answer {
        let (id, answer) = self.register(session)?;
        let guard = PendingGuard { connection: self, id };
        let letter = encode(id, method, session.map(AsRef::as_ref), params)?;
        let sent = tokio::time::Instant::now();
        let exchange = async {
            self.shared.outbox.send(letter).await.map_err(|_| self.gone_error())?;
            answer.await.map_err(|_| self.gone_error())?
        };
        let answered = tokio::time::timeout(deadline, exchange).instrument(span_of(method)).await;
        drop(guard);
        tracing::trace!(method, took = ?sent.elapsed(), "cdp command");
        match answered {
            Err(_) => Err(BrowserError::Timeout { what: what_of(method), after: deadline }),
            Ok(Err(error)) => Err(error),
            Ok(Ok(RawAnswer::Result(body))) => Ok(body),
            Ok(Ok(RawAnswer::Refused(refusal))) => {
                let message = match refusal.data {
                    Some(data) => format!("{} ({data})", refusal.message),
                    None => refusal.message,
                };
                Err(BrowserError::Refused { method: method.to_owned(), code: refusal.code, message })
            }
        }
    }

    /// Sends a command nobody waits for (acknowledgements, resuming a target). May be called from an [`EventSink`].
    /// When the outbox is full the browser no longer reads, and the connection is ended.
    pub fn post<C: Command>(&self, session: Option<&Arc<str>>, command: &C) {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let Ok(letter) = encode(id, &command.identifier(), session.map(AsRef::as_ref), command) else { return };
        if matches!(self.shared.outbox.try_send(letter), Err(mpsc::error::TrySendError::Full(_))) {
            self.end("it no longer reads commands");
        }
    }

    /// Sends the events of a CDP session to `sink` from now on.
    pub fn route(&self, session: &Arc<str>, sink: Weak<dyn EventSink>) {
        self.lock().sinks.insert(Arc::clone(session), sink);
    }

    /// Sends the browser's own events to `sink` from now on.
    pub fn route_root(&self, sink: Weak<dyn EventSink>) {
        self.lock().root = Some(sink);
    }

    /// Fails everything that waits on a CDP session: a crashed renderer never answers, only its event says so.
    pub fn fail_session(&self, session: &str, error: &BrowserError) {
        let mut failed = Vec::new();
        {
            let mut routes = self.lock();
            let ids: Vec<u64> = routes
                .pending
                .iter()
                .filter(|(_, pending)| pending.session.as_deref() == Some(session))
                .map(|(id, _)| *id)
                .collect();
            failed.extend(ids.into_iter().filter_map(|id| routes.pending.remove(&id)));
        }
        for pending in failed {
            // The waiter may have left; then there is nobody to tell.
            drop(pending.answer.send(Err(error.clone())));
        }
    }

    /// A CDP session is over: fails its commands, tells its sink, forgets it.
    pub fn end_session(&self, session: &str, error: &BrowserError) {
        self.fail_session(session, error);
        let sink = self.lock().sinks.remove(session).and_then(|sink| sink.upgrade());
        if let Some(sink) = sink {
            sink.ended(error);
        }
    }

    /// Ends the connection; everything that waits fails with `Gone`.
    pub fn end(&self, reason: &str) {
        let (pending, sinks) = {
            let mut routes = self.lock();
            if routes.gone.is_some() {
                return;
            }
            routes.gone = Some(reason.into());
            let mut sinks: Vec<_> = routes.sinks.drain().map(|(_, sink)| sink).collect();
            sinks.extend(routes.root.take());
            (std::mem::take(&mut routes.pending), sinks)
        };
        let error = BrowserError::Gone { reason: reason.into() };
        for waiting in pending.into_values() {
            drop(waiting.answer.send(Err(error.clone())));
        }
        for sink in sinks.iter().filter_map(Weak::upgrade) {
            sink.ended(&error);
        }
        self.shared.gone.send_replace(true);
    }

    /// Messages that came from the browser so far.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Is the connection still there?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        // Not by the watch, which is told last: whoever was answered `Gone` and looks again must find it gone.
        self.lock().gone.is_none()
    }

    /// Returns when the connection ended.
    pub async fn gone(&self) {
        let mut gone = self.shared.gone.subscribe();
        // The sender lives in `self`, so the wait ends by the value alone.
        drop(gone.wait_for(|gone| *gone).await);
    }

    fn register(
        &self,
        session: Option<&Arc<str>>,
    ) -> Result<(u64, oneshot::Receiver<Result<RawAnswer, BrowserError>>), BrowserError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, waiting) = oneshot::channel();
        let mut routes = self.lock();
        if let Some(reason) = &routes.gone {
            return Err(BrowserError::Gone { reason: Arc::clone(reason) });
        }
        if let Some(session) = session
            && !routes.sinks.contains_key(session)
        {
            return Err(BrowserError::Closed);
        }
        if routes.pending.len() >= PENDING_MAX {
            return Err(BrowserError::Stuck);
        }
        routes.pending.insert(id, Pending { session: session.cloned(), answer });
        Ok((id, waiting))
    }

    /// One message from Chromium.
    pub(super) fn take(&self, message: &Bytes) {
        self.shared.heard.fetch_add(1, Ordering::Relaxed);
        let incoming: Incoming<'_> = match serde_json::from_slice(message) {
            Ok(incoming) => incoming,
            Err(error) => {
                tracing::warn!(%error, bytes = message.len(), "cdp message not understood");
                return;
            }
        };
        if let Some(id) = incoming.id {
            let Some(pending) = self.lock().pending.remove(&id) else { return };
            let answer = match (incoming.error, incoming.result) {
                (Some(refusal), _) => RawAnswer::Refused(refusal),
                (None, Some(result)) => RawAnswer::Result(message.slice_ref(result.get().as_bytes())),
                (None, None) => RawAnswer::Result(Bytes::from_static(b"{}")),
            };
            drop(pending.answer.send(Ok(answer)));
        } else if let Some(method) = &incoming.method {
            let sink = {
                let routes = self.lock();
                match &incoming.session {
                    Some(session) => routes.sinks.get(session.as_ref()).cloned(),
                    None => routes.root.clone(),
                }
            };
            if let Some(sink) = sink.and_then(|sink| sink.upgrade()) {
                sink.event(Event::new(method, incoming.params));
            }
        } else {
            tracing::warn!("cdp message without id or method");
        }
    }

    /// What all commands fail with once it has ended.
    #[must_use]
    pub fn gone_error(&self) -> BrowserError {
        let reason = self.lock().gone.clone().unwrap_or_else(|| "its connection closed".into());
        BrowserError::Gone { reason }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Routes> {
        // Nothing under this lock can leave the maps half changed, so a poisoned lock is still good.
        self.shared.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a command whose caller stopped waiting: deadline, cancellation, or done.
struct PendingGuard<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.connection.lock().pending.remove(&self.id);
    }
}

fn encode<P: Serialize>(id: u64, method: &str, session: Option<&str>, params: &P) -> Result<Bytes, BrowserError> {
    serde_json::to_vec(&Outgoing { id, method, session, params })
        .map(Bytes::from)
        .map_err(|source| BrowserError::Unreadable { method: method.to_owned(), source: Arc::new(source) })
}

/// The span of a command, where traces are that fine, and only within a call: what the service asks by itself is no part of a story.
fn span_of(method: &str) -> Span {
    if tracing::span_enabled!(Level::DEBUG) && !Span::current().is_disabled() {
        tracing::debug_span!("cdp", otel.name = method, otel.kind = "client", rpc.method = method)
    } else {
        Span::none()
    }
}

/// The plain words for a command that did not answer.
fn what_of(method: &str) -> &'static str {
    match method {
        "Page.navigate" => "the navigation",
        "Page.captureScreenshot" => "the screenshot",
        "Runtime.evaluate" | "Runtime.callFunctionOn" => "the page's script",
        "Input.dispatchMouseEvent" | "Input.dispatchKeyEvent" | "Input.insertText" => {
            "the page's handling of the input"
        }
        _ => "the browser's answer",
    }
}

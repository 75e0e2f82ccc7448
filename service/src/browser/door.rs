//! The browser's door: what a page is about to send stands still here until somebody says what becomes of it.
//!
//! `Fetch` of the browser target, not of its pages: it hears of tabs, frames, popups and workers of every kind alike, behind the routes
//! that an agent made (what a route answers never leaves and never comes here), and, unlike a page's own `Fetch`, it goes on holding
//! a request whose page or context closes (a page's lets it go). What looks like no sending is let on at once, inside the reading
//! task. The rest is a [`Sending`], and one that nobody lets go is refused.
//!
//! Every request of the kinds that can send pays one round trip for it, so the door is opened to lookers only where a policy could
//! stop something. Once looked at, a browser is to its end: to stop looking would let go what is held.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::browser::GetVersionParams;
use chromiumoxide::cdp::browser_protocol::fetch::{
    ContinueRequestParams, DisableParams, EnableParams, FailRequestParams, RequestId, RequestPattern, RequestStage,
};
use chromiumoxide::cdp::browser_protocol::network::{ErrorReason, ResourceType};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cdp::{Connection, Event};
use super::context::Context;
use super::launch::Source;
use super::page::Page;
use super::{BrowserError, Chromium};

/// Bytes of a body that are looked at; more of it is not read.
const BODY_BYTES_MAX: usize = 256 << 10;
/// Longest method and content type kept, characters.
const WORD_CHARS_MAX: usize = 120;

/// Could a request with this method to this address carry something out? Asked of every request, so it must be quick.
pub type Looks = fn(method: &str, url: &str) -> bool;

/// Whether the browsers of this service are looked at where requests leave, and by which eyes.
pub struct Door {
    looks: Looks,
    watched: watch::Sender<bool>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("watched", &self.is_watched()).finish_non_exhaustive()
    }
}

impl Door {
    /// A door that is not watched yet.
    #[must_use]
    pub fn new(looks: Looks) -> Arc<Self> {
        Arc::new(Self { looks, watched: watch::Sender::new(false) })
    }

    /// From now on it is watched, in browsers that run and in those that come.
    pub fn watch(&self) {
        self.watched.send_replace(true);
    }

    /// Is it watched?
    #[must_use]
    pub fn is_watched(&self) -> bool {
        *self.watched.borrow()
    }

    /// Is a request one that stops at it?
    pub(in crate::browser) fn stops(&self, method: &str, url: &str) -> bool {
        self.is_watched() && (self.looks)(method, url)
    }
}

/// Says what becomes of what the pages of a context send.
pub trait Doorkeeper: Send + Sync + 'static {
    /// A request stands at the door. Called in the reading task: it must not block.
    fn came(&self, sending: Sending);
}

/// How a page sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendingKind {
    /// It brings a document: a form, also one that a script submits.
    Document,
    /// `fetch` and `XMLHttpRequest`.
    Script,
    /// `sendBeacon` and pings of links.
    Beacon,
}

/// One request that stands at the door. Dropped without a word it is refused.
pub struct Sending {
    connection: Connection,
    deadline: Duration,
    id: RequestId,
    answered: bool,
    /// As the page gave it, cut.
    pub method: String,
    pub url: String,
    pub kind: SendingKind,
    /// Empty when there is none.
    pub content_type: String,
    /// What it carries, cut.
    pub body: Bytes,
    /// Does it carry something that cannot be read here, as files do?
    pub opaque: bool,
    /// The tab it is of; `None` for workers that belong to none.
    pub page: Option<Arc<Page>>,
    /// Address of the document it is of; empty where that is not known.
    pub from_url: String,
    frame: String,
    /// Chromium's id of the request, the same for all steps of a redirect.
    pub network_id: Option<String>,
    /// Was it sent here by the answer to an earlier step of it?
    pub redirected: bool,
    /// Did a person drive when it came?
    pub by_person: bool,
    gone: CancellationToken,
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No address, no body: neither is for a log.
        f.debug_struct("Sending").field("method", &self.method).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Sending {
    /// Lets it go.
    ///
    /// # Errors
    /// `Refused` when it is no longer there: its page gave it up. Nothing was sent then.
    pub async fn release(mut self) -> Result<(), BrowserError> {
        self.answered = true;
        let on = ContinueRequestParams::new(self.id.clone());
        self.connection.execute(None, &on, self.deadline).await.map(drop)
    }

    /// Refuses it: to its page it is blocked.
    pub fn refuse(self) {
        drop(self);
    }

    /// Cancelled when its page gave it up.
    #[must_use]
    pub fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// The frame it is of.
    pub(in crate::browser) fn frame(&self) -> &str {
        &self.frame
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.answered {
            let reason = match self.kind {
                // As if stopped by hand: the document that is there stays, where a block would put an error page in its place.
                SendingKind::Document => ErrorReason::Aborted,
                SendingKind::Script | SendingKind::Beacon => ErrorReason::BlockedByClient,
            };
            self.connection.post(None, &FailRequestParams::new(self.id.clone(), reason));
        }
    }
}

/// `Fetch.requestPaused`, as far as it is used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused<'a> {
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    #[serde(borrow)]
    request: PausedRequest<'a>,
    #[serde(borrow, default)]
    frame_id: Cow<'a, str>,
    #[serde(borrow, default)]
    resource_type: Cow<'a, str>,
    network_id: Option<String>,
    redirected_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PausedRequest<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(default)]
    has_post_data: bool,
    #[serde(borrow)]
    post_data_entries: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    bytes: Option<Cow<'a, str>>,
}

/// Only the id, for a request that is otherwise not understood.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PausedId {
    request_id: String,
}

/// A request stands at the door of the browser that has these contexts.
pub(super) fn paused(connection: &Connection, contexts: Vec<Arc<Context>>, event: Event<'_>) {
    let refuse = |id: String| {
        connection.post(None, &FailRequestParams::new(RequestId::from(id), ErrorReason::BlockedByClient));
    };
    let Some(paused) = event.read::<Paused<'_>>() else {
        if let Some(paused) = event.read::<PausedId>() {
            refuse(paused.request_id);
        }
        return;
    };
    let Some(any) = contexts.first() else { return refuse(paused.request_id.into_owned()) };
    if !any.options().door.stops(&paused.request.method, &paused.request.url) {
        connection.post(None, &ContinueRequestParams::new(RequestId::from(paused.request_id.into_owned())));
        return;
    }
    let (body, opaque) = body_of(&paused.request);
    let cut = |text: &str| text.chars().take(WORD_CHARS_MAX).collect::<String>();
    let sending = Sending {
        connection: connection.clone(),
        deadline: any.deadline(),
        id: RequestId::from(paused.request_id.into_owned()),
        answered: false,
        method: cut(&paused.request.method),
        url: paused.request.url.into_owned(),
        kind: match paused.resource_type.as_ref() {
            "Document" => SendingKind::Document,
            "Ping" => SendingKind::Beacon,
            _ => SendingKind::Script,
        },
        content_type: cut(&header(paused.request.headers, "content-type")),
        body,
        opaque,
        page: None,
        from_url: String::new(),
        frame: paused.frame_id.into_owned(),
        network_id: paused.network_id,
        redirected: paused.redirected_request_id.is_some(),
        by_person: false,
        gone: CancellationToken::new(),
    };
    match contexts.iter().find_map(|context| Some((context, context.whose(sending.frame())?))) {
        Some((context, page)) => context.deliver(sending, page),
        None => {
            let tasks = any.tasks().clone();
            tasks.spawn("sender of a request", look_for(contexts, sending));
        }
    }
}

/// A frame that is not known: it may be so new that its own event is still on the way, or one of more than are followed.
async fn look_for(contexts: Vec<Arc<Context>>, sending: Sending) {
    // Behind this answer stand all events that were under way.
    if let Err(error) = sending.connection.execute(None, &GetVersionParams::default(), sending.deadline).await {
        tracing::debug!(%error, "nobody's request was refused");
        return;
    }
    for context in &contexts {
        if let Some(page) = context.whose(sending.frame()) {
            return context.deliver(sending, page);
        }
    }
    for context in &contexts {
        for page in context.pages() {
            if page.shows_frame(sending.frame()).await {
                return context.deliver(sending, Some(page));
            }
        }
    }
    let elsewhere = contexts.first().is_some_and(|one| matches!(one.options().source, Source::Elsewhere(_)));
    if elsewhere {
        // A browser that others use as well: it is theirs.
        if let Err(error) = sending.release().await {
            tracing::debug!(%error, "somebody else's request was gone");
        }
        return;
    }
    tracing::warn!("a request of no tab that is known was refused");
}

fn header(headers: Option<&RawValue>, wanted: &str) -> String {
    let all: serde_json::Map<String, Value> =
        headers.and_then(|headers| serde_json::from_str(headers.get()).ok()).unwrap_or_default();
    let found = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
}

/// What it carries, and whether there is more than can be read.
fn body_of(request: &PausedRequest<'_>) -> (Bytes, bool) {
    let entries: Vec<Entry<'_>> =
        request.post_data_entries.and_then(|entries| serde_json::from_str(entries.get()).ok()).unwrap_or_default();
    let mut body = Vec::new();
    let mut opaque = request.has_post_data && entries.is_empty();
    for entry in &entries {
        let Some(bytes) = &entry.bytes else {
            opaque = true;
            continue;
        };
        // Four characters are three bytes; no more is decoded than is kept.
        let room = BODY_BYTES_MAX.saturating_sub(body.len()).div_ceil(3) * 4;
        let text = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        match base64::engine::general_purpose::STANDARD.decode(text) {
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(_) => opaque = true,
        }
    }
    body.truncate(BODY_BYTES_MAX);
    (body.into(), opaque)
}

/// Requests of these kinds can carry something out at a page's wish; pictures, scripts and styles are only fetched.
fn everything_that_sends() -> EnableParams {
    let kinds = [ResourceType::Document, ResourceType::Xhr, ResourceType::Fetch, ResourceType::Ping];
    let pattern = |kind| {
        RequestPattern::builder().url_pattern("*").resource_type(kind).request_stage(RequestStage::Request).build()
    };
    EnableParams::builder().patterns(kinds.map(pattern)).build()
}

impl Chromium {
    /// Looks at its door from the beginning, if doors are watched; else from when they are.
    ///
    /// # Errors
    /// As the connection.
    pub(super) async fn tend_door(&self) -> Result<(), BrowserError> {
        let door = Arc::clone(&self.options.door);
        let mut watched = door.watched.subscribe();
        let deadline = self.options.command_deadline;
        if *watched.borrow_and_update() {
            return self.connection.execute(None, &everything_that_sends(), deadline).await.map(drop);
        }
        let (connection, root) = (self.connection.clone(), self.root());
        self.tasks.spawn("door", async move {
            tokio::select! {
                () = connection.gone() => return,
                changed = watched.wait_for(|watched| *watched) => if changed.is_err() { return },
            }
            if let Err(error) = connection.execute(None, &everything_that_sends(), deadline).await {
                tracing::error!(%error, "what the pages of a browser send cannot be stopped");
                return;
            }
            let contexts = root.upgrade().map(|root| root.contexts()).unwrap_or_default();
            for page in contexts.iter().flat_map(|context| context.pages()) {
                if let Err(error) = page.lead_past_the_door().await {
                    tracing::warn!(%error, "what a tab sends is stopped from its next document on");
                }
            }
            tracing::info!("what pages send is looked at from now on");
        });
        Ok(())
    }
}

impl Page {
    /// A document that was there before the door was watched has its ways out already; they are made anew when its own `Fetch` changes.
    async fn lead_past_the_door(&self) -> Result<(), BrowserError> {
        for session in self.document_sessions() {
            let nothing = RequestPattern::builder().url_pattern("helmwatch-nothing:*").build();
            session.execute(EnableParams::builder().pattern(nothing).build()).await?;
            session.execute(DisableParams::default()).await?;
        }
        // The routes that this took away.
        self.dress(&Arc::default()).await
    }
}

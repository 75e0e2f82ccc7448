//! Requests that Chromium stopped because a route may fit: each is answered, sent on or failed, none is left waiting.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use chromiumoxide::Binary;
use chromiumoxide::cdp::browser_protocol::fetch::{
    ContinueRequestParams, FailRequestParams, FulfillRequestParams, HeaderEntry, RequestId,
};
use chromiumoxide::cdp::browser_protocol::network::ErrorReason;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::emulation::Emulation;
use super::route::{Route, RouteDoing};
use crate::browser::cdp::{CdpSession, Event};
use crate::telemetry::Tasks;

/// `Fetch.requestPaused`, as far as it is used here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused<'a> {
    request_id: String,
    #[serde(borrow)]
    request: PausedRequest<'a>,
}

#[derive(Deserialize)]
struct PausedRequest<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(default)]
    headers: Map<String, Value>,
}

/// Only the id, for a request that is otherwise not understood.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PausedId {
    request_id: String,
}

/// Routed requests of one tab, or of the workers of none, that may wait to be dealt with; one more fails at once.
const WAITING_MAX: usize = 1024;
/// How many of them are dealt with at a time: each may carry a large body.
const SENDING_MAX: usize = 4;

/// The routed requests of a tab, or of the workers of none.
pub(in crate::browser) struct Routing {
    waiting: Arc<Semaphore>,
    sending: Semaphore,
}

impl Default for Routing {
    fn default() -> Self {
        Self { waiting: Arc::new(Semaphore::new(WAITING_MAX)), sending: Semaphore::new(SENDING_MAX) }
    }
}

/// What is sent for a request.
enum Sent {
    Answer(Box<FulfillRequestParams>),
    On(Box<ContinueRequestParams>),
}

impl Routing {
    /// Chromium stopped a request of the target of `session`.
    pub fn paused(
        self: &Arc<Self>,
        emulation: Option<&Emulation>,
        session: &CdpSession,
        tasks: &Tasks,
        event: Event<'_>,
    ) {
        let Some(paused) = event.read::<Paused<'_>>() else {
            if let Some(paused) = event.read::<PausedId>() {
                session.post(&FailRequestParams::new(RequestId::from(paused.request_id), ErrorReason::Failed));
            }
            return;
        };
        let id = RequestId::from(paused.request_id);
        let route = emulation.and_then(|emulation| emulation.routes.find(&paused.request.url));
        let Some(route) = route.cloned() else {
            session.post(&ContinueRequestParams::new(id));
            return;
        };
        let Ok(turn) = Arc::clone(&self.waiting).try_acquire_owned() else {
            session.post(&FailRequestParams::new(id, ErrorReason::Failed));
            return;
        };
        let asks_first = paused.request.method == "OPTIONS";
        let headers = paused.request.headers;
        let (routing, session) = (Arc::clone(self), session.clone());
        tasks.spawn("route", async move {
            let _turn = turn;
            // Never closed.
            let _sending = routing.sending.acquire().await;
            let done = match sent(&route, &id, &headers, asks_first) {
                Sent::Answer(answer) => session.execute(*answer).await.map(drop),
                Sent::On(on) => session.execute(*on).await.map(drop),
            };
            if let Err(error) = done {
                // It may have gone with its page; what Chromium did not take is failed.
                tracing::debug!(%error, "a routed request was not taken");
                session.post(&FailRequestParams::new(id, ErrorReason::Failed));
            }
        });
    }
}

fn sent(route: &Route, id: &RequestId, asked: &Map<String, Value>, asks_first: bool) -> Sent {
    match &route.doing {
        RouteDoing::SendOn { add, remove } => {
            let changed = |name: &str| {
                let same = |other: &str| other.eq_ignore_ascii_case(name);
                remove.iter().any(|other| same(other)) || add.iter().any(|(other, _)| same(other))
            };
            let kept = asked.iter().filter(|(name, _)| !changed(name));
            let kept = kept.map(|(name, value)| HeaderEntry::new(name.as_str(), value.as_str().unwrap_or_default()));
            let gone = |name: &str| remove.iter().any(|other| other.eq_ignore_ascii_case(name));
            let added = add.iter().filter(|(name, _)| !gone(name)).map(|(name, value)| HeaderEntry::new(name, value));
            let mut on = ContinueRequestParams::new(id.clone());
            on.headers = Some(kept.chain(added).collect());
            Sent::On(Box::new(on))
        }
        RouteDoing::Answer { status, body, content_type, headers } => {
            let header = |wanted: &str| {
                let found = asked.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.and_then(|(_, value)| value.as_str())
            };
            let mut entries: Vec<HeaderEntry> =
                headers.iter().map(|(name, value)| HeaderEntry::new(name, value)).collect();
            let has =
                |entries: &[HeaderEntry], name: &str| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
            if let Some(kind) = content_type {
                entries.retain(|entry| !entry.name.eq_ignore_ascii_case("content-type"));
                entries.push(HeaderEntry::new("content-type", kind));
            }
            // Who answers in a server's place must also say that the asking page may read it.
            if let Some(origin) = header("origin")
                && !has(&entries, "access-control-allow-origin")
            {
                entries.push(HeaderEntry::new("access-control-allow-origin", origin));
                entries.push(HeaderEntry::new("access-control-allow-credentials", "true"));
                entries.push(HeaderEntry::new("vary", "Origin"));
            }
            let asks_first = asks_first && header("access-control-request-method").is_some();
            let mut answer = FulfillRequestParams::new(id.clone(), i64::from(*status));
            if asks_first {
                answer.response_code = 204;
                for (asked, allowed) in [
                    ("access-control-request-method", "access-control-allow-methods"),
                    ("access-control-request-headers", "access-control-allow-headers"),
                ] {
                    if let Some(value) = header(asked).filter(|_| !has(&entries, allowed)) {
                        entries.push(HeaderEntry::new(allowed, value));
                    }
                }
            } else {
                answer.body = Some(Binary::from(base64::engine::general_purpose::STANDARD.encode(body)));
            }
            answer.response_headers = Some(entries);
            Sent::Answer(Box::new(answer))
        }
    }
}

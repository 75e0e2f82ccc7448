//! The fixture site: small pages that do one thing each, and a record of every request they got.
//!
//! Tests assert what the *site* saw. Every record is kept until the site is dropped, up to [`SEEN_MAX`].

mod hostile;
mod network;
mod pages;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Fault, Outcome};

/// Requests remembered at most; a load test's site forgets the oldest.
const SEEN_MAX: usize = 20_000;

/// Largest request body read, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// One request, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Upper case, as in `POST`.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query without `?`, empty when there is none.
    pub query: String,
    /// The `Host` header.
    pub host: String,
    /// Body as text.
    pub body: String,
}

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<VecDeque<Seen>>>,
    arrived: Arc<Notify>,
    told: Arc<Notify>,
    port: u16,
}

/// A running fixture site.
pub struct Site {
    shared: Shared,
    stop: CancellationToken,
    /// The server; ends with this.
    _server: JoinSet<()>,
}

impl Site {
    /// Starts on a free loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Outcome<Self> {
        Self::start_on(0).await
    }

    /// Starts on this loopback port; 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_on(port: u16) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
            Fault::new(
                format!("the fixture site cannot listen on 127.0.0.1:{port}: {error}"),
                "choose another port, or 0",
            )
        })?;
        let port = listener.local_addr().map_err(|error| Fault::of("no local address", error))?.port();
        let shared = Shared { seen: Arc::default(), arrived: Arc::default(), told: Arc::default(), port };
        let app = Router::new()
            .merge(pages::router())
            .merge(network::router())
            .layer(middleware::from_fn_with_state(shared.clone(), record))
            .with_state(shared.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned()).await;
            if let Err(error) = served {
                eprintln!("fixture site: {error}");
            }
        });
        Ok(Self { shared, stop, _server: server })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// `HOST:PORT`, for `--egress-allow`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// The same site by its other name: to a browser another *site*, so that its frames are cross-process.
    #[must_use]
    pub fn other_address(&self) -> String {
        format!("localhost:{}", self.port())
    }

    /// Address of a page, as in `url("/shop")`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Every remembered request to this path, oldest first.
    #[must_use]
    pub fn seen(&self, method: &str, path: &str) -> Vec<Seen> {
        let seen = self.shared.seen.lock().expect("no holder of this lock panics");
        seen.iter().filter(|one| one.method == method && one.path == path).cloned().collect()
    }

    /// How many requests to this path it saw.
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.seen(method, path).len()
    }

    /// Lets the page that asked `/until-told` (or the next that asks) have its answer.
    pub fn tell_the_page(&self) {
        self.shared.told.notify_one();
    }

    /// How many requests it saw in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.shared.seen.lock().expect("no holder of this lock panics").len()
    }

    /// Waits until it saw a request to this path.
    ///
    /// # Errors
    /// When none came within `limit`.
    pub async fn wait_for(&self, method: &str, path: &str, limit: Duration) -> Outcome<Seen> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                if let Some(seen) = self.seen(method, path).into_iter().next() {
                    return seen;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(limit, waiting).await.map_err(|_| {
            Fault::new(format!("the site saw no {method} {path}"), "was the page opened and the control pressed?")
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Writes a request down before its page answers.
async fn record(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        host: parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    {
        let mut all = shared.seen.lock().expect("no holder of this lock panics");
        if all.len() == SEEN_MAX {
            all.pop_front();
        }
        all.push_back(seen);
    }
    shared.arrived.notify_waiters();
    next.run(Request::from_parts(parts, Body::from(body))).await
}

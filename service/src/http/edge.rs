//! Everything the routes stand on, and the list of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use futures_util::future::BoxFuture;
use helmwatch_protocol::SessionId;
use metrics::{counter, histogram};
use tokio::time::Instant;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tracing::Instrument as _;

use super::refusal::Refusal;
use super::routes::{
    approvals, files as session_files, grants, health, links, live, login, openapi, pool, requests, sessions,
};
use super::{door, files, server, span};
use crate::approval::Desk;
use crate::audit::{Kind, Line, Log};
use crate::auth::{Authenticator, Caller, Links, WallClock};
use crate::config::{HttpConfig, LiveConfig, ShareConfig};
use crate::files::Shelf;
use crate::live::Hub;
use crate::pool::Pool;
use crate::session::Registry;
use crate::telemetry::{Metrics, Tasks, TraceParent, names};

/// Where agents speak.
const MCP: &str = "/mcp";

/// Goes to an address in a session, the way an agent's own call does: past the policy, and audited.
pub trait Visit: Send + Sync + 'static {
    /// # Errors
    /// One line: why the page was not opened.
    fn visit<'a>(
        &'a self,
        caller: &'a Caller,
        session: &'a SessionId,
        url: &'a str,
    ) -> BoxFuture<'a, Result<(), String>>;
}

/// Says why the service takes no work, one line each; empty when it does.
pub type Readiness = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What the routes stand on. Built by the app.
pub struct Edge {
    pub auth: Authenticator,
    pub links: Links,
    pub sessions: Arc<Registry>,
    pub shelf: Arc<Shelf>,
    pub desk: Desk,
    pub pool: Arc<Pool>,
    pub hub: Arc<Hub>,
    pub metrics: Metrics,
    pub readiness: Readiness,
    pub visit: Arc<dyn Visit>,
    /// Our origin, as people type it, without a slash at its end (`Config::public_url`).
    pub public_url: String,
    /// Logins, and what people answer, are written down.
    pub audit: Log,
    pub http: HttpConfig,
    pub live: LiveConfig,
    pub share: ShareConfig,
    /// Own the tasks of sockets, best apart from everybody else's ([`Tasks::aside`]).
    pub tasks: Tasks,
}

impl Edge {
    /// Writes down what a person did.
    pub(super) fn note(&self, who: &Caller, kind: Kind, session: Option<&SessionId>, text: String) {
        let line = Line::new(WallClock::system().now_ms(), kind, who.tenant().clone(), who.key().as_str(), text);
        self.audit.note(Line { session: session.cloned(), ..line });
    }
}

/// All routes. `agents` is the MCP service, mounted at `/mcp` for callers with a key.
pub fn router<S>(edge: Edge, agents: S) -> Router
where
    S: tower::Service<Request, Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    let edge = Arc::new(edge);
    let body_idle = RequestBodyTimeoutLayer::new(Duration::from_millis(edge.http.body_idle_ms_max));
    let keyed = Router::new()
        .route("/v1/login", get(login::who))
        .route("/v1/sessions", get(sessions::list).post(sessions::open))
        .route("/v1/sessions/{id}", delete(sessions::close))
        .route("/v1/sessions/{id}/links", get(links::list).post(links::make))
        .route("/v1/links/{id}", delete(links::revoke))
        .route(
            "/v1/sessions/{id}/files",
            get(session_files::list).post(session_files::upload).layer(DefaultBodyLimit::disable()),
        )
        .route("/v1/sessions/{id}/given", post(session_files::give).layer(DefaultBodyLimit::disable()))
        .route("/v1/sessions/{id}/requests", get(requests::list))
        .route("/v1/feed", get(live::feed))
        .route("/v1/approvals", get(approvals::list))
        .route("/v1/approvals/{id}", get(approvals::get).post(approvals::decide))
        .route("/v1/approvals/{id}/picture", get(approvals::picture))
        .route("/v1/grants", get(grants::list))
        .route("/v1/grants/{id}", delete(grants::revoke))
        .route("/v1/pool", get(pool::get).patch(pool::change))
        .route("/metrics", get(health::metrics))
        .route_service(MCP, agents)
        .route_layer(middleware::from_fn_with_state(Arc::clone(&edge), door::keys));
    // All that who came by a link can reach. What is not here does not know links.
    let shared = Router::new()
        .route("/v1/sessions/{id}", get(sessions::get))
        .route("/v1/sessions/{id}/handoff", post(sessions::hand_back))
        .route("/v1/sessions/{id}/live", get(live::session))
        .route("/v1/guest", get(links::guest))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&edge), door::keys_and_links));
    let open = Router::new()
        .route("/v1/login", post(login::log_in))
        .route("/v1/logout", post(login::log_out))
        // Opened by a sealed link as well as by a key.
        .route("/v1/sessions/{id}/files/{name}", get(session_files::get))
        .route("/healthz", get(health::healthy))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::document));
    keyed
        .merge(shared)
        .merge(open)
        .fallback(files::file)
        .method_not_allowed_fallback(|| async { Refusal::method() })
        .layer(DefaultBodyLimit::max(edge.http.body_bytes_max))
        .layer(middleware::from_fn_with_state(Arc::clone(&edge), door::own_pages))
        .layer(middleware::from_fn_with_state(Arc::clone(&edge), files::headers))
        .layer(middleware::from_fn(measured))
        .layer(body_idle)
        .with_state(edge)
}

/// Adds the conformance suite's fixtures, which ask for no key: for callers on this machine that name it by a loopback name.
#[cfg(feature = "conformance")]
pub fn with_conformance<S>(router: Router, fixtures: S) -> Router
where
    S: tower::Service<Request, Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    let local = Router::new().route_service("/__conformance/mcp", fixtures).route_layer(middleware::from_fn(
        |request: Request, next: Next| async move {
            let near = request.extensions().get::<server::Peer>().is_some_and(|peer| peer.0.ip().is_loopback());
            if near { next.run(request).await } else { Refusal::no_route().into_response() }
        },
    ));
    router.merge(local)
}

/// Counts and times each request by its route, never by its address: ids would make the numbers endless.
async fn measured(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = span::method_word(request.method());
    let peer = request.extensions().get::<server::Peer>().map(|peer| peer.0);
    let span = span::of_request(method, matched.as_deref(), request.headers());
    if let Some(here) = TraceParent::of(&span) {
        request.extensions_mut().insert(here);
    }
    let response = if matched.as_deref() == Some(MCP) {
        // What serves a session of the older eras is begun in here and would hold the span as long as it lives; calls find it
        // in the request.
        next.run(request).await
    } else {
        next.run(request).instrument(span.clone()).await
    };
    let status = response.status();
    span::answered(&span, status);
    let route = matched.unwrap_or_else(|| "file".to_owned());
    counter!(names::HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status.as_u16().to_string())
        .increment(1);
    histogram!(names::HTTP_SECONDS, "route" => route.clone()).record(began.elapsed().as_secs_f64());
    span.in_scope(|| tracing::debug!(?peer, method, route, status = status.as_u16(), "request"));
    response
}

//! The tower service in front of the protocol: who asks, and may they?

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::McpConfig;
use super::asking::Asking;
use super::refusal::{self, Answer};
use super::sessions::BoundSessions;
use crate::auth::{Caller, KeyId, Scope};

/// The header that names a session of the older eras.
pub(super) const SESSION_HEADER: &str = "mcp-session-id";

/// Streamable HTTP for one kind of handler. Cheap to clone; all clones share sessions and limits.
pub struct McpService<H> {
    inner: StreamableHttpService<H, BoundSessions>,
    sessions: Arc<BoundSessions>,
    door: Door,
}

/// Who is let in.
#[derive(Debug, Clone, Copy)]
enum Door {
    /// Callers with the `agent` scope.
    Agents,
    /// Anybody; the fixtures touch nothing of the service.
    #[cfg(feature = "conformance")]
    Fixtures,
}

impl<H: ServerHandler> McpService<H> {
    /// A service that makes one handler for each request (2026-07-28) or session (before) with `handler`.
    pub(super) fn new(
        handler: impl Fn() -> H + Send + Sync + 'static,
        config: &McpConfig,
        cancel: &CancellationToken,
    ) -> Self {
        let sessions = Arc::new(BoundSessions::new(config));
        let transport = StreamableHttpServerConfig::default()
            .with_allowed_hosts(&config.hosts)
            .with_allowed_origins(&config.origins)
            .enforce_origin_validation()
            .with_sse_keep_alive(Some(config.keep_alive))
            .with_max_request_body_bytes(config.body_bytes_max)
            .with_cancellation_token(cancel.child_token());
        let inner = StreamableHttpService::new(move || Ok(handler()), Arc::clone(&sessions), transport);
        Self { inner, sessions, door: Door::Agents }
    }

    /// The same without asking for a key.
    #[cfg(feature = "conformance")]
    pub(super) fn without_keys(mut self) -> Self {
        self.door = Door::Fixtures;
        self
    }

    #[cfg(test)]
    pub(super) fn sessions_open(&self) -> usize {
        self.sessions.open()
    }

    /// Serves one request. Never fails; every refusal is an answer.
    pub async fn handle<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Display,
    {
        let owner = match self.let_in(&request) {
            Ok(owner) => owner,
            Err(refused) => return *refused,
        };
        let ends = request.method() == Method::DELETE;
        // `rmcp` closes whatever id a DELETE names.
        if ends
            && let Some(id) = request.headers().get(SESSION_HEADER)
            && !id.to_str().is_ok_and(|id| self.sessions.owns(&owner, id))
        {
            return refusal::no_session();
        }
        let json =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let asking = Asking::new(owner);
        let mut answer = Arc::clone(&asking).around(self.inner.handle(request)).await;
        // The session has ended by now; the official Python client takes "accepted" for a failure to end it.
        if ends && answer.status() == StatusCode::ACCEPTED {
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        if json && answer.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            let Ok(reason) = answer.into_body().collect().await;
            return refusal::unreadable(&String::from_utf8_lossy(&reason.to_bytes()));
        }
        let Some(full) = asking.full.get() else { return answer };
        tracing::warn!(key = %asking.owner, ?full, "no room for another mcp session");
        refusal::full(*full)
    }

    fn let_in<B>(&self, request: &Request<B>) -> Result<KeyId, Box<Answer>> {
        match self.door {
            Door::Agents => {
                let caller = request.extensions().get::<Caller>().ok_or_else(|| Box::new(refusal::nobody()))?;
                if !caller.may(Scope::Agent) {
                    return Err(Box::new(refusal::no_agent()));
                }
                Ok(caller.key().clone())
            }
            #[cfg(feature = "conformance")]
            Door::Fixtures => Ok(KeyId::new("conformance")),
        }
    }
}

impl<H> Clone for McpService<H> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), sessions: Arc::clone(&self.sessions), door: self.door }
    }
}

impl<H, B> tower::Service<Request<B>> for McpService<H>
where
    H: ServerHandler,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Display,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        async move { Ok(service.handle(request).await) }.boxed()
    }
}

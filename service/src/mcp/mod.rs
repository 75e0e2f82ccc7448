//! The agents' edge: MCP over Streamable HTTP and over stdio, in both eras of the protocol.
//!
//! The path of a request: [`McpService`] asks who it is (the HTTP edge has put a [`Caller`](crate::auth::Caller) on it),
//! `rmcp` speaks the protocol, [`handler`] turns a method into one question to the [`Gate`](crate::tools::Gate) and the answer
//! back into MCP. Both eras share all of it; what differs is who remembers: the client (2026-07-28, stateless) or
//! [`sessions`] (2025-03-26 to 2025-11-25, `Mcp-Session-Id`).
//!
//! This room must never: serve a request without a caller, let a list depend on the connection or on an earlier call, keep
//! a legacy session that is not bound to the key that opened it, or decide anything about a tool. `rmcp` is named here only.

mod asking;
mod backend;
mod call;
mod catalog;
mod config;
mod elicit;
mod handler;
mod instructions;
mod refusal;
mod service;
mod sessions;
mod span;
mod stdio;
mod terms;

#[cfg(feature = "conformance")]
mod conformance;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use config::McpConfig;
#[cfg(feature = "conformance")]
pub use conformance::{ConformanceService, conformance_service};
pub use service::McpService;
pub use stdio::{StdioError, serve_stdio};

use crate::tools::Gate;
use handler::Handler;

/// What `tracing` should be told of the protocol library beneath this room. It logs whole messages (arguments, so typed
/// passwords) at `debug`, and every client that hangs up at `error`, where nobody must act: off, unless someone debugs it.
pub const LOG_DIRECTIVE: &str = "rmcp=off";

/// The service of the route `/mcp`.
pub type AgentService = McpService<Handler>;

/// Makes the tower service for `/mcp`: `POST`, `GET` and `DELETE` of Streamable HTTP, both eras.
///
/// The HTTP edge authenticates first and puts an [`auth::Caller`](crate::auth::Caller) in the request's extensions; a request
/// without one is answered 401, one whose key lacks the `agent` scope 403. `?caps=` and `?session=` are read from the URL.
/// Cancelling `cancel` ends every open stream, every legacy session and tells every running call that its client has gone.
#[must_use]
pub fn service(gate: Arc<Gate>, config: &McpConfig, cancel: &CancellationToken) -> AgentService {
    let handler = Handler::over_http(gate, config);
    McpService::new(move || handler.clone(), config, cancel)
}

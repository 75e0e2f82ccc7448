//! MCP over standard input and output, for one local agent (`helmwatch mcp`). Both eras, as over HTTP.
//!
//! Standard output belongs to the protocol: whoever calls this must log to standard error.

use std::sync::Arc;

use rmcp::service::{QuitReason, ServerInitializeError, serve_server_with_ct};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::McpConfig;
use super::backend::Backend;
use super::handler::Handler;
use crate::auth::Caller;
use crate::tools::Gate;

/// Why serving ended other than by the client's leaving or a shutdown.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// What came first was not MCP.
    #[error(
        "The client did not open an MCP conversation.\n\
         Start `helmwatch mcp` from an MCP client's configuration, not by hand in a terminal."
    )]
    Opening(#[source] Box<ServerInitializeError>),
    /// The task that serves the conversation broke.
    #[error("The MCP conversation broke off: {0}\nStart it again; if it repeats, please report it with the log.")]
    Broken(String),
}

/// Serves one agent on this process's standard input and output until it leaves or `cancel` is cancelled.
///
/// Every call is made as `caller`, with the toolsets of [`McpConfig::capabilities`] and the key's default session.
///
/// # Errors
/// When the other side does not speak MCP, or the serving task breaks.
pub async fn serve_stdio(
    gate: Arc<Gate>,
    caller: Caller,
    config: &McpConfig,
    cancel: &CancellationToken,
) -> Result<(), StdioError> {
    // Where they are pipes, as MCP clients start programs, these can be cancelled; a blocking read of standard input would
    // hold the runtime at shutdown until the next line.
    let (input, output) = stdio_pipes();
    serve(gate, caller, config, cancel, input, output).await
}

pub(super) async fn serve(
    backend: Arc<dyn Backend>,
    caller: Caller,
    config: &McpConfig,
    cancel: &CancellationToken,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), StdioError> {
    let handler = Handler::for_one(backend, caller, config);
    let transport = AsyncRwTransport::new(input, output).with_max_line_length(config.body_bytes_max);
    let running = match serve_server_with_ct(handler, transport, cancel.child_token()).await {
        Ok(running) => running,
        Err(ServerInitializeError::Cancelled | ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(StdioError::Opening(Box::new(error))),
    };
    match running.waiting().await {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(StdioError::Broken(error.to_string())),
        Ok(_) => Ok(()),
    }
}

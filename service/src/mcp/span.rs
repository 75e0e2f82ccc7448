//! A tool call as traces show it: which tool, in which session, how it ended. Never its arguments, nor what it answered.

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::{CallToolRequestMethod, ConstString, RequestId, Tool};
use rmcp::service::RequestContext;
use tracing::Span;
use tracing::field::Empty;

use crate::telemetry::TraceParent;

/// The span of a call, by OpenTelemetry's semantic conventions for MCP servers. It stands under what the client names in `_meta`
/// (SEP-414), else under the HTTP request that brought it.
pub(super) fn of_call(tool: &Tool, context: &RequestContext<RoleServer>) -> Span {
    let parts = context.extensions.get::<Parts>();
    let span = tracing::info_span!(
        "tool call",
        otel.name = format!("{} {}", CallToolRequestMethod::VALUE, tool.name),
        otel.kind = "server",
        otel.status_code = Empty,
        mcp.method.name = CallToolRequestMethod::VALUE,
        mcp.protocol.version = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = %tool.name,
        jsonrpc.request.id = Empty,
        network.transport = if parts.is_some() { "tcp" } else { "pipe" },
        helmwatch.session.id = Empty,
        helmwatch.call.outcome = Empty,
        "error.type" = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let request = parts.and_then(|parts| parts.extensions.get::<TraceParent>());
    match (context.meta.get_traceparent().and_then(TraceParent::read), request) {
        (Some(sent), request) => {
            sent.adopt(&span);
            if let Some(request) = request {
                request.link(&span);
            }
        }
        (None, Some(request)) => request.adopt(&span),
        (None, None) => {}
    }
    if let Some(version) = context.protocol_version() {
        span.record("mcp.protocol.version", tracing::field::display(version));
    }
    // An id that is a text may be any text.
    if let RequestId::Number(id) = context.id {
        span.record("jsonrpc.request.id", id.to_string());
    }
    span
}

/// How it ended.
pub(super) fn answered(span: &Span, is_error: bool) {
    if is_error {
        span.record("error.type", "tool_error");
        span.record("otel.status_code", "ERROR");
    }
}

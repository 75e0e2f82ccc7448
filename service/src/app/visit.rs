//! A session's first page, opened over HTTP: the same gate as an agent's own call.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use helmwatch_protocol::SessionId;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::http::Visit;
use crate::tools::{CallContext, Capabilities, Gate, SessionChoice, Wishes};

/// Goes there by `browser_navigate`.
pub(super) struct GateVisit(pub Arc<Gate>);

impl Visit for GateVisit {
    fn visit<'a>(
        &'a self,
        caller: &'a Caller,
        session: &'a SessionId,
        url: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let context = CallContext {
                caller: caller.clone(),
                session: SessionChoice { argument: Some(session.to_string()), ..SessionChoice::default() },
                capabilities: Capabilities::default(),
                wishes: Wishes::default(),
                progress: None,
                client: None,
                span: tracing::Span::none(),
                cancelled: CancellationToken::new(),
            };
            let arguments = Map::from_iter([
                ("url".to_owned(), Value::String(url.to_owned())),
                ("snapshot".to_owned(), Value::String("none".to_owned())),
            ]);
            let reply = self.0.call(context, "browser_navigate", arguments).await;
            if !reply.is_error {
                return Ok(());
            }
            let text = reply.text.trim_start_matches("### Error\n").trim_start_matches("Error: ");
            Err(text.lines().next().unwrap_or("The page could not be opened.").to_owned())
        })
    }
}

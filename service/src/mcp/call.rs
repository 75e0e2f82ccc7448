//! One `tools/call`, from the gate's point of view: a caller, a session, progress out, cancellation in.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolResponse, CallToolResult, ContentBlock, JsonObject, ProgressNotificationParam, ProgressToken, Resource,
    Tool,
};
use rmcp::service::{Peer, RequestContext};
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::backend::Backend;
use super::elicit::{self, Asking, States};
use super::span;
use super::terms::Terms;
use crate::tools::{CallContext, Progress, Reply};

/// Words of progress on their way to a slow client; the gate drops what does not fit.
const PROGRESS_WAITING_MAX: usize = 16;

/// How long an answer waits for the last words of progress to go out before it. Far more than it takes, unless the client
/// has stopped reading.
const REST_MAX: Duration = Duration::from_secs(1);

/// Runs the call to its end, also when the client has left: an action is sent whole or not at all, and only the gate knows.
///
/// A reply that asks the client's own user becomes [`CallToolResponse::InputRequired`]; `asking` says how that came about.
pub(super) async fn run(
    backend: &dyn Backend,
    tool: &Tool,
    arguments: JsonObject,
    terms: Terms,
    states: &States,
    mut asking: Asking,
    context: RequestContext<RoleServer>,
) -> CallToolResponse {
    let token = context.meta.get_progress_token();
    let span = span::of_call(tool, &context);
    let (sender, words) = mpsc::channel(PROGRESS_WAITING_MAX);
    let call = CallContext {
        caller: terms.caller,
        session: terms.session,
        capabilities: terms.capabilities,
        wishes: terms.wishes,
        progress: token.is_some().then_some(sender),
        client: asking.way.take(),
        span: span.clone(),
        // Cancelled by `rmcp` when the client cancels, hangs up (2026-07-28) or the service stops.
        cancelled: context.ct.clone(),
    };
    let mut reply = AssertUnwindSafe(backend.call(call, &tool.name, arguments)).catch_unwind().instrument(span.clone());
    let offers = asking.offers.take();
    let mut telling = pin!(async {
        let told = async {
            if let Some(token) = token {
                tell(&context.peer, token, tool, words).await;
            }
        };
        let asked = async {
            if let Some(offers) = offers {
                elicit::ask(&context.peer, offers).await;
            }
        };
        tokio::join!(told, asked);
    });
    let mut told = false;
    // Both are polled, so a client that does not read holds up its own progress, never the call.
    let reply = loop {
        tokio::select! {
            biased;
            () = &mut telling, if !told => told = true,
            reply = &mut reply => break reply,
        }
    };
    // Words overtaken by the answer would be lost on the stateless path, whose stream ends with it.
    if !told && tokio::time::timeout(REST_MAX, telling).await.is_err() {
        tracing::debug!(tool = %tool.name, "a client read its progress too slowly");
    }
    span::answered(&span, reply.as_ref().map_or(true, |reply| reply.is_error));
    // Without an answer the client would wait as long as the stream is kept alive. The value that panicked is gone with its
    // future; what it shared is the gate's to keep whole.
    reply.map_or_else(
        |_| {
            tracing::error!(tool = %tool.name, "a tool call panicked");
            wrong(
                "### Error\nThe service failed inside this call; it is unknown how much of it was done.\n\
                   Look at the page with browser_snapshot before doing anything again.",
            )
        },
        |reply| match &reply.question {
            Some(question) => states.input_required(question, &asking.bound_to),
            None => answer(&reply),
        },
    )
}

/// An answer for arguments that are wrong before the gate is asked.
pub(super) fn wrong(text: &str) -> CallToolResponse {
    CallToolResult::error(vec![ContentBlock::text(text)]).into()
}

/// Passes on how the call stands. The first word goes out at once: on the stateless path it opens the stream, and with it
/// the keep-alives, which stop clients from giving up on a call that waits for a person.
async fn tell(peer: &Peer<RoleServer>, token: ProgressToken, tool: &Tool, mut words: mpsc::Receiver<Progress>) {
    let mut last = 0.0;
    let started = format!("{} has started", tool.title.as_deref().unwrap_or(&tool.name));
    if notify(peer, &token, last, started).await.is_err() {
        return;
    }
    while let Some(Progress { step, message }) = words.recv().await {
        // The specification wants every value greater than the one before.
        last = if step > last { step } else { last + 1.0 };
        if notify(peer, &token, last, message).await.is_err() {
            return;
        }
    }
}

async fn notify(
    peer: &Peer<RoleServer>,
    token: &ProgressToken,
    progress: f64,
    message: String,
) -> Result<(), rmcp::ServiceError> {
    peer.notify_progress(ProgressNotificationParam::new(token.clone(), progress).with_message(message)).await
}

fn answer(reply: &Reply) -> CallToolResponse {
    let mut content = Vec::with_capacity(1 + reply.images.len());
    if !reply.text.is_empty() || reply.images.is_empty() {
        content.push(ContentBlock::text(reply.text.as_str()));
    }
    content.extend(reply.images.iter().map(|image| ContentBlock::image(STANDARD.encode(&image.data), image.mime)));
    content.extend(reply.links.iter().map(|link| {
        let resource = Resource::new(&link.url, &link.name).with_mime_type(&link.mime).with_size(link.bytes);
        ContentBlock::resource_link(resource)
    }));
    if reply.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) }.into()
}

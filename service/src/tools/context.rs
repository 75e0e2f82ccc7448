//! What stands around one call: who makes it, in which session, and who hears how it goes.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{Capabilities, ClientWay, Wishes};
use crate::auth::Caller;

/// The session of a caller that names none.
const DEFAULT_SESSION: &str = "default";
/// Characters of a connection's id in the name of its session: 48 bits of a random UUID, for at most 64 connections a key.
const LEGACY_CHARS: usize = 12;

/// What an edge knows of the session a call means; the first that is there counts, from the top.
#[derive(Debug, Clone, Default)]
pub struct SessionChoice {
    /// The optional `session` argument: a name of this key's, or an id.
    pub argument: Option<String>,
    /// `?session=NAME` in the URL.
    pub url: Option<String>,
    /// `Mcp-Session-Id` of a client of the older protocol era.
    pub legacy: Option<String>,
}

impl SessionChoice {
    /// The name of the session a call means that has no `session` argument.
    pub(super) fn name(&self) -> String {
        match (&self.url, &self.legacy) {
            (Some(name), _) => name.clone(),
            // People see the name: enough of the id to tell a key's connections apart, and no more.
            (None, Some(id)) => {
                let short: String = id.chars().filter(char::is_ascii_alphanumeric).take(LEGACY_CHARS).collect();
                format!("mcp-{short}")
            }
            (None, None) => DEFAULT_SESSION.to_owned(),
        }
    }
}

/// A word on how a waiting call stands.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Counts up over the call.
    pub step: f64,
    pub message: String,
}

/// What stands around one call.
pub struct CallContext {
    pub caller: Caller,
    pub session: SessionChoice,
    pub capabilities: Capabilities,
    /// How answers are to be given, unless the call says otherwise.
    pub wishes: Wishes,
    /// Bounded; a full channel drops the word, never the call. `None`: the client did not ask.
    pub progress: Option<mpsc::Sender<Progress>>,
    /// How the client's own user can be asked about a held call; `None` unless the key allows it and the client says it can.
    pub client: Option<ClientWay>,
    /// The call's span, for what is only known on its way; none when nobody traces it.
    pub span: Span,
    /// Cancelled when the client leaves.
    pub cancelled: CancellationToken,
}

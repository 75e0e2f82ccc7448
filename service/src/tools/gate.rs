//! The one way every call takes.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Capabilities, Reply, ToolSpec};
use crate::auth::Caller;

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
    /// Bounded; a full channel drops the word, never the call. `None`: the client did not ask.
    pub progress: Option<tokio::sync::mpsc::Sender<Progress>>,
    /// Cancelled when the client leaves.
    pub cancelled: CancellationToken,
}

/// Lists the tools and runs calls.
pub struct Gate {
    specs: Vec<Arc<ToolSpec>>,
}

impl Gate {
    /// The tools of these toolsets, in their fixed order.
    #[must_use]
    pub fn list(&self, capabilities: &Capabilities) -> Vec<Arc<ToolSpec>> {
        self.specs.iter().filter(|spec| capabilities.has(spec.capability)).cloned().collect()
    }

    /// Runs one call to its end. Never panics, never hangs: every wait inside has a deadline. What goes wrong is an answer
    /// with `is_error`, one line of what happened and one of what to do.
    pub async fn call(&self, context: CallContext, name: &str, arguments: Map<String, Value>) -> Reply {
        let _ = (context, name, arguments);
        Reply { text: "### Error\nThe gate is being built.".to_owned(), is_error: true, ..Reply::default() }
    }
}

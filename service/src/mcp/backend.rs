//! What this edge needs of the gate, and no more: a list and a call.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::tools::{CallContext, Capabilities, Gate, Reply, ToolSpec};

/// The one line between the protocol and the tools. A trait, so that the protocol's promises (order, progress, cancellation,
/// whose session) are tested without a browser in the room.
pub(super) trait Backend: Send + Sync + 'static {
    /// See [`Gate::list`].
    fn list(&self, capabilities: &Capabilities) -> Vec<Arc<ToolSpec>>;

    /// See [`Gate::call`].
    fn call<'a>(&'a self, context: CallContext, name: &'a str, arguments: Map<String, Value>) -> BoxFuture<'a, Reply>;
}

impl Backend for Gate {
    fn list(&self, capabilities: &Capabilities) -> Vec<Arc<ToolSpec>> {
        Gate::list(self, capabilities)
    }

    fn call<'a>(&'a self, context: CallContext, name: &'a str, arguments: Map<String, Value>) -> BoxFuture<'a, Reply> {
        Gate::call(self, context, name, arguments).boxed()
    }
}

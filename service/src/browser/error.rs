//! What can go wrong between us and Chromium.

use std::sync::Arc;
use std::time::Duration;

/// An error of the browser room. Each says whose fault it is by its variant; text from a page is quoted and cut.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrowserError {
    /// The browser process or its connection ended; nothing of it can be used again.
    #[error("the browser is gone: {reason}")]
    Gone { reason: Arc<str> },
    /// The page's renderer died; the tab can only be closed.
    #[error("the page crashed")]
    Crashed,
    /// The tab or frame was closed while the command ran.
    #[error("the tab was closed")]
    Closed,
    /// Nothing answered in time.
    #[error("{what} did not finish within {} ms", after.as_millis())]
    Timeout { what: &'static str, after: Duration },
    /// A dialog is open on the page; until it is answered the page runs nothing.
    #[error("a dialog is open on the page")]
    DialogOpen,
    /// Chromium refused the command.
    #[error("{method}: {message}")]
    Refused { method: String, code: i64, message: String },
    /// Chromium answered something this code cannot read.
    #[error("{method} answered something unreadable")]
    Unreadable {
        method: String,
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The page threw while our script or the caller's ran.
    #[error("{0}")]
    Script(String),
    /// The injected script found the target unfit; the message is for the agent.
    #[error("{message}")]
    Page { code: String, message: String },
    /// A navigation that ended without a page.
    #[error("{error} at {url}")]
    Navigation { url: String, error: String },
    /// Chromium could not be started.
    #[error("{what}")]
    Launch { what: String, hint: String },
    /// A transport in use was full for longer than it may be.
    #[error("the browser does not take commands")]
    Stuck,
}

impl BrowserError {
    /// Is the whole browser lost, not only this page?
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Stuck)
    }

    /// Did the execution context vanish under the call (a navigation took the document away)?
    #[must_use]
    pub fn is_context_lost(&self) -> bool {
        match self {
            Self::Refused { message, .. } => {
                message.contains("Cannot find context")
                    || message.contains("Execution context was destroyed")
                    || message.contains("uniqueContextId not found")
                    || message.contains("Inspected target navigated or closed")
            }
            _ => false,
        }
    }

    /// Was the command refused because the tab is just changing its document (`Page` domain: the frame is not the active one)?
    #[must_use]
    pub fn is_between_documents(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message == "Not attached to an active page")
    }
}

/// A builder of `chromiumoxide::cdp` that misses a field: a mistake in this code, reported instead of panicking.
#[allow(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
pub(super) fn impossible(missing: String) -> BrowserError {
    BrowserError::Script(format!("a CDP command was put together wrongly: {missing}"))
}

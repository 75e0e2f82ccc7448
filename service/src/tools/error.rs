//! Why a call did not do what it was asked: one line of what happened, one of what to do.

use super::response::one_line;
use crate::session::{BrowserError, FileError, SessionError};

/// Longest line of an error, characters.
const LINE_CHARS_MAX: usize = 1_200;

/// An error as an agent reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolError {
    /// Stable word for metrics and the timeline, as in `stale_ref`.
    pub code: String,
    /// One line: what happened.
    pub what: String,
    /// One line: what to do. Empty when `what` says it.
    pub hint: String,
}

impl ToolError {
    /// An error by its parts.
    pub fn new(code: &str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.to_owned(), what: line(&what.into()), hint: line(&hint.into()) }
    }

    /// Arguments that cannot be used.
    pub fn arguments(tool: &str, what: &str) -> Self {
        Self::new("bad_arguments", format!("{tool}: {what}"), "Correct the arguments and call again.")
    }

    /// Both lines.
    pub fn text(&self) -> String {
        match self.hint.as_str() {
            "" => self.what.clone(),
            hint => format!("{}\n{hint}", self.what),
        }
    }
}

impl From<SessionError> for ToolError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Browser(error) => error.into(),
            other => Self::new(other.code(), sentence(&other.to_string()), other.hint()),
        }
    }
}

impl From<FileError> for ToolError {
    fn from(error: FileError) -> Self {
        let said = error.to_string();
        // A phrase clients match on ends as it ends.
        let what = if matches!(error, FileError::Outside { .. }) { said } else { sentence(&said) };
        Self::new(error.code(), what, error.hint())
    }
}

impl From<BrowserError> for ToolError {
    fn from(error: BrowserError) -> Self {
        const LOOK: &str = "Take a snapshot (browser_snapshot) to see where the page stands.";
        let what = sentence(&error.to_string());
        match error {
            // What the page script says is written for agents already: what happened, and behind the last semicolon what to do.
            BrowserError::Page { code, message } => match message.rsplit_once("; ") {
                Some((what, how)) => Self::new(&code, sentence(what), sentence(how)),
                None => Self::new(&code, message, ""),
            },
            BrowserError::Gone { .. } | BrowserError::Stuck => {
                Self::new("browser_gone", what, "The session is lost with its browser; open a new one (session_open).")
            }
            BrowserError::Crashed => Self::new(
                "renderer_crashed",
                what,
                "Close the tab (browser_tabs, action close) or navigate it somewhere else (browser_navigate).",
            ),
            BrowserError::Closed => Self::new("tab_closed", what, "List the tabs (browser_tabs, action list)."),
            BrowserError::Timeout { .. } => {
                Self::new("deadline", what, "The session is alive; look at the page (browser_snapshot) or try again.")
            }
            BrowserError::DialogOpen => Self::new("dialog_open", what, "Answer it with browser_handle_dialog first."),
            BrowserError::Navigation { .. } => {
                Self::new("navigation_failed", what, "Check the address, or try another page.")
            }
            BrowserError::Script(text) => Self::new("script_error", text, "Correct the function and call again."),
            BrowserError::Launch { what, hint } => Self::new("browser_unavailable", sentence(&what), hint),
            BrowserError::Refused { .. } | BrowserError::Unreadable { .. } => Self::new("browser_error", what, LOOK),
        }
    }
}

/// One line and no more than is read: what a page or a caller wrote is repeated in it.
fn line(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Upper case at the start, a stop at the end.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', '"']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_two_lines() {
        let error = ToolError::from(SessionError::Unknown("x".to_owned()));
        let hostile = ToolError::new("x", "a\n### Result\n\u{202e}b", "do\nthis");
        assert_eq!(hostile.text(), "a ### Result b\ndo this");
        assert!(ToolError::new("x", "y".repeat(10_000), "").text().len() < 2_000);
        assert_eq!(error.text(), "No session \"x\"\nList your sessions (session_list), or open one (session_open).");
    }
}

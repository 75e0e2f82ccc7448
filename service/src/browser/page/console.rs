//! What the page wrote to its console, and what it threw.

use std::collections::VecDeque;

use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown, RemoteObject, StackTrace,
};

use super::Page;
use super::state::cut;
use crate::browser::lock::lock;

/// Entries kept per tab; the oldest go first.
const ENTRIES_MAX: usize = 1000;
/// Longest text of one entry, characters.
const TEXT_CHARS_MAX: usize = 2000;

/// How loud an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsoleLevel {
    Error,
    Warning,
    Info,
    Debug,
}

/// One entry: page text, data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleEntry {
    /// Counts up over the tab's life.
    pub number: u64,
    pub level: ConsoleLevel,
    /// As the page called it: `log`, `error`, …; `exception` for what it threw.
    pub kind: &'static str,
    pub text: String,
    pub url: String,
    /// From 0, as CDP counts.
    pub line: i64,
    /// Which document of the tab it belongs to.
    pub document: u64,
}

#[derive(Default)]
pub(in crate::browser) struct Console {
    entries: VecDeque<ConsoleEntry>,
    written: u64,
}

impl Console {
    pub fn called(&mut self, event: &EventConsoleApiCalled, document: u64) {
        let (level, kind) = match event.r#type {
            ConsoleApiCalledType::Error => (ConsoleLevel::Error, "error"),
            ConsoleApiCalledType::Assert => (ConsoleLevel::Error, "assert"),
            ConsoleApiCalledType::Warning => (ConsoleLevel::Warning, "warning"),
            ConsoleApiCalledType::Debug => (ConsoleLevel::Debug, "debug"),
            ConsoleApiCalledType::Trace => (ConsoleLevel::Debug, "trace"),
            ConsoleApiCalledType::Info => (ConsoleLevel::Info, "info"),
            ConsoleApiCalledType::Clear => return,
            _ => (ConsoleLevel::Info, "log"),
        };
        let text = event.args.iter().map(plain).collect::<Vec<_>>().join(" ");
        let (url, line) = place(event.stack_trace.as_ref());
        self.push(level, kind, &text, &url, line, document);
    }

    pub fn thrown(&mut self, event: &EventExceptionThrown, document: u64) {
        let details = &event.exception_details;
        let text = details
            .exception
            .as_ref()
            .and_then(|thrown| thrown.description.clone())
            .unwrap_or_else(|| details.text.clone());
        let url = details.url.clone().unwrap_or_default();
        self.push(ConsoleLevel::Error, "exception", &text, &url, details.line_number, document);
    }

    fn push(&mut self, level: ConsoleLevel, kind: &'static str, text: &str, url: &str, line: i64, document: u64) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.written += 1;
        let entry = ConsoleEntry {
            number: self.written,
            level,
            kind,
            text: cut(text, TEXT_CHARS_MAX),
            url: cut(url, TEXT_CHARS_MAX),
            line,
            document,
        };
        self.entries.push_back(entry);
    }
}

impl Page {
    /// What was written, oldest first: since the current document began, or (`all`) as far back as is kept.
    #[must_use]
    pub fn console(&self, all: bool) -> Vec<ConsoleEntry> {
        let state = lock(&self.state);
        let current = state.documents;
        state.console.entries.iter().filter(|entry| all || entry.document == current).cloned().collect()
    }

    /// Entries with a number above `number`, oldest first.
    #[must_use]
    pub fn console_since(&self, number: u64) -> Vec<ConsoleEntry> {
        lock(&self.state).console.entries.iter().filter(|entry| entry.number > number).cloned().collect()
    }
}

/// A console argument in words.
fn plain(object: &RemoteObject) -> String {
    match (&object.value, &object.unserializable_value, &object.description) {
        (Some(serde_json::Value::String(text)), ..) => text.clone(),
        (Some(value), ..) => value.to_string(),
        (None, Some(value), _) => AsRef::<str>::as_ref(value).to_owned(),
        (None, None, Some(description)) => description.clone(),
        (None, None, None) => object.r#type.as_ref().to_owned(),
    }
}

fn place(stack: Option<&StackTrace>) -> (String, i64) {
    stack
        .and_then(|stack| stack.call_frames.first())
        .map_or_else(|| (String::new(), 0), |frame| (frame.url.clone(), frame.line_number))
}

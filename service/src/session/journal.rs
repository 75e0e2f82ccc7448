//! Recordings and traces of a session: what is done in it, as code and as a log.

use std::collections::HashMap;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::Session;
use crate::browser::{BrowserError, Recorded, RequestEntry, RequestOutcome};

/// Calls of one trace, and requests.
const CALLS_MAX: usize = 5_000;
const REQUESTS_MAX: usize = 20_000;
/// Bytes of either log.
const LOG_BYTES_MAX: usize = 8 << 20;

/// One call, as a trace has it.
#[derive(Debug, Clone)]
pub struct TracedCall {
    pub tool: &'static str,
    /// In plain words, without secrets.
    pub what: String,
    /// Statements it ran; none when it failed.
    pub code: Vec<String>,
    pub error: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub began_ms: u64,
    pub took_ms: u64,
    /// Address of the tab afterwards.
    pub url: String,
}

/// A trace under way.
#[derive(Default)]
pub(super) struct Trace {
    calls: Vec<String>,
    calls_bytes: usize,
    calls_left_out: usize,
    /// A line each, and where it is: numbers begin anew when a tab is sent somewhere, so the address counts too.
    requests: Vec<Value>,
    places: HashMap<(u16, u64, String), usize>,
    requests_bytes: usize,
    requests_left_out: usize,
}

/// The two logs of a finished trace, a JSON object a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traced {
    pub actions: String,
    pub network: String,
}

impl Trace {
    fn call(&mut self, call: &TracedCall) {
        let line = json!({
            "at": call.began_ms, "took_ms": call.took_ms, "tool": call.tool, "what": call.what, "code": call.code, "error": call.error,
            "url": call.url,
        })
        .to_string();
        if self.calls.len() == CALLS_MAX || self.calls_bytes + line.len() > LOG_BYTES_MAX {
            self.calls_left_out += 1;
            return;
        }
        self.calls_bytes += line.len();
        self.calls.push(line);
    }

    fn request(&mut self, tab: u16, entry: RequestEntry) {
        let (status, mime, failed) = match entry.outcome {
            RequestOutcome::UnderWay => (None, None, None),
            RequestOutcome::Answered { status, mime, .. } => (Some(status), Some(mime), None),
            RequestOutcome::Failed(why) => (None, None, Some(why)),
        };
        let line = json!({
            "tab": tab, "number": entry.number, "method": entry.method, "url": entry.url, "kind": entry.kind, "status": status,
            "mime": mime, "failed": failed, "took_ms": entry.took_ms,
        });
        let key = (tab, entry.number, entry.url);
        if let Some(at) = self.places.get(&key) {
            self.requests[*at] = line;
            return;
        }
        let bytes = key.2.len() + 200;
        if self.requests.len() == REQUESTS_MAX || self.requests_bytes + bytes > LOG_BYTES_MAX {
            self.requests_left_out += 1;
            return;
        }
        self.requests_bytes += bytes;
        self.places.insert(key, self.requests.len());
        self.requests.push(line);
    }

    fn finish(self) -> Traced {
        let log = |lines: Vec<String>, left_out: usize| {
            let mut log = lines.join("\n");
            if left_out > 0 {
                log.push_str(&format!("\n{}", json!({ "left_out": left_out })));
            }
            log.push('\n');
            log
        };
        Traced {
            actions: log(self.calls, self.calls_left_out),
            network: log(self.requests.iter().map(Value::to_string).collect(), self.requests_left_out),
        }
    }
}

impl Session {
    /// Records from now on what a person does on its pages, and what its agent does.
    ///
    /// # Errors
    /// `Page` (`recording_runs`) when that is so already.
    pub async fn start_recording(&self) -> Result<(), BrowserError> {
        self.context.start_recording().await
    }

    /// Ends the recording; `None` when there is none.
    pub fn stop_recording(&self) -> Option<Recorded> {
        self.context.stop_recording()
    }

    /// An action of the agent's begins.
    pub fn agent_begins(&self) {
        self.context.agent_begins();
    }

    /// It has ended; `code` says what was done.
    pub fn agent_ended(&self, code: &[String]) {
        self.context.agent_ended(code);
    }

    /// Begins a trace; false when one is under way.
    pub fn start_trace(&self) -> bool {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        let free = trace.is_none();
        trace.get_or_insert_default();
        free
    }

    /// Is a trace under way?
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Puts a call into the trace.
    pub fn traced(&self, call: &TracedCall) {
        self.trace_requests();
        if let Some(trace) = self.trace.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            trace.call(call);
        }
    }

    /// Puts the requests of all tabs into the trace, as far as they are known now.
    pub fn trace_requests(&self) {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(trace) = trace.as_mut() else { return };
        for page in self.context.pages() {
            for entry in page.requests().entries {
                // Sent while a person drove: not the agent's to read.
                if !entry.private {
                    trace.request(page.number(), entry);
                }
            }
        }
    }

    /// Ends the trace; `None` when there is none.
    pub fn stop_trace(&self) -> Option<Traced> {
        self.trace_requests();
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).take().map(Trace::finish)
    }
}

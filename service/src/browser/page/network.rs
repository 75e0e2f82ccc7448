//! Which requests of the tab are under way, and how its document was answered.
//!
//! These are the most frequent events of all and their full types are large, so only what is used here is read.

use std::collections::HashMap;

use serde::Deserialize;

/// Requests followed at once; a page that opens more is settled without them.
const UNDER_WAY_MAX: usize = 1024;

/// How a document was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentStatus {
    pub code: u16,
    /// As in `Payment Required`; may be empty.
    pub text: String,
    /// Was it our own egress proxy that answered, in place of the server?
    pub by_proxy: bool,
}

#[derive(Default)]
pub(in crate::browser) struct Network {
    /// Request id to its place in the order of requests. Only those whose end changes a page at once: documents, scripts, fetches.
    under_way: HashMap<String, u64>,
    /// Counts requests begun.
    pub begun: u64,
    /// Answer of the main document.
    pub document: Option<DocumentStatus>,
    /// Why the last main document failed to load, as Chromium names it.
    pub failure: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct RequestBegun {
    request_id: String,
    #[serde(default)]
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct ResponseCame {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    frame_id: String,
    response: ResponseHead,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseHead {
    status: i64,
    #[serde(default)]
    status_text: String,
    #[serde(default)]
    headers: ResponseHeaders,
}

/// The one header of ours; servers' own are stripped of it by the proxy.
#[derive(Default, Deserialize)]
struct ResponseHeaders {
    #[serde(rename = "X-Helmwatch-Egress", alias = "x-helmwatch-egress")]
    egress: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct RequestEnded {
    request_id: String,
}

impl Network {
    pub fn request_begun(&mut self, event: RequestBegun) {
        let matters = matches!(event.r#type.as_str(), "Document" | "Script" | "XHR" | "Fetch" | "Stylesheet");
        if matters && self.under_way.len() < UNDER_WAY_MAX {
            self.begun += 1;
            self.under_way.insert(event.request_id, self.begun);
        }
    }

    pub fn response_came(&mut self, event: &ResponseCame, main_frame: &str) {
        if event.r#type == "Document" && event.frame_id == main_frame {
            self.document = Some(DocumentStatus {
                code: u16::try_from(event.response.status).unwrap_or(0),
                text: super::state::cut(&event.response.status_text, 100),
                by_proxy: event.response.headers.egress.is_some(),
            });
        }
    }

    pub fn request_ended(&mut self, event: &RequestEnded) {
        self.under_way.remove(&event.request_id);
    }

    /// A new main document: what its predecessor asked for no longer matters.
    pub fn document_begun(&mut self) {
        self.failure = None;
    }

    /// Requests begun after `mark` and not ended.
    pub fn under_way_since(&self, mark: u64) -> usize {
        self.under_way.values().filter(|begun| **begun > mark).count()
    }
}

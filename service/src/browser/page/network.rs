//! Which requests of the tab are under way, and how its document was answered.
//!
//! These are the most frequent events of all and their full types are large, so only what is used here is read, and what is read is
//! borrowed from the message. What is kept for the agent is the business of [`Requests`].

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::leaving::Leaving;
use super::requests::Requests;

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
    /// What the agent can look at.
    pub requests: Requests,
    /// What is on its way to the door.
    pub leaving: Leaving,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct RequestBegun<'a> {
    #[serde(borrow)]
    pub request_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub r#type: Cow<'a, str>,
    #[serde(borrow)]
    pub request: RequestHead<'a>,
    /// The answer that led here.
    #[serde(borrow)]
    pub redirect_response: Option<ResponseHead<'a>>,
    /// Seconds, monotonic.
    #[serde(default)]
    pub timestamp: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct RequestHead<'a> {
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow)]
    pub headers: Option<&'a RawValue>,
    #[serde(borrow)]
    pub post_data: Option<Cow<'a, str>>,
    #[serde(default)]
    pub has_post_data: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct ResponseCame<'a> {
    #[serde(borrow)]
    pub request_id: Cow<'a, str>,
    #[serde(borrow, default)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    frame_id: Cow<'a, str>,
    #[serde(borrow)]
    pub response: ResponseHead<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct ResponseHead<'a> {
    pub status: i64,
    #[serde(borrow, default)]
    pub status_text: Cow<'a, str>,
    #[serde(borrow, default)]
    pub mime_type: Cow<'a, str>,
    #[serde(borrow)]
    pub headers: Option<&'a RawValue>,
}

/// The one header of ours; servers' own are stripped of it by the proxy.
#[derive(Default, Deserialize)]
struct OurHeaders {
    #[serde(rename = "X-Helmwatch-Egress", alias = "x-helmwatch-egress")]
    egress: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::browser) struct RequestEnded<'a> {
    #[serde(borrow)]
    pub request_id: Cow<'a, str>,
    #[serde(default)]
    pub timestamp: f64,
    /// Only of one that failed.
    #[serde(borrow)]
    pub error_text: Option<Cow<'a, str>>,
}

impl Network {
    pub fn request_begun(&mut self, event: &RequestBegun<'_>) {
        let matters = matches!(event.r#type.as_ref(), "Document" | "Script" | "XHR" | "Fetch" | "Stylesheet");
        if matters && self.under_way.len() < UNDER_WAY_MAX {
            self.begun += 1;
            self.under_way.insert(event.request_id.as_ref().to_owned(), self.begun);
        }
    }

    pub fn response_came(&mut self, event: &ResponseCame<'_>, main_frame: &str) {
        self.leaving.answered(event.request_id.as_ref());
        if event.r#type == "Document" && event.frame_id == main_frame {
            let ours: Option<OurHeaders> =
                event.response.headers.and_then(|headers| serde_json::from_str(headers.get()).ok());
            self.document = Some(DocumentStatus {
                code: u16::try_from(event.response.status).unwrap_or(0),
                text: super::state::cut(&event.response.status_text, 100),
                by_proxy: ours.is_some_and(|ours| ours.egress.is_some()),
            });
        }
    }

    pub fn request_ended(&mut self, event: &RequestEnded<'_>) {
        self.under_way.remove(event.request_id.as_ref());
        self.leaving.ended(event.request_id.as_ref());
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

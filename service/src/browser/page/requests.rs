//! The requests of a tab, for whoever wants to look at them later.
//!
//! Filled by the most frequent events there are, so what is kept is cut and copied, never parsed: headers stay the JSON they came as
//! until somebody asks. Cookies never get here: Chromium tells them in events of their own, which are not listened to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::network::{GetRequestPostDataReturns, GetResponseBodyReturns};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Page;
use super::network::{RequestBegun, RequestEnded, ResponseCame, ResponseHead};
use super::state::cut;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Requests kept per tab; the oldest go first.
const REQUESTS_MAX: usize = 1000;
/// Bytes of all that is kept per tab; the oldest go first.
const BYTES_MAX: usize = 512 << 10;
/// Longest address kept, characters.
const URL_CHARS_MAX: usize = 2000;
/// Longest headers kept of one request or answer, bytes of JSON.
const HEADERS_BYTES_MAX: usize = 8 << 10;
/// Longest request body kept; a longer one is asked of Chromium when it is wanted.
const POST_BYTES_MAX: usize = 4 << 10;
/// What an entry costs besides its texts, bytes.
const ENTRY_BYTES: usize = 300;

/// How a request came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOutcome {
    UnderWay,
    Answered {
        status: u16,
        /// As in `Not Found`; may be empty.
        text: String,
        /// As in `text/html`.
        mime: String,
    },
    /// As Chromium names it: `net::ERR_…`.
    Failed(String),
}

/// One request: page text, data.
#[derive(Debug, Clone)]
pub struct RequestEntry {
    /// Counts from 1 since the tab was last sent somewhere; an entry keeps its number.
    pub number: u64,
    /// As in `GET`.
    pub method: String,
    pub url: String,
    /// As in `fetch`, `document`, `image`.
    pub kind: &'static str,
    pub outcome: RequestOutcome,
    /// Did it break off after it was answered?
    pub broken: bool,
    /// From its beginning to its end.
    pub took_ms: Option<u64>,
    /// Has it a body?
    pub has_body: bool,
    /// Was it answered with another address? Then it has no body of its own.
    pub redirected: bool,
    /// Was it sent while a person drove? Then nothing but its line is told.
    pub private: bool,
}

/// A list of requests, and how many older ones are not kept any more.
#[derive(Debug, Clone, Default)]
pub struct RequestList {
    /// Oldest first.
    pub entries: Vec<RequestEntry>,
    pub dropped: u64,
}

/// Headers by name, or how many bytes they were when those were too many to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestHeaders {
    Kept(Vec<(String, String)>),
    TooLarge(usize),
}

/// A body as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestBody {
    pub bytes: Bytes,
    /// Is it text in UTF-8?
    pub text: bool,
}

/// Either side of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestSide {
    Request,
    Response,
}

struct Kept {
    entry: RequestEntry,
    /// Chromium's id.
    id: Arc<str>,
    /// The CDP session that can be asked for bodies.
    session: Arc<str>,
    /// Seconds, monotonic.
    began: f64,
    request_headers: Raw,
    response_headers: Raw,
    post_data: Option<Box<str>>,
}

/// Headers as they came.
#[derive(Default)]
enum Raw {
    #[default]
    None,
    Json(Box<str>),
    TooLarge(usize),
}

impl Raw {
    fn of(headers: Option<&RawValue>) -> Self {
        match headers.map(RawValue::get) {
            None => Self::None,
            Some(json) if json.len() > HEADERS_BYTES_MAX => Self::TooLarge(json.len()),
            Some(json) => Self::Json(json.into()),
        }
    }

    fn bytes(&self) -> usize {
        if let Self::Json(json) = self { json.len() } else { 0 }
    }

    fn read(&self) -> RequestHeaders {
        match self {
            Self::None => RequestHeaders::Kept(Vec::new()),
            Self::TooLarge(bytes) => RequestHeaders::TooLarge(*bytes),
            Self::Json(json) => {
                let headers: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
                let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                RequestHeaders::Kept(headers.into_iter().map(|(name, value)| (name, plain(value))).collect())
            }
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        ENTRY_BYTES
            + self.entry.url.len()
            + self.request_headers.bytes()
            + self.response_headers.bytes()
            + self.post_data.as_ref().map_or(0, |data| data.len())
    }
}

/// What is kept of a tab's requests.
#[derive(Default)]
pub(in crate::browser) struct Requests {
    kept: VecDeque<Kept>,
    /// Chromium's id to the number of the newest request that has it: redirects share one.
    numbers: HashMap<Arc<str>, u64>,
    /// Requests seen since the beginning.
    seen: u64,
    /// Bytes of all that is kept.
    bytes: usize,
}

impl Requests {
    /// The tab is sent somewhere: the list begins anew.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn begun(&mut self, event: &RequestBegun<'_>, session: &Arc<str>, private: bool) {
        // What never leaves the page is no request; preflights are Chromium's own.
        if event.request.url.starts_with("data:") || event.r#type == "Preflight" {
            return;
        }
        if event.redirect_response.is_none() && self.numbers.contains_key(event.request_id.as_ref()) {
            // Told by a frame or worker and by what holds it.
            return;
        }
        if let Some(answer) = &event.redirect_response {
            let before = self.answered(&event.request_id, answer, session);
            if let Some(kept) = before {
                kept.entry.redirected = true;
                kept.entry.took_ms = took(kept.began, event.timestamp);
            }
        }
        let id: Arc<str> = event.request_id.as_ref().into();
        self.seen += 1;
        let data = event.request.post_data.as_deref();
        let kept = Kept {
            entry: RequestEntry {
                number: self.seen,
                method: cut(&event.request.method, 20),
                url: cut(&event.request.url, URL_CHARS_MAX),
                kind: kind(&event.r#type),
                outcome: RequestOutcome::UnderWay,
                broken: false,
                took_ms: None,
                has_body: event.request.has_post_data || data.is_some(),
                redirected: false,
                private,
            },
            id: Arc::clone(&id),
            session: Arc::clone(session),
            began: event.timestamp,
            request_headers: if private { Raw::None } else { Raw::of(event.request.headers) },
            response_headers: Raw::None,
            post_data: data.filter(|data| !private && data.len() <= POST_BYTES_MAX).map(Into::into),
        };
        self.bytes += kept.bytes();
        self.kept.push_back(kept);
        self.numbers.insert(id, self.seen);
        while self.kept.len() > REQUESTS_MAX || (self.bytes > BYTES_MAX && self.kept.len() > 1) {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.bytes();
            if self.numbers.get(&oldest.id) == Some(&oldest.entry.number) {
                self.numbers.remove(&oldest.id);
            }
        }
    }

    pub fn response_came(&mut self, event: &ResponseCame<'_>, session: &Arc<str>) {
        self.answered(&event.request_id, &event.response, session);
    }

    pub fn ended(&mut self, event: &RequestEnded<'_>) {
        let Some(kept) = self.find(&event.request_id) else { return };
        kept.entry.took_ms = took(kept.began, event.timestamp);
        if let Some(error) = &event.error_text {
            kept.entry.broken = true;
            if kept.entry.outcome == RequestOutcome::UnderWay {
                kept.entry.outcome = RequestOutcome::Failed(cut(error, 100));
            }
        }
    }

    fn answered(&mut self, id: &str, answer: &ResponseHead<'_>, session: &Arc<str>) -> Option<&mut Kept> {
        let number = *self.numbers.get(id)?;
        let at = self.place(number)?;
        let kept = &mut self.kept[at];
        let before = kept.response_headers.bytes();
        kept.entry.outcome = RequestOutcome::Answered {
            status: u16::try_from(answer.status).unwrap_or(0),
            text: cut(&answer.status_text, 100),
            mime: cut(&answer.mime_type, 100),
        };
        if !kept.entry.private {
            kept.response_headers = Raw::of(answer.headers);
        }
        kept.session = Arc::clone(session);
        self.bytes = self.bytes + kept.response_headers.bytes() - before;
        Some(kept)
    }

    fn find(&mut self, id: &str) -> Option<&mut Kept> {
        let number = *self.numbers.get(id)?;
        let at = self.place(number)?;
        self.kept.get_mut(at)
    }

    /// Where a number stands; they follow one another.
    fn place(&self, number: u64) -> Option<usize> {
        let first = self.kept.front()?.entry.number;
        usize::try_from(number.checked_sub(first)?).ok().filter(|at| *at < self.kept.len())
    }

    fn get(&self, number: u64) -> Option<&Kept> {
        self.kept.get(self.place(number)?)
    }
}

impl Page {
    /// The requests since the tab was last sent somewhere.
    #[must_use]
    pub fn requests(&self) -> RequestList {
        let state = lock(&self.state);
        let requests = &state.network.requests;
        RequestList {
            entries: requests.kept.iter().map(|kept| kept.entry.clone()).collect(),
            dropped: requests.seen - requests.kept.len() as u64,
        }
    }

    /// One of them.
    #[must_use]
    pub fn request(&self, number: u64) -> Option<RequestEntry> {
        lock(&self.state).network.requests.get(number).map(|kept| kept.entry.clone())
    }

    /// The headers of a request or its answer: those the page and the server set. Chromium adds cookies and its own later, out of sight.
    #[must_use]
    pub fn request_headers(&self, number: u64, side: RequestSide) -> RequestHeaders {
        let state = lock(&self.state);
        let raw = state.network.requests.get(number).map(|kept| match side {
            RequestSide::Request => &kept.request_headers,
            RequestSide::Response => &kept.response_headers,
        });
        raw.map_or(RequestHeaders::Kept(Vec::new()), Raw::read)
    }

    /// The body of a request or its answer, asked of Chromium (`Network.getRequestPostData`, `Network.getResponseBody`) by the session that
    /// has it; of a frame in another process, that frame's.
    ///
    /// # Errors
    /// `Page` when there is none, or Chromium does not keep it any more; else as the connection.
    pub async fn request_body(&self, number: u64, side: RequestSide) -> Result<RequestBody, BrowserError> {
        let gone = |what: &str| BrowserError::Page {
            code: "no_body".to_owned(),
            message: format!(
                "the {what} of request #{number} is not there any more; make the request again and ask at once"
            ),
        };
        let (id, session, kept) = {
            let state = lock(&self.state);
            let kept = state.network.requests.get(number).ok_or_else(|| gone("body"))?;
            (Arc::clone(&kept.id), Arc::clone(&kept.session), kept.post_data.clone())
        };
        let deadline = self.options.command_deadline;
        let params = json!({ "requestId": &*id });
        let ask = async |method: &str, what: &str| match self
            .connection
            .request(Some(&session), method, &params, deadline)
            .await
        {
            // The document that asked is gone, or its buffer was full.
            Err(BrowserError::Refused { .. } | BrowserError::Closed) => Err(gone(what)),
            other => other,
        };
        let unreadable = |error| BrowserError::Unreadable { method: "Network".to_owned(), source: Arc::new(error) };
        match (side, kept) {
            (RequestSide::Request, Some(data)) => Ok(RequestBody { bytes: data.into_string().into(), text: true }),
            (RequestSide::Request, None) => {
                let answer = ask("Network.getRequestPostData", "body").await?;
                let data: GetRequestPostDataReturns = serde_json::from_slice(&answer).map_err(unreadable)?;
                Ok(RequestBody { bytes: data.post_data.into(), text: true })
            }
            (RequestSide::Response, _) => {
                let answer = ask("Network.getResponseBody", "answer").await?;
                let body: GetResponseBodyReturns = serde_json::from_slice(&answer).map_err(unreadable)?;
                if !body.base64_encoded {
                    return Ok(RequestBody { bytes: body.body.into(), text: true });
                }
                let bytes = base64::engine::general_purpose::STANDARD.decode(body.body).map_err(|_| gone("answer"))?;
                // Chromium gives text of an unnamed kind as base64 too.
                let text = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0'));
                Ok(RequestBody { bytes: bytes.into(), text })
            }
        }
    }
}

/// Whole milliseconds between two of Chromium's times.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn took(began: f64, ended: f64) -> Option<u64> {
    (ended >= began && began > 0.0).then(|| ((ended - began) * 1000.0).round().clamp(0.0, 1e9) as u64)
}

/// Chromium's word for what is loaded, as Playwright has it.
fn kind(r#type: &str) -> &'static str {
    match r#type {
        "Document" => "document",
        "Stylesheet" => "stylesheet",
        "Image" => "image",
        "Media" => "media",
        "Font" => "font",
        "Script" => "script",
        "TextTrack" => "texttrack",
        "XHR" => "xhr",
        "Fetch" => "fetch",
        "EventSource" => "eventsource",
        "WebSocket" => "websocket",
        "Manifest" => "manifest",
        "Ping" => "ping",
        "CSPViolationReport" => "cspreport",
        "Prefetch" => "prefetch",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(requests: &mut Requests, id: &str, url: &str, further: &str) {
        let json = format!(
            r#"{{"requestId":"{id}","type":"Fetch","timestamp":1.5,"request":{{"url":"{url}","method":"GET","headers":{{"a":"b"}}}}{further}}}"#
        );
        let event: RequestBegun<'_> = serde_json::from_str(&json).expect("an event");
        requests.begun(&event, &Arc::from("s"), false);
    }

    #[test]
    fn a_redirect_is_two_requests_and_the_first_keeps_its_answer() {
        let mut requests = Requests::default();
        begin(&mut requests, "1", "http://a/one", "");
        begin(
            &mut requests,
            "1",
            "http://a/two",
            r#","redirectResponse":{"status":302,"statusText":"Found","headers":{"location":"/two"}}"#,
        );
        let ended = RequestEnded { request_id: "1".into(), timestamp: 2.0, error_text: Some("net::ERR_FAILED".into()) };
        requests.ended(&ended);
        let entries: Vec<_> = requests.kept.iter().map(|kept| &kept.entry).collect();
        assert!(matches!(entries[0].outcome, RequestOutcome::Answered { status: 302, .. }) && entries[0].redirected);
        assert_eq!(entries[1].outcome, RequestOutcome::Failed("net::ERR_FAILED".to_owned()));
        assert_eq!(entries[1].took_ms, Some(500));
        let headers = requests.get(1).expect("kept").response_headers.read();
        assert_eq!(headers, RequestHeaders::Kept(vec![("location".to_owned(), "/two".to_owned())]));
    }

    #[test]
    fn the_log_is_bounded_in_count_and_bytes_and_numbers_stay() {
        let mut requests = Requests::default();
        for n in 0..REQUESTS_MAX + 5 {
            begin(&mut requests, &n.to_string(), "http://a/", "");
        }
        assert_eq!((requests.kept.len(), requests.numbers.len()), (REQUESTS_MAX, REQUESTS_MAX));
        assert_eq!(requests.get(6).expect("kept").entry.number, 6);
        assert!(requests.get(5).is_none() && requests.get(u64::MAX).is_none());
        let long = format!("http://a/{}", "x".repeat(4000));
        for n in 0..REQUESTS_MAX {
            begin(&mut requests, &format!("l{n}"), &long, "");
        }
        assert!(requests.bytes <= BYTES_MAX && requests.kept.len() < REQUESTS_MAX && requests.kept.len() > 100);
        let counted: usize = requests.kept.iter().map(Kept::bytes).sum();
        assert_eq!(requests.bytes, counted);
    }

    #[test]
    fn pages_own_data_is_no_request() {
        let mut requests = Requests::default();
        begin(&mut requests, "1", "data:text/plain,x", "");
        assert!(requests.kept.is_empty());
    }
}

//! The outer layer of a CDP message.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What arrives. Chromium answers malformed input without `id` or `method`, so both may be absent.
#[derive(Deserialize)]
pub(super) struct Incoming<'a> {
    pub id: Option<u64>,
    #[serde(borrow)]
    pub method: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "sessionId")]
    pub session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    pub error: Option<Refusal>,
}

/// Chromium's own error object.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub code: i64,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub data: Option<String>,
}

/// What is sent.
#[derive(Serialize)]
pub(super) struct Outgoing<'a, P: Serialize> {
    pub id: u64,
    pub method: &'a str,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    pub params: &'a P,
}

/// One event, not yet decoded.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// As in `Page.frameNavigated`.
    pub method: &'a str,
    params: &'a str,
}

impl<'a> Event<'a> {
    pub(super) fn new(method: &'a str, params: Option<&'a RawValue>) -> Self {
        Self { method, params: params.map_or("{}", RawValue::get) }
    }

    /// Decodes the parameters. A shape this build does not know is logged and left out: an event must never end a session.
    #[must_use]
    pub fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        match serde_json::from_str(self.params) {
            Ok(params) => Some(params),
            Err(error) => {
                tracing::warn!(method = self.method, %error, "cdp event not understood");
                None
            }
        }
    }

    /// As [`Self::decode`], borrowing from the message: for the events that come most often.
    #[must_use]
    pub fn read<T: Deserialize<'a>>(&self) -> Option<T> {
        match serde_json::from_str(self.params) {
            Ok(params) => Some(params),
            Err(error) => {
                tracing::warn!(method = self.method, %error, "cdp event not understood");
                None
            }
        }
    }

    /// The parameters as JSON text.
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.params
    }
}

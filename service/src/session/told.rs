//! An event of a session as its listeners get it: one for all of them, and written once for all of them.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use helmwatch_protocol::LiveEvent;

/// An event that is told. A hundred people who look share one, and its text.
#[derive(Debug)]
pub struct Told {
    event: LiveEvent,
    text: OnceLock<Option<Bytes>>,
}

/// Equal when the same happened, whoever has written it already.
impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event
    }
}

impl Told {
    /// An event to be told.
    #[must_use]
    pub fn new(event: LiveEvent) -> Arc<Self> {
        Arc::new(Self { event, text: OnceLock::new() })
    }

    /// What happened.
    #[must_use]
    pub fn event(&self) -> &LiveEvent {
        &self.event
    }

    /// The same as JSON in UTF-8, written when the first asks for it; `None` for what cannot be written, which is a defect and logged.
    #[must_use]
    pub fn text(&self) -> Option<Bytes> {
        let write = || match serde_json::to_vec(&self.event) {
            Ok(text) => Some(Bytes::from(text)),
            Err(error) => {
                tracing::error!(%error, "an event cannot be written");
                None
            }
        };
        self.text.get_or_init(write).clone()
    }
}

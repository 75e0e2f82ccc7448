//! The floor: Chromium alone, and one client that acknowledges each frame at once.

use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::WARM;
use super::sample::Sample;
use crate::browser::Page;
use crate::cdp::Chromium;
use crate::viewer::now_us;
use crate::{Fault, Outcome};

/// The service's own flags, as far as they change what is painted and when.
const AS_OURS: [&str; 5] = [
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// A Chromium with pages open.
pub(super) struct Raw {
    chromium: Chromium,
    pub pages: Vec<Page>,
}

impl Raw {
    pub async fn start(pages: usize) -> Outcome<Self> {
        let chromium = Chromium::launch_with(&AS_OURS).await?;
        let mut open = Vec::new();
        for _ in 0..pages {
            open.push(Page::open(&chromium.connection()).await?);
        }
        Ok(Self { chromium, pages: open })
    }

    pub async fn goto(&self, pages: usize, url: &str) -> Outcome<()> {
        for page in &self.pages[..pages] {
            page.goto(url).await?;
        }
        Ok(())
    }

    /// Looks at the first so many pages at once, with the service's own settings.
    pub async fn watch(&self, pages: usize, look: Duration) -> Outcome<Sample> {
        let connection = self.chromium.connection();
        let mut events = connection.events();
        for page in &self.pages[..pages] {
            let wanted = json!({ "format": "jpeg", "quality": 70, "maxWidth": 1920, "maxHeight": 1200 });
            page.call("Page.startScreencast", wanted).await?;
        }
        let begins = Instant::now() + WARM;
        let ends = begins + look;
        let mut sample = Sample { took: look, ..Sample::default() };
        while let Ok(event) = tokio::time::timeout_at(ends, events.recv()).await {
            let event = match event {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return Err(Fault::of("raw CDP", "the browser is gone")),
            };
            if event.method != "Page.screencastFrame" {
                continue;
            }
            let acknowledged = json!({ "sessionId": event.params["sessionId"] });
            connection.post(&event.session, "Page.screencastFrameAck", acknowledged).await?;
            let data = event.params["data"].as_str().unwrap_or_default();
            let picture = base64::engine::general_purpose::STANDARD.decode(data);
            let picture = picture.map_err(|error| Fault::of("raw CDP", error))?;
            let seconds = event.params["metadata"]["timestamp"].as_f64().unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are positive")]
            let captured_at_us = (seconds * 1e6) as u64;
            if Instant::now() >= begins {
                sample.add(captured_at_us, now_us(), picture.len());
            }
        }
        for page in &self.pages[..pages] {
            page.call("Page.stopScreencast", json!({})).await?;
        }
        Ok(sample)
    }

    pub async fn stop(self) -> Outcome<()> {
        for page in self.pages {
            page.close().await?;
        }
        self.chromium.close().await
    }
}

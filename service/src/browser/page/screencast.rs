//! The live picture of a tab: started by its first watcher, stopped by its last.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{
    EventScreencastFrame, ScreencastFrameAckParams, StartScreencastFormat, StartScreencastParams, StopScreencastParams,
};
use tokio::sync::watch;

use super::Page;
use super::capture::{PictureFormat, Shot};
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;
use crate::browser::chromium::lock;

/// JPEG quality of live frames, 0 to 100.
const QUALITY: u8 = 80;
/// Largest live frame, device pixels a side.
const SIDE_PX_MAX: i64 = 2560;

/// One live frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Counts up over the tab's life.
    pub sequence: u64,
    /// Microseconds since the Unix epoch.
    pub captured_at_us: u64,
    pub jpeg: Bytes,
    /// The viewport it shows, CSS pixels.
    pub width: u32,
    pub height: u32,
}

#[derive(Default)]
pub(super) struct Cast {
    inner: Mutex<CastState>,
}

struct CastState {
    watchers: usize,
    sequence: u64,
    /// Newest only: nobody waits for anybody.
    newest: watch::Sender<Option<Arc<Frame>>>,
}

impl Default for CastState {
    fn default() -> Self {
        Self { watchers: 0, sequence: 0, newest: watch::Sender::new(None) }
    }
}

/// Held by one watcher of the live picture. Dropping the last one stops it.
pub struct Screencast {
    page: Arc<Page>,
    frames: watch::Receiver<Option<Arc<Frame>>>,
}

impl Screencast {
    /// The newest frame, always.
    #[must_use]
    pub fn frames(&self) -> watch::Receiver<Option<Arc<Frame>>> {
        self.frames.clone()
    }

    /// The tab it shows.
    #[must_use]
    pub fn page(&self) -> &Arc<Page> {
        &self.page
    }
}

impl Drop for Screencast {
    fn drop(&mut self) {
        let last = {
            let mut cast = lock(&self.page.cast.inner);
            cast.watchers -= 1;
            if cast.watchers == 0 {
                // A later watcher must not take an old picture for the page as it is.
                cast.newest.send_replace(None);
            }
            cast.watchers == 0
        };
        if last {
            self.page.session.post(&StopScreencastParams::default());
        }
    }
}

impl Page {
    /// Watches the tab live. The first watcher starts the screencast (`Page.startScreencast`) and takes one still, for a page
    /// that does not repaint.
    ///
    /// # Errors
    /// As the connection.
    pub async fn watch(self: &Arc<Self>) -> Result<Screencast, BrowserError> {
        let (first, frames) = {
            let mut cast = lock(&self.cast.inner);
            cast.watchers += 1;
            (cast.watchers == 1, cast.newest.subscribe())
        };
        let watching = Screencast { page: Arc::clone(self), frames };
        if first {
            let start = StartScreencastParams::builder()
                .format(StartScreencastFormat::Jpeg)
                .quality(i64::from(QUALITY))
                .max_width(SIDE_PX_MAX)
                .max_height(SIDE_PX_MAX)
                .every_nth_frame(1)
                .build();
            self.session.execute(start).await?;
            self.still();
        }
        Ok(watching)
    }

    /// Puts one still picture in front of the watchers unless a live frame comes first.
    fn still(self: &Arc<Self>) {
        let page = Arc::clone(self);
        self.tasks.spawn("still picture", async move {
            let Ok(jpeg) = page.capture(Shot::Viewport, PictureFormat::Jpeg, QUALITY).await else { return };
            let (width, height) = page.viewport();
            let mut cast = lock(&page.cast.inner);
            if cast.watchers > 0 && cast.newest.borrow().is_none() {
                cast.publish(jpeg, now_us(), width, height);
            }
        });
    }
}

impl CastState {
    fn publish(&mut self, jpeg: Bytes, captured_at_us: u64, width: u32, height: u32) {
        self.sequence += 1;
        let frame = Frame { sequence: self.sequence, captured_at_us, jpeg, width, height };
        self.newest.send_replace(Some(Arc::new(frame)));
    }
}

impl Cast {
    /// A frame from Chromium: acknowledged first, always, or no further one comes.
    pub fn take(&self, session: &CdpSession, event: EventScreencastFrame) {
        session.post(&ScreencastFrameAckParams::new(event.session_id));
        let Ok(jpeg) = base64::engine::general_purpose::STANDARD.decode(AsRef::<[u8]>::as_ref(&event.data)) else {
            tracing::warn!("a live frame was no base64");
            return;
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "sizes and times are small and positive"
        )]
        let (width, height, at) = (
            event.metadata.device_width as u32,
            event.metadata.device_height as u32,
            event.metadata.timestamp.map_or_else(now_us, |time| (*time.inner() * 1e6) as u64),
        );
        let mut cast = lock(&self.inner);
        // A frame that was under way when the last watcher left is late: acknowledged, not shown.
        if cast.watchers > 0 {
            cast.publish(jpeg.into(), at, width, height);
        }
    }

    /// The tab is gone; no frame will come.
    pub fn end(&self) {
        lock(&self.inner).newest.send_replace(None);
    }
}

fn now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

//! The live picture of a tab: started by its first watcher, stopped by its last, as fast as the one who wants most.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{
    EventScreencastFrame, ScreencastFrameAckParams, StartScreencastFormat, StartScreencastParams, StopScreencastParams,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Page;
use super::brake::Brake;
use super::capture::{PictureFormat, Shot};
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;
use crate::browser::launch::CastOptions;
use crate::browser::lock::lock;

/// Frames that may wait for their acknowledgement. Chromium leaves about four open; one more than this is acknowledged at once.
const FRAMES_HELD_MAX: usize = 16;
/// After frames were held back and none came for this long, the page stands still: its last picture may be one that Chromium dropped.
const QUIET: Duration = Duration::from_millis(250);

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
    /// Each watcher's number, and the frames a second it wants.
    wishes: Vec<(u64, u32)>,
    /// Number of the next watcher.
    next_watcher: u64,
    sequence: u64,
    /// Newest only: nobody waits for anybody.
    newest: watch::Sender<Option<Arc<Frame>>>,
    /// The way to the task that acknowledges frames; `None` while nobody watches, which ends that task.
    acknowledging: Option<Acknowledging>,
}

struct Acknowledging {
    /// Chromium's numbers of frames, as they came.
    frames: mpsc::Sender<i64>,
    /// Frames a second that the one who wants most wants.
    fps: watch::Sender<u32>,
}

impl Default for CastState {
    fn default() -> Self {
        let newest = watch::Sender::new(None);
        Self { wishes: Vec::new(), next_watcher: 0, sequence: 0, newest, acknowledging: None }
    }
}

/// Held by one watcher of the live picture. Dropping the last one stops it.
pub struct Screencast {
    page: Arc<Page>,
    watcher: u64,
    frames: watch::Receiver<Option<Arc<Frame>>>,
}

impl Screencast {
    /// The newest frame, always; `None` before the first one and after the tab is gone.
    #[must_use]
    pub fn frames(&self) -> watch::Receiver<Option<Arc<Frame>>> {
        self.frames.clone()
    }

    /// Frames a second this watcher has a use for; as many as may be until it says so. Chromium makes as many as the one who wants
    /// most, so a page that is only a thumbnail somewhere costs little.
    pub fn want(&self, fps: u32) {
        let mut cast = lock(&self.page.cast.inner);
        if let Some(wish) = cast.wishes.iter_mut().find(|(watcher, _)| *watcher == self.watcher) {
            wish.1 = fps.clamp(1, self.page.options.cast.fps_max);
        }
        cast.tell_fps();
    }
}

impl Drop for Screencast {
    fn drop(&mut self) {
        let mut cast = lock(&self.page.cast.inner);
        cast.wishes.retain(|(watcher, _)| *watcher != self.watcher);
        if !cast.wishes.is_empty() {
            return cast.tell_fps();
        }
        cast.acknowledging = None;
        // A later watcher must not take an old picture for the page as it is.
        cast.newest.send_replace(None);
        // Under the lock, so that it never overtakes the start for the next watcher.
        self.page.session.post(&StopScreencastParams::default());
    }
}

impl Page {
    /// Watches the tab live. The first watcher starts the screencast (`Page.startScreencast`) and takes one still, for a page
    /// that does not repaint.
    ///
    /// # Errors
    /// As the connection.
    pub async fn watch(self: &Arc<Self>) -> Result<Screencast, BrowserError> {
        let fps_max = self.options.cast.fps_max;
        let (first, watching) = {
            let mut cast = lock(&self.cast.inner);
            let first = cast.wishes.is_empty();
            let watcher = cast.next_watcher;
            cast.next_watcher += 1;
            cast.wishes.push((watcher, fps_max));
            if first {
                let (frames, held) = mpsc::channel(FRAMES_HELD_MAX);
                let (fps, wanted) = watch::channel(fps_max);
                cast.acknowledging = Some(Acknowledging { frames, fps });
                self.tasks.spawn("screencast", Arc::clone(self).acknowledge(held, wanted));
            } else {
                cast.tell_fps();
            }
            (first, Screencast { page: Arc::clone(self), watcher, frames: cast.newest.subscribe() })
        };
        if first {
            self.session.execute(start(self.options.cast)).await?;
            self.still();
        }
        Ok(watching)
    }

    /// Acknowledges frames no faster than they are wanted, and asks for the picture anew when one may have been missed. Ends
    /// with the last watcher.
    async fn acknowledge(self: Arc<Self>, mut held: mpsc::Receiver<i64>, mut fps: watch::Receiver<u32>) {
        let mut brake = Brake::default();
        loop {
            let next = match brake.is_behind() {
                true => tokio::time::timeout(QUIET, held.recv()).await,
                false => Ok(held.recv().await),
            };
            let frame = match next {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(_) => {
                    brake = Brake::default();
                    self.cast_anew(&held);
                    continue;
                }
            };
            let came = Instant::now();
            let mut held_back = false;
            let interval = loop {
                let interval = Duration::from_secs(1) / (*fps.borrow_and_update()).max(1);
                let at = brake.release_at(came, interval);
                if at <= Instant::now() {
                    break interval;
                }
                held_back = true;
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    changed = fps.changed() => if changed.is_err() { return },
                }
            };
            brake.released(Instant::now(), interval, held_back, !held.is_empty());
            self.session.post(&ScreencastFrameAckParams::new(frame));
        }
    }

    /// A screencast that starts sends the page as it is, once.
    fn cast_anew(&self, held: &mpsc::Receiver<i64>) {
        let _cast = lock(&self.cast.inner);
        // Under the lock: whoever left last has closed the channel and stopped the screencast, and it stays stopped.
        if !held.is_closed() {
            self.session.post(&StopScreencastParams::default());
            self.session.post(&start(self.options.cast));
        }
    }

    /// Puts one still picture in front of the watchers unless a live frame comes first.
    fn still(self: &Arc<Self>) {
        let page = Arc::clone(self);
        self.tasks.spawn("still picture", async move {
            let Ok(jpeg) = page.capture(Shot::Viewport, PictureFormat::Jpeg, page.options.cast.quality).await else {
                return;
            };
            let (width, height) = page.viewport();
            let mut cast = lock(&page.cast.inner);
            if !cast.wishes.is_empty() && cast.newest.borrow().is_none() {
                cast.publish(jpeg, now_us(), width, height);
            }
        });
    }
}

impl CastState {
    fn tell_fps(&self) {
        if let (Some(acknowledging), Some(most)) = (&self.acknowledging, self.wishes.iter().map(|(_, fps)| *fps).max())
        {
            acknowledging.fps.send_if_modified(|fps| std::mem::replace(fps, most) != most);
        }
    }

    fn publish(&mut self, jpeg: Bytes, captured_at_us: u64, width: u32, height: u32) {
        self.sequence += 1;
        let frame = Frame { sequence: self.sequence, captured_at_us, jpeg, width, height };
        self.newest.send_replace(Some(Arc::new(frame)));
    }
}

impl Cast {
    /// A frame from Chromium: its acknowledgement is seen to first, always, or no further one comes.
    pub fn take(&self, session: &CdpSession, event: EventScreencastFrame) {
        let seen_to =
            lock(&self.inner).acknowledging.as_ref().is_some_and(|to| to.frames.try_send(event.session_id).is_ok());
        if !seen_to {
            session.post(&ScreencastFrameAckParams::new(event.session_id));
        }
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
        if !cast.wishes.is_empty() {
            cast.publish(jpeg.into(), at, width, height);
        }
    }

    /// The tab is gone; no frame will come.
    pub fn end(&self) {
        lock(&self.inner).newest.send_replace(None);
    }
}

fn start(options: CastOptions) -> StartScreencastParams {
    StartScreencastParams::builder()
        .format(StartScreencastFormat::Jpeg)
        .quality(i64::from(options.quality))
        .max_width(i64::from(options.width_max))
        .max_height(i64::from(options.height_max))
        .every_nth_frame(1)
        .build()
}

fn now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

//! The live picture of a tab: started by its first watcher, stopped by its last, as large and as fast as the one who wants most.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{
    ScreencastFrameAckParams, StartScreencastFormat, StartScreencastParams, StopScreencastParams,
};
use metrics::counter;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Page;
use super::capture::{PictureFormat, Shot};
use super::caster::{Caster, Deed, Verdict, Wish};
use crate::browser::BrowserError;
use crate::browser::cdp::{CdpSession, Event};
use crate::browser::launch::CastOptions;
use crate::browser::lock::lock;
use crate::browser::picture::jpeg_width;
use crate::telemetry::names;

/// As many frames a second as Chromium makes at best. Whoever wants that many is not held back at all.
const CHROMIUM_FPS: u32 = 60;
/// A cast that brings no picture within this time is helped out with a still one.
const FIRST_WITHIN: Duration = Duration::from_millis(400);
/// A page that does not say within this time how much it changed is too busy to be asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Pictures up to this width are written with more care: artefacts show more, and they are small anyway.
const SMALL_PX: u32 = 640;
/// JPEG quality of small pictures, if the usual one is lower.
const SMALL_QUALITY: u8 = 80;

/// One live frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Counts up over the tab's life.
    pub sequence: u64,
    /// Microseconds since the Unix epoch.
    pub captured_at_us: u64,
    pub jpeg: Bytes,
    /// Width of the picture itself, device pixels.
    pub picture_width: u32,
    /// The viewport it shows, CSS pixels.
    pub width: u32,
    pub height: u32,
}

/// `Page.screencastFrame`, as far as it is wanted, borrowed from the message: nothing comes more often or is larger.
#[derive(Deserialize)]
struct Came<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
    metadata: Metadata,
    /// Chromium's number of the cast, not of the frame.
    #[serde(rename = "sessionId")]
    cast: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    device_width: f64,
    device_height: f64,
    timestamp: Option<f64>,
}

#[derive(Deserialize)]
struct Changes {
    count: u64,
}

#[derive(Default)]
pub(super) struct Cast {
    inner: Mutex<CastState>,
    /// Tells the task that something is due earlier than it thinks.
    wake: Arc<Notify>,
}

struct CastState {
    /// Each watcher's number, and what it wants.
    wishes: Vec<(u64, Wish)>,
    /// Number of the next watcher.
    next_watcher: u64,
    sequence: u64,
    /// Newest only: nobody waits for anybody.
    newest: watch::Sender<Option<Arc<Frame>>>,
    /// `None` while nobody watches.
    caster: Option<Caster>,
    /// Counts audiences, from a first watcher to a last: each has a task of its own.
    audience: u64,
    /// Chromium's number of the last cast.
    last_cast: i64,
    /// When the task looks again by itself.
    looks_at: Option<Instant>,
}

impl Default for CastState {
    fn default() -> Self {
        Self {
            wishes: Vec::new(),
            next_watcher: 0,
            sequence: 0,
            newest: watch::Sender::new(None),
            caster: None,
            audience: 0,
            last_cast: i64::MIN,
            looks_at: None,
        }
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

    /// What this watcher has a use for from now on, as in [`Page::watch`]. Chromium makes what the one who wants most wants, so a
    /// page that is only a thumbnail somewhere costs little.
    pub fn want(&self, fps: u32, width: Option<u32>) {
        let wish = wish(self.page.options.cast, fps, width);
        let mut cast = lock(&self.page.cast.inner);
        if let Some(known) = cast.wishes.iter_mut().find(|(watcher, _)| *watcher == self.watcher) {
            known.1 = wish;
        }
        self.page.cast.tell(&mut cast);
    }
}

impl Drop for Screencast {
    fn drop(&mut self) {
        let mut cast = lock(&self.page.cast.inner);
        cast.wishes.retain(|(watcher, _)| *watcher != self.watcher);
        if !cast.wishes.is_empty() {
            return self.page.cast.tell(&mut cast);
        }
        if let Some(caster) = cast.caster.take() {
            cast.last_cast = caster.last_number();
        }
        // A later watcher must not take an old picture for the page as it is.
        cast.newest.send_replace(None);
        // Under the lock, so that it never overtakes the start for the next watcher.
        self.page.session.post(&StopScreencastParams::default());
        self.page.cast.wake.notify_one();
    }
}

impl Page {
    /// Watches the tab live, with at most so many frames a second and pictures of that width in device pixels (`None`: as large as
    /// may be). The first watcher starts the screencast (`Page.startScreencast`); when that brings no picture soon, a still one is
    /// taken.
    ///
    /// # Errors
    /// When the tab is gone or has crashed.
    pub fn watch(self: &Arc<Self>, fps: u32, width: Option<u32>) -> Result<Screencast, BrowserError> {
        lock(&self.state).fit()?;
        let wish = wish(self.options.cast, fps, width);
        let mut cast = lock(&self.cast.inner);
        let watcher = cast.next_watcher;
        cast.next_watcher += 1;
        cast.wishes.push((watcher, wish));
        let watching = Screencast { page: Arc::clone(self), watcher, frames: cast.newest.subscribe() };
        if cast.caster.is_some() {
            self.cast.tell(&mut cast);
        } else {
            let (mut caster, first) = Caster::begun(wish, Instant::now());
            caster.after(cast.last_cast);
            cast.caster = Some(caster);
            cast.audience += 1;
            self.tasks.spawn("screencast", Arc::clone(self).run_cast(cast.audience, first));
            self.tasks.spawn("still picture", Arc::clone(self).still(watching.frames()));
        }
        Ok(watching)
    }

    /// Sees to the picture until this audience is gone: that it flows, and that no secret comes into it.
    async fn run_cast(self: Arc<Self>, audience: u64, first: Deed) {
        // What came while nobody saw the page is covered before its first picture.
        self.cover_what_is_drawn().await;
        {
            let cast = lock(&self.cast.inner);
            if cast.audience != audience || cast.caster.is_none() {
                return;
            }
            self.carry_out(first);
        }
        tokio::select! {
            () = self.do_what_is_due(audience) => {}
            () = self.stay_covered() => {}
        }
    }

    async fn do_what_is_due(&self, audience: u64) {
        loop {
            let (at, ask) = {
                let mut cast = lock(&self.cast.inner);
                let mine = cast.audience == audience;
                let Some(caster) = cast.caster.as_mut().filter(|_| mine) else {
                    // Perhaps it was the next audience's task that was to be woken.
                    self.cast.wake.notify_one();
                    return;
                };
                let mut deeds = Vec::new();
                caster.tick(Instant::now(), &mut deeds);
                let at = caster.next_at();
                cast.looks_at = Some(at);
                let ask = deeds.contains(&Deed::CountChanges);
                deeds.into_iter().for_each(|deed| self.carry_out(deed));
                (at, ask)
            };
            if ask {
                self.count_changes().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(at) => {}
                () = self.cast.wake.notified() => {}
            }
        }
    }

    /// Makes the compositor draw, whether anything changed or not: a cast that starts does. Nobody is shown it unless somebody
    /// watches anyway; without a watcher it is stopped when the answer is dropped.
    pub(super) fn kick(&self) -> Kick<'_> {
        let mut deeds = Vec::new();
        let mut cast = lock(&self.cast.inner);
        match &mut cast.caster {
            Some(caster) => caster.kick(Instant::now(), &mut deeds),
            None => deeds.push(Deed::Start(self.options.cast.width_max)),
        }
        deeds.into_iter().for_each(|deed| self.carry_out(deed));
        self.cast.wake_if_earlier(&cast);
        Kick { page: self }
    }

    /// Asks the page how much it has changed. One that does not answer is busy, or shows a dialog.
    async fn count_changes(&self) {
        let (frame, nothing) = (self.main_frame(), json!({}));
        let asking = self.call_once(&frame, "changes", &nothing, ANSWER_WITHIN);
        let answer = tokio::time::timeout(ANSWER_WITHIN, asking).await;
        let changes =
            answer.ok().and_then(Result::ok).and_then(|answer| serde_json::from_value::<Changes>(answer).ok());
        let mut deeds = Vec::new();
        let mut cast = lock(&self.cast.inner);
        match (&mut cast.caster, changes) {
            (Some(caster), Some(changes)) => caster.changes(changes.count, Instant::now(), &mut deeds),
            (Some(caster), None) => caster.unanswered(Instant::now()),
            (None, _) => {}
        }
        // Under the lock, in order with everybody else's.
        deeds.into_iter().for_each(|deed| self.carry_out(deed));
    }

    fn carry_out(&self, deed: Deed) {
        carry_out(&self.session, self.options.cast, deed);
    }

    /// Puts one still picture in front of the watchers unless a live frame comes soon.
    async fn still(self: Arc<Self>, mut newest: watch::Receiver<Option<Arc<Frame>>>) {
        if tokio::time::timeout(FIRST_WITHIN, newest.wait_for(Option::is_some)).await.is_ok() {
            return;
        }
        let Ok(jpeg) = self.capture(Shot::Viewport, PictureFormat::Jpeg, self.options.cast.quality).await else {
            return;
        };
        let (width, height) = self.viewport();
        let mut cast = lock(&self.cast.inner);
        if !cast.wishes.is_empty() && cast.newest.borrow().is_none() {
            cast.publish(jpeg, now_us(), width, height);
        }
    }
}

/// A cast that nobody watches, for as long as a picture needs it.
pub(super) struct Kick<'a> {
    page: &'a Page,
}

impl Drop for Kick<'_> {
    fn drop(&mut self) {
        let cast = lock(&self.page.cast.inner);
        // Under the lock: never over the start for a watcher who came meanwhile.
        if cast.caster.is_none() {
            self.page.session.post(&StopScreencastParams::default());
        }
    }
}

impl CastState {
    fn publish(&mut self, jpeg: Bytes, captured_at_us: u64, width: u32, height: u32) {
        self.sequence += 1;
        let picture_width = jpeg_width(&jpeg).unwrap_or(width);
        let frame = Frame { sequence: self.sequence, captured_at_us, jpeg, picture_width, width, height };
        self.newest.send_replace(Some(Arc::new(frame)));
    }

    /// Is it, byte for byte, the picture that is shown already?
    fn shows(&self, jpeg: &[u8]) -> bool {
        self.newest.borrow().as_ref().is_some_and(|newest| newest.jpeg == jpeg)
    }
}

impl Cast {
    /// A frame from Chromium: its acknowledgement is seen to first, always, or no further one comes.
    pub fn take(&self, session: &CdpSession, options: CastOptions, event: Event<'_>) {
        let Some(came) = event.read::<Came<'_>>() else { return };
        let jpeg = base64::engine::general_purpose::STANDARD.decode(came.data.as_bytes()).unwrap_or_default();
        let now = Instant::now();
        let mut deeds = Vec::new();
        let mut cast = lock(&self.inner);
        let same = cast.shows(&jpeg);
        let verdict = match &mut cast.caster {
            Some(caster) => {
                let verdict = caster.frame(came.cast, same, now, &mut deeds);
                caster.tick(now, &mut deeds);
                verdict
            }
            // A frame that was under way when the last watcher left is late: acknowledged, not shown.
            None => {
                cast.last_cast = cast.last_cast.max(came.cast);
                deeds.push(Deed::Acknowledge(came.cast));
                Verdict::Nothing
            }
        };
        for deed in deeds {
            carry_out(session, options, deed);
        }
        if jpeg.is_empty() {
            tracing::warn!("a live frame was no base64");
        } else if verdict == Verdict::News {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "sizes and times are small and positive"
            )]
            let (width, height, at) = (
                came.metadata.device_width as u32,
                came.metadata.device_height as u32,
                came.metadata.timestamp.map_or_else(now_us, |seconds| (seconds * 1e6) as u64),
            );
            cast.publish(jpeg.into(), at, width, height);
        }
        self.wake_if_earlier(&cast);
    }

    /// The tab is gone; no frame will come.
    pub fn end(&self) {
        let mut cast = lock(&self.inner);
        cast.caster = None;
        cast.newest.send_replace(None);
        self.wake.notify_one();
    }

    /// The watchers' wishes have changed.
    fn tell(&self, cast: &mut CastState) {
        let most = cast.wishes.iter().map(|(_, wish)| *wish).reduce(|one, other| Wish {
            fps: one.fps.zip(other.fps).map(|(one, other)| one.max(other)),
            width: one.width.max(other.width),
        });
        if let (Some(caster), Some(most)) = (&mut cast.caster, most) {
            caster.wants(most);
        }
        self.wake_if_earlier(cast);
    }

    fn wake_if_earlier(&self, cast: &CastState) {
        if let (Some(caster), Some(looks_at)) = (&cast.caster, cast.looks_at)
            && caster.next_at() < looks_at
        {
            self.wake.notify_one();
        }
    }
}

/// Never waits; called under the lock, so that deeds go out in the order they were decided.
fn carry_out(session: &CdpSession, options: CastOptions, deed: Deed) {
    match deed {
        Deed::Acknowledge(cast) => session.post(&ScreencastFrameAckParams::new(cast)),
        Deed::Stop => session.post(&StopScreencastParams::default()),
        Deed::Start(width) => session.post(&start(options, width)),
        Deed::Revive(width) => {
            tracing::debug!("a live picture fell silent and is started anew");
            counter!(names::LIVE_CASTS_REVIVED).increment(1);
            session.post(&start(options, width));
        }
        // Seen to by the task.
        Deed::CountChanges => {}
    }
}

fn wish(options: CastOptions, fps: u32, width: Option<u32>) -> Wish {
    let fps = fps.clamp(1, options.fps_max.max(1));
    Wish {
        fps: (fps < CHROMIUM_FPS).then_some(fps),
        width: width.map_or(options.width_max, |width| width.min(options.width_max)),
    }
}

fn start(options: CastOptions, width: u32) -> StartScreencastParams {
    let quality = if width <= SMALL_PX { options.quality.max(SMALL_QUALITY) } else { options.quality };
    StartScreencastParams::builder()
        .format(StartScreencastFormat::Jpeg)
        .quality(i64::from(quality))
        .max_width(i64::from(width))
        .max_height(i64::from(options.height_max))
        .every_nth_frame(1)
        .build()
}

fn now_us() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

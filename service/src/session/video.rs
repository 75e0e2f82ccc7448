//! A video of what a session shows: its current tab, frame by frame, into a file of the session.
//!
//! One task a video. It takes the newest live frame whenever one may be taken, so a slow machine makes fewer pictures and never a
//! queue of them. It ends when it is told to, at its limits, and with its session; the file is kept in each case.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::browser::{ActionStyle, BrowserError, VideoWriter};
use crate::files::StoredFile;

/// Videos the whole service makes at once: each folds pictures on a processor that tools and live views want too.
const VIDEOS_MAX: usize = 4;
/// Longest video; it ends by itself then.
const LENGTH_MAX: Duration = Duration::from_secs(30 * 60);
/// Largest video, bytes, unless a file may have fewer.
const BYTES_MAX: u64 = 64 << 20;
/// Kept free for what is written at the end.
const END_BYTES: u64 = 1 << 20;
/// Chapters of one video.
const CHAPTERS_MAX: usize = 200;
/// How long the end of a session waits for its video.
const END_WAIT: Duration = Duration::from_secs(5);

static VIDEOS: AtomicUsize = AtomicUsize::new(0);

/// What a video is to be.
#[derive(Debug, Clone)]
pub struct VideoWish {
    /// Name of the file.
    pub name: String,
    /// Pixels; the first frame's when absent.
    pub size: Option<(u32, u32)>,
    /// Pictures a second, at most.
    pub fps: u32,
}

/// A finished video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFile {
    pub file: StoredFile,
    /// Why it ended before it was told to, in words.
    pub cut_short: Option<&'static str>,
}

/// How actions are shown before they are done, and for how long.
#[derive(Debug, Clone)]
pub struct ShownActions {
    pub style: ActionStyle,
    pub duration: Duration,
    /// Is the action named, or only pointed at?
    pub named: bool,
}

/// A video under way.
pub(super) struct Video {
    stop: CancellationToken,
    began: Instant,
    chapters: Arc<Mutex<Vec<(u64, String)>>>,
    done: JoinHandle<Option<Result<Option<VideoFile>, BrowserError>>>,
}

/// A place among [`VIDEOS_MAX`].
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let taken =
            VIDEOS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| (now < VIDEOS_MAX).then_some(now + 1));
        taken.is_ok().then_some(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        VIDEOS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session {
    /// Begins a video.
    ///
    /// # Errors
    /// `Page` (`video_runs`) when one is under way, (`too_many_videos`) when the service makes as many as it may.
    pub fn start_video(self: &Arc<Self>, wish: VideoWish) -> Result<(), BrowserError> {
        let refused =
            |code: &str, message: &str| Err(BrowserError::Page { code: code.to_owned(), message: message.to_owned() });
        let mut video = self.video.lock().unwrap_or_else(PoisonError::into_inner);
        if video.is_some() {
            return refused("video_runs", "a video is being recorded already; end it first (browser_stop_video)");
        }
        let Some(place) = Place::take() else {
            return refused("too_many_videos", "the service records as many videos as it may; try again later");
        };
        let stop = CancellationToken::new();
        let chapters = Arc::<Mutex<Vec<(u64, String)>>>::default();
        let began = Instant::now();
        let recording = Recording {
            session: Arc::clone(self),
            wish,
            began,
            chapters: Arc::clone(&chapters),
            path: self.files.inbox().join(format!("video-{:016x}", rand::random::<u64>())),
            writer: None,
        };
        let told = stop.clone();
        let done = self.tasks.spawn_with("video", |ending| async move {
            let _place = place;
            recording.run(told, ending).await
        });
        *video = Some(Video { stop, began, chapters, done });
        Ok(())
    }

    /// Ends the video; `None` when there is none, or it has no picture.
    ///
    /// # Errors
    /// When its file could not be written or kept.
    pub async fn stop_video(&self) -> Result<Option<VideoFile>, BrowserError> {
        let video = self.video.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(video) = video else { return Ok(None) };
        video.stop.cancel();
        match video.done.await {
            Ok(Some(done)) => done,
            _ => Err(BrowserError::Script("the video broke off".to_owned())),
        }
    }

    /// Puts a chapter where the video is now; false when there is no video or it has as many as it may.
    pub fn video_chapter(&self, title: &str) -> bool {
        let video = self.video.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(video) = video.as_ref() else { return false };
        let mut chapters = video.chapters.lock().unwrap_or_else(PoisonError::into_inner);
        if chapters.len() == CHAPTERS_MAX {
            return false;
        }
        chapters.push((millis(video.began.elapsed()), title.to_owned()));
        true
    }

    /// Shows from now on what actions do before they do it; `None` ends that.
    pub fn show_actions(&self, shown: Option<ShownActions>) {
        self.lock().shown_actions = shown;
    }

    /// How actions are to be shown, when they are.
    #[must_use]
    pub fn shown_actions(&self) -> Option<ShownActions> {
        self.lock().shown_actions.clone()
    }

    /// Ends the video with the session; its file is kept as far as it goes.
    pub(super) async fn end_video(&self) {
        match tokio::time::timeout(END_WAIT, self.stop_video()).await {
            Ok(Ok(video)) => self.lock().left_video = video,
            _ => tracing::warn!("a session's video could not be finished"),
        }
    }

    /// The video that ended with the session.
    #[must_use]
    pub fn left_video(&self) -> Option<VideoFile> {
        self.lock().left_video.take()
    }
}

/// What the task has.
struct Recording {
    session: Arc<Session>,
    wish: VideoWish,
    began: Instant,
    chapters: Arc<Mutex<Vec<(u64, String)>>>,
    path: PathBuf,
    writer: Option<VideoWriter>,
}

impl Recording {
    async fn run(
        mut self,
        stop: CancellationToken,
        ending: CancellationToken,
    ) -> Result<Option<VideoFile>, BrowserError> {
        let recorded = self.record(&stop, &ending).await;
        let end_ms = millis(self.began.elapsed());
        let finished = match (self.writer.take(), &recorded) {
            (Some(writer), Ok(_)) => {
                let chapters = self.chapters.lock().unwrap_or_else(PoisonError::into_inner).clone();
                blocking(move || writer.finish(end_ms, &chapters)).await.map(|()| true)
            }
            _ => Ok(false),
        };
        match (recorded, finished) {
            (Ok(cut_short), Ok(true)) => {
                let kept = self.session.files.adopt(&self.path, &self.wish.name, "video/webm").await;
                let file = kept.map_err(|error| BrowserError::Page {
                    code: error.code().to_owned(),
                    message: error.to_string(),
                })?;
                Ok(Some(VideoFile { file, cut_short }))
            }
            (recorded, finished) => {
                drop(tokio::fs::remove_file(&self.path).await);
                recorded.and(finished).map(|_| None)
            }
        }
    }

    /// Writes frames until it is told to end; answers why it ended by itself.
    async fn record(
        &mut self,
        stop: &CancellationToken,
        ending: &CancellationToken,
    ) -> Result<Option<&'static str>, BrowserError> {
        let bytes_max = BYTES_MAX.min(self.session.files.file_bytes_max()).saturating_sub(END_BYTES);
        let limit = self.began + LENGTH_MAX;
        let interval = Duration::from_secs(1) / self.wish.fps.max(1);
        let closing = self.session.closing();
        let mut events = self.session.events();
        loop {
            // A tab that cannot be watched (it is closing, say) is waited for like none.
            let watched = match self.session.current_tab() {
                Some(page) => page.watch(self.wish.fps, None).ok().map(|cast| (page.number(), cast)),
                None => None,
            };
            let mut frames = watched.as_ref().map(|(_, cast)| cast.frames());
            // What somebody else's watching has brought already is the first picture.
            if let Some(frames) = &mut frames {
                frames.mark_changed();
            }
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return Ok(None),
                    () = closing.cancelled() => return Ok(Some("the session ended")),
                    () = ending.cancelled() => return Ok(Some("the service ended")),
                    () = tokio::time::sleep_until(limit) => return Ok(Some("it was as long as a video may be")),
                    // Lagging only means that there was more news.
                    _ = events.recv() => {
                        let current = self.session.current_tab().map(|page| page.number());
                        if current != watched.as_ref().map(|(number, _)| *number) {
                            break;
                        }
                    }
                    changed = newest(frames.as_mut()) => {
                        let Some(frame) = changed else {
                            frames = None;
                            continue;
                        };
                        // What a person does is theirs; pictures go on when the page is the agent's again.
                        if self.session.is_driven() {
                            continue;
                        }
                        let next = Instant::now() + interval;
                        self.write(frame.jpeg.clone()).await?;
                        if self.writer.as_ref().is_some_and(|writer| writer.bytes() > bytes_max) {
                            return Ok(Some("it was as large as a file may be"));
                        }
                        tokio::select! {
                            biased;
                            () = stop.cancelled() => return Ok(None),
                            () = tokio::time::sleep_until(next) => {}
                        }
                    }
                }
            }
        }
    }

    async fn write(&mut self, jpeg: bytes::Bytes) -> Result<(), BrowserError> {
        let at_ms = millis(self.began.elapsed());
        let (path, size) = (self.path.clone(), self.wish.size);
        let writer = self.writer.take();
        let written = blocking(move || match writer {
            None => VideoWriter::begin(&path, size, &jpeg),
            Some(mut writer) => writer.frame(&jpeg, at_ms).map(|()| writer),
        });
        self.writer = Some(written.await?);
        Ok(())
    }
}

/// The next frame; `None` when no further one comes. Never, where there are none.
async fn newest(
    frames: Option<&mut tokio::sync::watch::Receiver<Option<Arc<crate::browser::Frame>>>>,
) -> Option<Arc<crate::browser::Frame>> {
    let Some(frames) = frames else { return std::future::pending().await };
    loop {
        frames.changed().await.ok()?;
        let frame = frames.borrow_and_update().clone();
        if frame.is_some() {
            return frame;
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BrowserError> + Send + 'static,
) -> Result<T, BrowserError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(BrowserError::Script("writing the video failed".to_owned())))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

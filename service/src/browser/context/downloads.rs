//! Downloads of one context: what is under way, what came of it.
//!
//! Chromium writes each under its own number into a folder the session names; a name of the page's never touches the disk here. One that
//! grows beyond the room there is, is cancelled while it comes. What happened is kept until the session takes it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use chromiumoxide::cdp::browser_protocol::browser::{
    DownloadProgressState, EventDownloadProgress, EventDownloadWillBegin,
};

use super::Context;
use crate::browser::BrowserError;
use crate::browser::launch::Source;
use crate::browser::lock::lock;
use chromiumoxide::cdp::browser_protocol::browser::{
    BrowserContextId, CancelDownloadParams, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams,
};
use chromiumoxide::cdp::browser_protocol::target::CloseTargetParams;
use std::time::Duration;

/// Downloads of one context at a time; one more is cancelled.
const UNDER_WAY_MAX: usize = 8;
/// News nobody took yet; of more the oldest are forgotten, but for files that are done.
const NEWS_MAX: usize = 64;
/// Longest name told, characters.
const NAME_CHARS_MAX: usize = 200;

/// Where downloads go, and how much may.
pub trait Inbox: Send + Sync + 'static {
    /// The folder Chromium writes into.
    fn folder(&self) -> &Path;
    /// Bytes of one file.
    fn file_bytes_max(&self) -> u64;
    /// Takes room for so many bytes more.
    ///
    /// # Errors
    /// Why there is none, in one line.
    fn take(&self, bytes: u64) -> Result<(), String>;
    /// Gives room back.
    fn give_back(&self, bytes: u64);
}

/// Something that happened to a download. Names are the page's words, cut: data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadNews {
    Begun {
        name: String,
    },
    /// The file lies in the inbox, and its room is still taken.
    Done {
        name: String,
        path: PathBuf,
        bytes: u64,
    },
    /// Nothing is left of it but perhaps the file named here.
    Failed {
        name: String,
        why: String,
        left: Option<PathBuf>,
    },
}

#[derive(Default)]
pub(in crate::browser) struct Downloads {
    /// Set once, when downloads are allowed.
    inbox: OnceLock<Arc<dyn Inbox>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    under_way: Vec<UnderWay>,
    news: VecDeque<DownloadNews>,
    /// Counts downloads begun.
    begun: u64,
}

struct UnderWay {
    guid: String,
    name: String,
    /// Bytes room was taken for.
    taken: u64,
    /// Why it was cancelled by us.
    cancelled: Option<String>,
}

/// What must be done about a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::browser) enum Verdict {
    Fine,
    Cancel,
}

impl Downloads {
    /// From now on they go to `inbox`.
    pub fn allow(&self, inbox: Arc<dyn Inbox>) {
        drop(self.inbox.set(inbox));
    }

    pub fn are_allowed(&self) -> bool {
        self.inbox.get().is_some()
    }

    /// Counts those that ever began.
    pub fn begun_count(&self) -> u64 {
        lock(&self.state).begun
    }

    pub fn are_under_way(&self) -> bool {
        !lock(&self.state).under_way.is_empty()
    }

    pub fn begun(&self, event: &EventDownloadWillBegin) -> Verdict {
        let name: String = event.suggested_filename.chars().take(NAME_CHARS_MAX).collect();
        let mut state = lock(&self.state);
        state.begun += 1;
        let refused = if self.inbox.get().is_none() {
            Some("downloads are off".to_owned())
        } else if state.under_way.len() >= UNDER_WAY_MAX {
            Some(format!("{UNDER_WAY_MAX} downloads are under way already"))
        } else {
            None
        };
        if let Some(why) = refused {
            state.tell(DownloadNews::Failed { name, why, left: None });
            return Verdict::Cancel;
        }
        state.tell(DownloadNews::Begun { name: name.clone() });
        state.under_way.push(UnderWay { guid: event.guid.clone(), name, taken: 0, cancelled: None });
        Verdict::Fine
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "Chromium counts bytes in doubles")]
    pub fn moved(&self, event: &EventDownloadProgress) -> Verdict {
        let Some(inbox) = self.inbox.get() else { return Verdict::Fine };
        let mut state = lock(&self.state);
        let Some(at) = state.under_way.iter().position(|one| one.guid == event.guid) else { return Verdict::Fine };
        let (received, total) = (event.received_bytes.max(0.0) as u64, event.total_bytes.max(0.0) as u64);
        let one = &mut state.under_way[at];
        let mut verdict = Verdict::Fine;
        if one.cancelled.is_none() {
            let max = inbox.file_bytes_max();
            let more = received.saturating_sub(one.taken);
            let room = if received.max(total) > max {
                Err(format!("it has more than the {max} bytes a file may have"))
            } else {
                inbox.take(more).map(|()| one.taken += more)
            };
            if let Err(why) = room {
                one.cancelled = Some(why);
                verdict = Verdict::Cancel;
            }
        }
        if event.state == DownloadProgressState::InProgress {
            return verdict;
        }
        let one = state.under_way.swap_remove(at);
        let path = inbox.folder().join(Path::new(&one.guid).file_name().unwrap_or_default());
        if event.state == DownloadProgressState::Completed && one.cancelled.is_none() {
            state.tell(DownloadNews::Done { name: one.name, path, bytes: one.taken });
        } else {
            inbox.give_back(one.taken);
            let why = one.cancelled.unwrap_or_else(|| "it broke off".to_owned());
            state.tell(DownloadNews::Failed { name: one.name, why, left: Some(path) });
        }
        // It is over; there is nothing to cancel any more.
        Verdict::Fine
    }

    /// Takes what happened, oldest first; each is given once. Whoever takes a file that is done gives its room back.
    pub fn take_news(&self) -> Vec<DownloadNews> {
        let mut state = lock(&self.state);
        if state.news.is_empty() { Vec::new() } else { state.news.drain(..).collect() }
    }
}

impl State {
    fn tell(&mut self, news: DownloadNews) {
        if self.news.len() >= NEWS_MAX
            && let Some(at) = self.news.iter().position(|one| !matches!(one, DownloadNews::Done { .. }))
        {
            self.news.remove(at);
        }
        self.news.push_back(news);
    }
}

impl Context {
    /// Downloads are refused by the browser itself until somebody says where they go. Their events are one switch for all contexts of
    /// the browser, so also whoever refuses must leave it on.
    pub(in crate::browser) async fn deny_downloads(&self) -> Result<(), BrowserError> {
        self.set_downloads(SetDownloadBehaviorBehavior::Deny, None).await
    }

    /// Lets pages download, into this inbox (`Browser.setDownloadBehavior` with `allowAndName`). A browser elsewhere does not see our disk:
    /// there they stay refused.
    ///
    /// # Errors
    /// As the connection; they stay refused then.
    pub async fn allow_downloads(&self, inbox: Arc<dyn Inbox>) -> Result<(), BrowserError> {
        if matches!(self.options.source, Source::Elsewhere(_)) {
            return Ok(());
        }
        let folder = inbox.folder().to_string_lossy().into_owned();
        self.downloads.allow(inbox);
        self.set_downloads(SetDownloadBehaviorBehavior::AllowAndName, Some(folder)).await
    }

    async fn set_downloads(
        &self,
        behavior: SetDownloadBehaviorBehavior,
        folder: Option<String>,
    ) -> Result<(), BrowserError> {
        let mut set = SetDownloadBehaviorParams::new(behavior);
        set.browser_context_id = Some(BrowserContextId::from(self.id.clone()));
        set.download_path = folder;
        set.events_enabled = Some(true);
        self.connection.execute(None, &set, self.options.command_deadline).await.map(drop)
    }

    /// May its pages download?
    #[must_use]
    pub fn downloads_allowed(&self) -> bool {
        self.downloads.are_allowed()
    }

    /// Counts the downloads that ever began.
    #[must_use]
    pub fn downloads_begun(&self) -> u64 {
        self.downloads.begun_count()
    }

    /// Waits for a download to begin after `since` of them had, at most `within`; says whether one did.
    pub async fn download_begins(&self, since: u64, within: Duration) -> bool {
        self.downloads_show(within, |downloads| downloads.begun_count() > since).await
    }

    /// Waits until no download is under way, at most `within`; says whether that is so.
    pub async fn downloads_end(&self, within: Duration) -> bool {
        self.downloads_show(within, |downloads| !downloads.are_under_way()).await
    }

    async fn downloads_show(&self, within: Duration, wanted: impl Fn(&Downloads) -> bool + Send) -> bool {
        let mut changed = self.changed.subscribe();
        let shown = async {
            while !wanted(&self.downloads) {
                // The sender lives in `self`.
                if !self.is_alive() || changed.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(within, shown).await.unwrap_or(false)
    }

    /// Takes what happened to downloads, oldest first; each is given once.
    pub fn take_download_news(&self) -> Vec<DownloadNews> {
        self.downloads.take_news()
    }

    /// A download begins in one of its frames; false when none of its frames is meant.
    pub(in crate::browser) fn download_begun(&self, event: &EventDownloadWillBegin) -> bool {
        let frame: &str = event.frame_id.as_ref();
        let pages = self.pages();
        let Some(page) = pages.iter().find(|page| page.has_frame(frame)) else { return false };
        // What was a navigation has become a download, and the frame stays as it is.
        page.navigation_became_download(frame);
        // A tab that was opened for nothing else would stay empty: as in a browser with a window it closes.
        if page.opened_by_page() && page.shows_nothing() && page.target() == frame {
            self.connection.post(None, &CloseTargetParams::new(frame.to_owned()));
        }
        if self.downloads.begun(event) == Verdict::Cancel {
            self.cancel_download(&event.guid);
        }
        self.touch();
        true
    }

    pub(in crate::browser) fn download_moved(&self, event: &EventDownloadProgress) {
        if self.downloads.moved(event) == Verdict::Cancel {
            self.cancel_download(&event.guid);
        }
        self.touch();
    }

    pub(in crate::browser) fn cancel_download(&self, guid: &str) {
        let mut cancel = CancelDownloadParams::new(guid);
        cancel.browser_context_id = Some(BrowserContextId::from(self.id.clone()));
        self.connection.post(None, &cancel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Small(AtomicU64);

    impl Inbox for Small {
        fn folder(&self) -> &Path {
            Path::new("/in")
        }
        fn file_bytes_max(&self) -> u64 {
            100
        }
        fn take(&self, bytes: u64) -> Result<(), String> {
            let taken = self.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
            if taken > 150 {
                self.0.fetch_sub(bytes, Ordering::Relaxed);
                return Err("full".to_owned());
            }
            Ok(())
        }
        fn give_back(&self, bytes: u64) {
            self.0.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    fn begin(downloads: &Downloads, guid: &str) -> Verdict {
        downloads.begun(&EventDownloadWillBegin {
            frame_id: "f".to_owned().into(),
            guid: guid.to_owned(),
            url: String::new(),
            suggested_filename: format!("{guid}.txt"),
        })
    }

    fn progress(downloads: &Downloads, guid: &str, received: f64, total: f64, state: DownloadProgressState) -> Verdict {
        downloads.moved(&EventDownloadProgress {
            guid: guid.to_owned(),
            total_bytes: total,
            received_bytes: received,
            state,
            file_path: None,
        })
    }

    #[test]
    fn one_that_grows_beyond_its_room_is_cancelled_and_gives_its_room_back() {
        use DownloadProgressState::{Canceled, Completed, InProgress};
        let inbox = Arc::new(Small(AtomicU64::new(0)));
        let downloads = Downloads::default();
        downloads.allow(Arc::clone(&inbox) as Arc<dyn Inbox>);
        for guid in ["a", "b", "c"] {
            assert_eq!(begin(&downloads, guid), Verdict::Fine);
        }
        assert_eq!(progress(&downloads, "a", 90.0, 0.0, InProgress), Verdict::Fine);
        assert_eq!(progress(&downloads, "b", 80.0, 0.0, InProgress), Verdict::Cancel, "all together have no room");
        assert_eq!(
            progress(&downloads, "c", 1.0, 101.0, InProgress),
            Verdict::Cancel,
            "it says that it will be too large"
        );
        assert_eq!(progress(&downloads, "b", 80.0, 0.0, Canceled), Verdict::Fine);
        assert_eq!(
            progress(&downloads, "c", 101.0, 101.0, Completed),
            Verdict::Fine,
            "it was faster than the cancelling"
        );
        assert_eq!(progress(&downloads, "a", 95.0, 95.0, Completed), Verdict::Fine);
        assert_eq!(inbox.0.load(Ordering::Relaxed), 95);
        assert!(!downloads.are_under_way());
        let news = downloads.take_news();
        assert!(matches!(&news[3], DownloadNews::Failed { name, why, .. } if name == "b.txt" && why == "full"));
        assert!(matches!(&news[4], DownloadNews::Failed { left: Some(left), .. } if left == Path::new("/in/c")));
        assert!(matches!(&news[5], DownloadNews::Done { path, bytes: 95, .. } if path == Path::new("/in/a")));
        assert!(downloads.take_news().is_empty(), "told once");
    }

    #[test]
    fn without_an_inbox_and_beyond_a_few_at_a_time_they_are_refused_and_news_are_bounded() {
        let downloads = Downloads::default();
        assert_eq!(begin(&downloads, "a"), Verdict::Cancel);
        downloads.allow(Arc::new(Small(AtomicU64::new(0))));
        for n in 0..UNDER_WAY_MAX {
            assert_eq!(begin(&downloads, &n.to_string()), Verdict::Fine);
        }
        for _ in 0..NEWS_MAX * 2 {
            assert_eq!(begin(&downloads, "more"), Verdict::Cancel);
        }
        assert_eq!(downloads.take_news().len(), NEWS_MAX);
    }
}

//! Downloads become files of the session.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::Session;
use crate::browser::{DownloadNews, Inbox};
use crate::files::{Folder, StoredFile};

/// News the agent was not told yet; of more the oldest are forgotten.
const NEWS_MAX: usize = 64;

/// Something to tell the agent once. Names are the page's words: data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Download {
    Begun { name: String },
    Done { name: String, file: StoredFile },
    Failed { name: String, why: String },
}

/// What the agent was not told yet.
#[derive(Default)]
pub(super) struct Untold(VecDeque<Download>);

/// A session's folder as the browser room asks for it.
pub(super) struct Receiving {
    folder: Arc<Folder>,
    inbox: PathBuf,
}

impl Receiving {
    pub fn into(folder: &Arc<Folder>) -> Arc<Self> {
        Arc::new(Self { inbox: folder.inbox(), folder: Arc::clone(folder) })
    }
}

impl Inbox for Receiving {
    fn folder(&self) -> &Path {
        &self.inbox
    }

    fn file_bytes_max(&self) -> u64 {
        self.folder.file_bytes_max()
    }

    fn take(&self, bytes: u64) -> Result<(), String> {
        self.folder.reserve(bytes).map_err(|error| error.to_string())
    }

    fn give_back(&self, bytes: u64) {
        self.folder.release(bytes);
    }
}

impl Session {
    /// Counts the downloads that ever began.
    #[must_use]
    pub fn downloads_begun(&self) -> u64 {
        self.context.downloads_begun()
    }

    /// Waits for a download to begin after `since` of them had, at most `within`; says whether one did.
    pub async fn download_begins(&self, since: u64, within: Duration) -> bool {
        self.context.downloads_allowed() && self.context.download_begins(since, within).await
    }

    /// Waits until no download is under way, at most `within`.
    pub async fn downloads_end(&self, within: Duration) {
        self.context.downloads_end(within).await;
    }

    /// What became of downloads since this was asked last, oldest first.
    pub async fn take_downloads(&self) -> Vec<Download> {
        self.collect_downloads().await;
        let mut untold = self.downloads.lock().unwrap_or_else(PoisonError::into_inner);
        untold.0.drain(..).collect()
    }

    /// Moves what is done among the session's files. Only the session's own task comes here, so nobody meets a file half moved.
    pub(super) async fn collect_downloads(&self) {
        for news in self.context.take_download_news() {
            let told = match news {
                DownloadNews::Begun { name } => Download::Begun { name },
                DownloadNews::Failed { name, why, left } => {
                    if let Some(left) = left {
                        // Chromium removes what it had as well, but only after it has told.
                        drop(tokio::fs::remove_file(left.with_added_extension("crdownload")).await);
                        drop(tokio::fs::remove_file(left).await);
                    }
                    Download::Failed { name, why }
                }
                DownloadNews::Done { name, path, bytes } => {
                    self.files.release(bytes);
                    let mime = mime_guess::from_path(&name).first_raw().unwrap_or("application/octet-stream");
                    match self.files.adopt(&path, &name, mime).await {
                        Ok(file) => Download::Done { name, file },
                        Err(error) => Download::Failed { name, why: error.to_string() },
                    }
                }
            };
            let mut untold = self.downloads.lock().unwrap_or_else(PoisonError::into_inner);
            if untold.0.len() == NEWS_MAX {
                untold.0.pop_front();
            }
            untold.0.push_back(told);
        }
    }
}

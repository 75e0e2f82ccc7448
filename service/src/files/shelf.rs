//! All folders, and what they may hold together.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use helmwatch_protocol::SessionId;
use tokio::time::Instant;

use super::folder::{Folder, make};
use super::{FileError, Roots, Seal};
use crate::telemetry::WallClock;

/// How often folders whose time is over are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// What may be kept.
#[derive(Debug, Clone)]
pub struct ShelfLimits {
    /// Files of one session.
    pub files_max: usize,
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of one session's files.
    pub bytes_max: u64,
    /// Bytes of all sessions' files.
    pub total_bytes_max: u64,
    /// How long a link is good.
    pub link: Duration,
    /// How long files outlive their session.
    pub keep: Duration,
    /// May pages download?
    pub downloads: bool,
}

/// The user and group the browser runs as, when it is not the service's own: it reads uploads and writes downloads.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// All sessions' files.
pub struct Shelf {
    root: PathBuf,
    pub(super) owner: Option<Owner>,
    pub(super) roots: Roots,
    pub(super) limits: ShelfLimits,
    pub(super) seal: Seal,
    /// For links, which others keep; deadlines of our own go by the monotonic clock.
    pub(super) clock: WallClock,
    /// Bytes of all folders.
    used: AtomicU64,
    folders: Mutex<HashMap<SessionId, Kept>>,
    /// Held while a session's folder is put away: two may hear of its end, and neither goes on before that is done.
    ending: Mutex<()>,
}

struct Kept {
    folder: Arc<Folder>,
    /// Set when its session ended.
    until: Option<Instant>,
}

impl Shelf {
    /// A shelf in the empty folder `root`, which whoever calls this removes at the end; agents may upload from `roots` too.
    #[must_use]
    pub fn new(root: &Path, owner: Option<Owner>, limits: ShelfLimits, roots: Roots) -> Arc<Self> {
        Arc::new(Self {
            root: root.to_owned(),
            owner,
            roots,
            limits,
            seal: Seal::random(),
            clock: WallClock::system(),
            used: AtomicU64::new(0),
            folders: Mutex::default(),
            ending: Mutex::default(),
        })
    }

    /// Makes the folder of a session that begins.
    ///
    /// # Errors
    /// What the file system says.
    pub fn begin(self: &Arc<Self>, session: &SessionId) -> Result<Arc<Folder>, FileError> {
        let path = self.root.join(session.as_str());
        make(&path, self.owner).map_err(|error| FileError::disk(&error))?;
        let folder = Arc::new(Folder::new(session.clone(), path, Arc::clone(self)));
        self.lock().insert(session.clone(), Kept { folder: Arc::clone(&folder), until: None });
        Ok(folder)
    }

    /// The folder of a session, also of one that ended a moment ago.
    ///
    /// # Errors
    /// `Gone` when there is none.
    pub fn folder(&self, session: &SessionId) -> Result<Arc<Folder>, FileError> {
        self.lock().get(session).map(|kept| Arc::clone(&kept.folder)).ok_or(FileError::Gone)
    }

    /// A session ended: its files are kept a while. A folder without files goes at once.
    pub fn end(&self, session: &SessionId) {
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = {
            let mut folders = self.lock();
            let Some(kept) = folders.get_mut(session) else { return };
            kept.until = Some(Instant::now() + self.limits.keep);
            kept.folder.clear_inbox();
            kept.folder.take_back();
            if kept.folder.list().is_empty() { folders.remove(session) } else { None }
        };
        if let Some(kept) = empty {
            self.remove(&kept.folder);
        }
    }

    /// Is the link good?
    ///
    /// # Errors
    /// `BadSeal`, `Expired`.
    pub fn check(&self, session: &SessionId, name: &str, until: u64, seal: &str) -> Result<(), FileError> {
        self.seal.check(session.as_str(), name, until, seal, self.clock.expiry_ms())
    }

    /// Removes folders whose time is over, until it is dropped.
    pub async fn tend(self: Arc<Self>) {
        let mut every = tokio::time::interval(SWEEP_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            for folder in self.over(Instant::now()) {
                self.remove(&folder);
            }
        }
    }

    /// Takes out the folders whose time is over.
    fn over(&self, now: Instant) -> Vec<Arc<Folder>> {
        let mut folders = self.lock();
        let over: Vec<_> = folders
            .iter()
            .filter(|(_, kept)| kept.until.is_some_and(|until| until <= now))
            .map(|(id, _)| id.clone())
            .collect();
        over.iter().filter_map(|id| folders.remove(id)).map(|kept| kept.folder).collect()
    }

    fn remove(&self, folder: &Folder) {
        self.used.fetch_sub(folder.close(), Ordering::Relaxed);
        if let Err(error) = std::fs::remove_dir_all(folder.path())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a session's files stay until the end of the service");
        }
    }

    /// Takes room for so many bytes.
    pub(super) fn take(&self, bytes: u64) -> Result<(), FileError> {
        let max = self.limits.total_bytes_max;
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= max)
        });
        taken.map(drop).map_err(|_| FileError::NoRoom)
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Kept>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl ShelfLimits {
    /// Room enough for tests that are about something else.
    #[must_use]
    pub fn of_tests() -> Self {
        let minute = Duration::from_secs(60);
        let (bytes_max, total_bytes_max) = (1 << 20, 1 << 22);
        Self {
            files_max: 10,
            file_bytes_max: 1 << 16,
            bytes_max,
            total_bytes_max,
            link: minute,
            keep: minute,
            downloads: true,
        }
    }
}

//! One session's files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use helmwatch_protocol::SessionId;
use tokio::io::AsyncWriteExt;
use url::form_urlencoded::byte_serialize;

use super::lent::{LENT, Lent};
use super::shelf::{Owner, Shelf};
use super::{FileError, name};

/// Where the browser writes downloads before they have a name of ours.
const INBOX: &str = "in";
/// Files as they are kept, apart from the inbox so that no name can meet it.
const KEPT: &str = "kept";

/// A file, as answers and lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Plain, unique in its session.
    pub name: String,
    /// As in `application/pdf`.
    pub mime: String,
    pub bytes: u64,
}

/// A session's folder.
pub struct Folder {
    session: SessionId,
    pub(super) path: PathBuf,
    pub(super) shelf: Arc<Shelf>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// In the order they came.
    pub files: Vec<StoredFile>,
    pub bytes: u64,
    pub lent: Vec<Lent>,
    pub closed: bool,
}

/// Makes a session's folders.
pub(super) fn make(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    for folder in [path.to_owned(), path.join(INBOX), path.join(KEPT), path.join(LENT)] {
        private(&folder, owner)?;
    }
    Ok(())
}

/// A folder for the browser's user alone.
pub(super) fn private(folder: &Path, owner: Option<Owner>) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)?;
    match owner {
        Some(owner) => std::os::unix::fs::chown(folder, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    }
}

impl Folder {
    pub(super) fn new(session: SessionId, path: PathBuf, shelf: Arc<Shelf>) -> Self {
        Self { session, path, shelf, state: Mutex::default() }
    }

    /// Keeps a file under `wanted`, or a name close to it when that is taken or no plain name.
    ///
    /// # Errors
    /// `TooLarge`, `Full`, `NoRoom`, `Gone`, `Disk`; nothing is kept then.
    pub async fn put(&self, wanted: &str, mime: &str, data: Bytes) -> Result<StoredFile, FileError> {
        let file = self.enter(wanted, mime, data.len() as u64)?;
        let path = self.path.join(KEPT).join(&file.name);
        let written = tokio::fs::write(&path, &data).await;
        let written = match written {
            // The browser, which may run as another user, reads uploads; the folder keeps everybody else out.
            Ok(()) => tokio::fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).await,
            Err(error) => Err(error),
        };
        self.settle(file, &path, written).await
    }

    /// Keeps a file the browser wrote into the [inbox](Self::inbox); it is moved, not copied.
    ///
    /// # Errors
    /// As [`Self::put`]; the file in the inbox is removed in any case.
    pub async fn adopt(&self, from: &Path, wanted: &str, mime: &str) -> Result<StoredFile, FileError> {
        let adopted = async {
            // The file itself, never what a link in the inbox may point at.
            let about = tokio::fs::symlink_metadata(from).await.map_err(|error| FileError::disk(&error))?;
            if !about.is_file() || from.parent() != Some(self.inbox().as_path()) {
                return Err(FileError::Unknown(name::clean(wanted)));
            }
            let file = self.enter(wanted, mime, about.len())?;
            let path = self.path.join(KEPT).join(&file.name);
            let moved = tokio::fs::rename(from, &path).await;
            self.settle(file, &path, moved).await
        };
        let adopted = adopted.await;
        if adopted.is_err() {
            drop(tokio::fs::remove_file(from).await);
        }
        adopted
    }

    /// Keeps a file that comes in pieces.
    ///
    /// # Errors
    /// As [`Self::put`]; `Disk` when a piece does not come.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        wanted: &str,
        mime: &str,
        pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<StoredFile, FileError> {
        let path = self.arrive(pieces).await?;
        self.adopt(&path, wanted, mime).await
    }

    /// Writes what comes into the inbox; nothing is left there when it does not come whole.
    pub(super) async fn arrive<E: std::fmt::Display>(
        &self,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<PathBuf, FileError> {
        let max = self.shelf.limits.file_bytes_max;
        let path = self.inbox().join(format!("upload-{:016x}", rand::random::<u64>()));
        let received = async {
            let mut file = tokio::fs::File::create_new(&path).await.map_err(|error| FileError::disk(&error))?;
            let mut bytes = 0;
            while let Some(piece) = pieces.next().await {
                let piece =
                    piece.map_err(|error| FileError::Disk(format!("the body did not arrive whole: {error}")))?;
                bytes += piece.len() as u64;
                if bytes > max {
                    return Err(FileError::TooLarge { bytes, max });
                }
                file.write_all(&piece).await.map_err(|error| FileError::disk(&error))?;
            }
            file.flush().await.map_err(|error| FileError::disk(&error))?;
            let readable = fs::Permissions::from_mode(0o644);
            file.set_permissions(readable).await.map_err(|error| FileError::disk(&error))
        };
        match received.await {
            Ok(()) => Ok(path),
            Err(error) => {
                drop(tokio::fs::remove_file(&path).await);
                Err(error)
            }
        }
    }

    /// The contents of a file.
    ///
    /// # Errors
    /// `Unknown`, `Disk`.
    pub async fn read(&self, wanted: &str) -> Result<(StoredFile, Bytes), FileError> {
        let (file, path) = self.find(wanted)?;
        let data = tokio::fs::read(path).await.map_err(|error| FileError::disk(&error))?;
        Ok((file, data.into()))
    }

    /// A file and where it lies, for the browser to read.
    ///
    /// # Errors
    /// `Unknown` when this session has none of that name.
    pub fn find(&self, wanted: &str) -> Result<(StoredFile, PathBuf), FileError> {
        let plain = name::clean(wanted);
        let found = self.lock().files.iter().find(|file| file.name == plain).cloned();
        let file = found.ok_or(FileError::Unknown(plain))?;
        let path = self.path.join(KEPT).join(&file.name);
        Ok((file, path))
    }

    /// All files, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<StoredFile> {
        self.lock().files.clone()
    }

    /// Where the browser writes downloads.
    #[must_use]
    pub fn inbox(&self) -> PathBuf {
        self.path.join(INBOX)
    }

    /// May pages download into it?
    #[must_use]
    pub fn takes_downloads(&self) -> bool {
        self.shelf.limits.downloads
    }

    /// Bytes one file may have.
    #[must_use]
    pub fn file_bytes_max(&self) -> u64 {
        self.shelf.limits.file_bytes_max
    }

    /// Takes room for what is still coming, so that all that comes at once fits together.
    ///
    /// # Errors
    /// `Full`, `NoRoom`, `Gone`.
    pub fn reserve(&self, bytes: u64) -> Result<(), FileError> {
        let mut state = self.lock();
        if state.closed {
            return Err(FileError::Gone);
        }
        if state.bytes + bytes > self.shelf.limits.bytes_max {
            return Err(FileError::Full { files: state.files.len(), bytes: state.bytes });
        }
        self.shelf.take(bytes)?;
        state.bytes += bytes;
        Ok(())
    }

    /// Gives reserved room back.
    pub fn release(&self, bytes: u64) {
        let mut state = self.lock();
        // A folder that closed gave back all it had.
        if !state.closed {
            state.bytes = state.bytes.saturating_sub(bytes);
            self.shelf.give_back(bytes);
        }
    }

    /// Removes what a browser left in the inbox.
    pub(super) fn clear_inbox(&self) {
        for left in fs::read_dir(self.inbox()).into_iter().flatten().flatten() {
            if let Err(error) = fs::remove_file(left.path()) {
                tracing::warn!(%error, "a piece of a download stays until its session's files go");
            }
        }
    }

    /// Path and query of a link to a file, sealed and good for the shelf's time: `/v1/sessions/…/files/NAME?until=…&seal=…`.
    #[must_use]
    pub fn link(&self, file: &StoredFile) -> String {
        let link = u64::try_from(self.shelf.limits.link.as_millis()).unwrap_or(u64::MAX);
        let until = self.shelf.clock.expiry_ms().saturating_add(link);
        let query = self.shelf.seal.query(self.session.as_str(), &file.name, until);
        let plain: String = byte_serialize(file.name.as_bytes()).collect();
        format!("/v1/sessions/{}/files/{}?{query}", self.session, plain.replace('+', "%20"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes no more files, and says how many bytes there were.
    pub(super) fn close(&self) -> u64 {
        let mut state = self.lock();
        state.closed = true;
        state.files.clear();
        state.lent.clear();
        std::mem::take(&mut state.bytes)
    }

    /// Takes a name and the room for it; what is written afterwards fits.
    fn enter(&self, wanted: &str, mime: &str, bytes: u64) -> Result<StoredFile, FileError> {
        let limits = &self.shelf.limits;
        if bytes > limits.file_bytes_max {
            return Err(FileError::TooLarge { bytes, max: limits.file_bytes_max });
        }
        let mut state = self.lock();
        if state.closed {
            return Err(FileError::Gone);
        }
        let files = state.files.len() + state.lent.len();
        if files >= limits.files_max || state.bytes + bytes > limits.bytes_max {
            return Err(FileError::Full { files, bytes: state.bytes });
        }
        self.shelf.take(bytes)?;
        let plain = name::clean(wanted);
        let taken = |name: &str| state.files.iter().any(|file| file.name == name);
        let mut name = plain.clone();
        let mut number = 2;
        while taken(&name) {
            name = name::numbered(&plain, number);
            number += 1;
        }
        let file = StoredFile { name, mime: mime.to_owned(), bytes };
        state.bytes += bytes;
        state.files.push(file.clone());
        Ok(file)
    }

    /// Ends what [`Self::enter`] began: a file that was not written gives its room back.
    async fn settle(&self, file: StoredFile, path: &Path, written: io::Result<()>) -> Result<StoredFile, FileError> {
        let Err(error) = written else { return Ok(file) };
        let gone = {
            let mut state = self.lock();
            let before = state.files.len();
            state.files.retain(|one| one.name != file.name);
            let gone = state.files.len() < before;
            if gone {
                state.bytes -= file.bytes;
            }
            gone
        };
        if gone {
            self.shelf.give_back(file.bytes);
        }
        drop(tokio::fs::remove_file(path).await);
        Err(FileError::disk(&error))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Roots, ShelfLimits};
    use super::*;

    fn shelf(root: &Path) -> Arc<Shelf> {
        let limits = ShelfLimits {
            files_max: 3,
            file_bytes_max: 100,
            bytes_max: 150,
            total_bytes_max: 200,
            downloads: true,
            link: Duration::from_secs(60),
            keep: Duration::from_secs(60),
        };
        Shelf::new(root, None, limits, Roots::new(vec![root.join("outside")]))
    }

    fn id(text: &str) -> SessionId {
        text.parse().expect("an id")
    }

    #[tokio::test]
    async fn full_means_refused_and_what_is_kept_stays() {
        let root = tempfile::tempdir().expect("a folder");
        let shelf = shelf(root.path());
        let one = shelf.begin(&id("s_aaaaaaaaaaaaaaaa")).expect("made");
        let two = shelf.begin(&id("s_bbbbbbbbbbbbbbbb")).expect("made");
        let data = |bytes: usize| Bytes::from(vec![7; bytes]);
        assert_eq!(one.put("a.txt", "text/plain", data(101)).await, Err(FileError::TooLarge { bytes: 101, max: 100 }));
        assert_eq!(one.put("../a.txt", "text/plain", data(60)).await.expect("kept").name, "a.txt");
        assert_eq!(one.put("a.txt", "text/plain", data(60)).await.expect("kept").name, "a-2.txt");
        assert_eq!(one.put("b.txt", "text/plain", data(60)).await, Err(FileError::Full { files: 2, bytes: 120 }));
        assert_eq!(two.put("b.txt", "text/plain", data(90)).await, Err(FileError::NoRoom));
        assert_eq!(one.read("a-2.txt").await.expect("there").1.len(), 60);
        assert_eq!(two.read("a.txt").await.map(drop), Err(FileError::Unknown("a.txt".to_owned())), "another's");
        shelf.end(&id("s_bbbbbbbbbbbbbbbb"));
        assert!(!root.path().join("s_bbbbbbbbbbbbbbbb").exists(), "nothing was kept, so nothing stays");
    }

    #[tokio::test]
    async fn room_for_what_still_comes_counts_and_what_a_browser_left_goes() {
        let root = tempfile::tempdir().expect("a folder");
        let shelf = shelf(root.path());
        let folder = shelf.begin(&id("s_aaaaaaaaaaaaaaaa")).expect("made");
        folder.reserve(100).expect("room");
        assert_eq!(folder.reserve(51), Err(FileError::Full { files: 0, bytes: 100 }));
        let data = Bytes::from(vec![7; 60]);
        assert!(folder.put("a", "text/plain", data.clone()).await.is_err());
        folder.release(100);
        folder.put("a", "text/plain", data).await.expect("kept");
        fs::write(folder.inbox().join("half"), "x").expect("written");
        shelf.end(&id("s_aaaaaaaaaaaaaaaa"));
        assert_eq!(fs::read_dir(folder.inbox()).expect("there").count(), 0);
    }

    #[tokio::test]
    async fn what_is_lent_counts_is_copied_once_and_goes_with_the_session() {
        let root = tempfile::tempdir().expect("a folder");
        let shelf = shelf(root.path());
        let session = id("s_aaaaaaaaaaaaaaaa");
        let folder = shelf.begin(&session).expect("made");
        let outside = root.path().join("outside");
        fs::create_dir(&outside).expect("made");
        fs::write(outside.join("a.txt"), [7; 80]).expect("written");
        fs::write(outside.join("b.txt"), [7; 90]).expect("written");
        fs::write(outside.join("huge.txt"), [7; 101]).expect("written");
        folder.put("own.txt", "text/plain", Bytes::from_static(b"own")).await.expect("kept");
        assert_eq!(folder.lend("own.txt").await, folder.find("own.txt").map(|(_, path)| path));
        let lent = folder.lend("a.txt").await.expect("copied");
        assert!(lent.ends_with("a.txt") && fs::read(&lent).expect("there") == [7; 80]);
        assert_eq!(folder.lend("a.txt").await.as_ref(), Ok(&lent), "not copied again");
        assert_eq!(folder.lend("huge.txt").await, Err(FileError::TooLarge { bytes: 101, max: 100 }));
        assert_eq!(folder.lend("b.txt").await, Err(FileError::Full { files: 2, bytes: 83 }));
        assert_eq!(folder.list().len(), 1, "a copy is no file of the session");
        shelf.end(&session);
        assert!(!lent.exists(), "copies go at once");
        assert!(folder.read("own.txt").await.is_ok(), "its own files stay a while");
    }

    #[tokio::test]
    async fn a_download_is_moved_in_and_a_link_in_the_inbox_is_not_followed() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = shelf(root.path()).begin(&id("s_aaaaaaaaaaaaaaaa")).expect("made");
        let secret = root.path().join("secret");
        fs::write(&secret, "secret").expect("written");
        let (plain, link) = (folder.inbox().join("guid-1"), folder.inbox().join("guid-2"));
        fs::write(&plain, "hello").expect("written");
        std::os::unix::fs::symlink(&secret, &link).expect("linked");
        assert_eq!(folder.adopt(&plain, "hello.txt", "text/plain").await.expect("kept").bytes, 5);
        assert!(!plain.exists());
        assert!(folder.adopt(&link, "x", "text/plain").await.is_err());
        assert!(!link.exists() && secret.exists());
        assert!(folder.adopt(&secret, "y", "text/plain").await.is_err(), "not from the inbox");
    }
}

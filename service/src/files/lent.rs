//! Files that a session's browser may read for an upload: copies of what lies elsewhere on this machine, and what people give.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::folder::private;
use super::roots::Opened;
use super::{FileError, Folder, name};

/// Copies of files from elsewhere on this machine, for the browser, which may not read there.
pub(super) const LENT: &str = "lent";

/// A copy the browser was given.
pub(super) struct Lent {
    identity: (u64, u64, i64, u64),
    pub path: PathBuf,
    pub bytes: u64,
}

impl Folder {
    /// Takes a file from a person for a page that asks for one. It is lent to the browser alone: no list names it, no link leads to it,
    /// and it lasts as long as the session. Answers the name by which [`Self::given`] finds it.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub async fn receive_given<E: std::fmt::Display>(
        &self,
        wanted: &str,
        pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<String, FileError> {
        let arrived = self.arrive(pieces).await?;
        let taken = async {
            let about = tokio::fs::metadata(&arrived).await.map_err(|error| FileError::disk(&error))?;
            let ticket = format!("{:032x}", rand::random::<u128>());
            let folder = self.path.join(LENT).join(&ticket);
            let path = folder.join(name::clean(wanted));
            // No file on this machine has this identity: nothing is lent twice.
            let identity = (0, rand::random(), 0, 0);
            self.take_lent(Lent { identity, path: path.clone(), bytes: about.len() })?;
            let moved = match private(&folder, self.shelf.owner) {
                Ok(()) => tokio::fs::rename(&arrived, &path).await,
                Err(error) => Err(error),
            };
            if let Err(error) = moved {
                self.drop_lent(|lent| lent.path == path);
                return Err(FileError::disk(&error));
            }
            Ok(ticket)
        };
        let taken = taken.await;
        if taken.is_err() {
            drop(tokio::fs::remove_file(&arrived).await);
        }
        taken
    }

    /// Where a file lies that a person gave.
    ///
    /// # Errors
    /// `Unknown` when there is none of that name.
    pub fn given(&self, ticket: &str) -> Result<PathBuf, FileError> {
        let holds = |lent: &&Lent| {
            let folder = lent.path.parent().and_then(Path::file_name);
            lent.identity.0 == 0 && folder.is_some_and(|folder| folder == ticket)
        };
        let found = self.lock().lent.iter().find(holds).map(|lent| lent.path.clone());
        found.ok_or_else(|| FileError::Unknown(name::clean(ticket)))
    }

    /// Where the browser can read what an agent names for an upload: a file of this session by its name, or a file below the
    /// [roots](super::Roots), of which it gets a copy that lasts as long as the session.
    ///
    /// # Errors
    /// `Outside`, `Unknown`, `Odd`; as [`Self::put`] for the copy, which counts like a file of the session.
    pub async fn lend(&self, wanted: &str) -> Result<PathBuf, FileError> {
        if name::clean(wanted) == wanted
            && let Ok((_, path)) = self.find(wanted)
        {
            return Ok(path);
        }
        let Opened { file, name, bytes, identity } = self.shelf.roots.open(wanted)?;
        if let Some(path) = self.lock().lent.iter().find(|lent| lent.identity == identity).map(|lent| lent.path.clone())
        {
            return Ok(path);
        }
        let folder = self.path.join(LENT).join(format!("{:016x}", rand::random::<u64>()));
        let path = folder.join(&name);
        self.take_lent(Lent { identity, path: path.clone(), bytes })?;
        let copied = async {
            private(&folder, self.shelf.owner)?;
            let mut copy = tokio::fs::File::create_new(&path).await?;
            let copied = tokio::io::copy(&mut tokio::fs::File::from_std(file).take(bytes), &mut copy).await?;
            copy.flush().await?;
            copy.set_permissions(fs::Permissions::from_mode(0o644)).await?;
            if copied == bytes { Ok(()) } else { Err(io::Error::other("it became shorter while it was read")) }
        };
        match copied.await {
            Ok(()) => Ok(path),
            Err(error) => {
                self.drop_lent(|lent| lent.path == path);
                Err(FileError::disk(&error))
            }
        }
    }

    /// The session ended: copies go at once, its own files later.
    pub(super) fn take_back(&self) {
        self.drop_lent(|_| true);
    }

    fn take_lent(&self, lent: Lent) -> Result<(), FileError> {
        let limits = &self.shelf.limits;
        if lent.bytes > limits.file_bytes_max {
            return Err(FileError::TooLarge { bytes: lent.bytes, max: limits.file_bytes_max });
        }
        let mut state = self.lock();
        if state.closed {
            return Err(FileError::Gone);
        }
        let files = state.files.len() + state.lent.len();
        if files >= limits.files_max || state.bytes + lent.bytes > limits.bytes_max {
            return Err(FileError::Full { files, bytes: state.bytes });
        }
        self.shelf.take(lent.bytes)?;
        state.bytes += lent.bytes;
        state.lent.push(lent);
        Ok(())
    }

    fn drop_lent(&self, which: impl Fn(&Lent) -> bool) {
        let gone: Vec<Lent> = {
            let mut state = self.lock();
            let gone: Vec<Lent> = state.lent.extract_if(.., |lent| which(lent)).collect();
            state.bytes -= gone.iter().map(|lent| lent.bytes).sum::<u64>();
            gone
        };
        for lent in gone {
            self.shelf.give_back(lent.bytes);
            let folder = lent.path.parent().unwrap_or(&lent.path);
            if let Err(error) = fs::remove_dir_all(folder)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "a copy for an upload stays until its session's files go");
            }
        }
    }
}

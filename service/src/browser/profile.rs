//! Chromium's folders: one per process, gone with it.
//!
//! A folder belongs to whoever holds the lock on the file beside it, so that a service that died is told from one that
//! lives by the lock alone, never by a process's name or number.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::run_as::RunAs;

/// A Chromium user-data folder that is removed when this is dropped.
#[derive(Debug)]
pub struct Profile {
    folder: PathBuf,
    lock_path: PathBuf,
    /// Held for the life of the folder.
    _lock: Flock<File>,
}

impl Profile {
    /// Makes a fresh folder under `base`, owned by the user Chromium runs as.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(base: &Path, run_as: Option<RunAs>) -> io::Result<Self> {
        // Others may pass through `base` (Chromium's own user must), but not list it.
        fs::DirBuilder::new().recursive(true).mode(0o711).create(base)?;
        fs::set_permissions(base, fs::Permissions::from_mode(0o711))?;
        let folder = tempfile::Builder::new().prefix("profile-").tempdir_in(base)?.keep();
        let lock_path = folder.with_extension("lock");
        let made = Self::own(&folder, &lock_path, run_as);
        if made.is_err() {
            drop(fs::remove_dir_all(&folder));
        }
        Ok(Self { _lock: made?, folder, lock_path })
    }

    fn own(folder: &Path, lock_path: &Path, run_as: Option<RunAs>) -> io::Result<Flock<File>> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        if let Some(run_as) = run_as {
            std::os::unix::fs::chown(folder, Some(run_as.uid), Some(run_as.gid))?;
        }
        Flock::lock(File::create(lock_path)?, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Removes the folders under `base` whose owner no longer lives, and says how many.
    pub fn sweep(base: &Path) -> usize {
        let Ok(entries) = fs::read_dir(base) else { return 0 };
        let locks =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "lock"));
        let mut swept = 0;
        for lock_path in locks {
            let Ok(file) = File::open(&lock_path) else { continue };
            // Whoever holds the lock is alive.
            let Ok(_held) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { continue };
            let folder = lock_path.with_extension("");
            if fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
                drop(fs::remove_file(&lock_path));
                swept += 1;
            }
        }
        swept
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a profile folder stays until the next start");
            return;
        }
        drop(fs::remove_file(&self.lock_path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_without_a_living_owner_are_swept() {
        let base = tempfile::tempdir().expect("a folder");
        let living = Profile::create(base.path(), None).expect("made");
        let dead = base.path().join("profile-dead");
        fs::create_dir(&dead).expect("made");
        File::create(base.path().join("profile-dead.lock")).expect("made");
        assert_eq!(Profile::sweep(base.path()), 1);
        assert!(living.path().exists() && !dead.exists());
        let folder = living.path().to_owned();
        drop(living);
        assert!(!folder.exists());
        assert_eq!(fs::read_dir(base.path()).expect("readable").count(), 0);
    }
}

//! Chromium's folders: one per process, gone with it.
//!
//! A folder belongs to whoever holds the lock on the file beside it, so that a service that died is told from one that
//! lives by the lock alone, never by a process's name or number.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use super::run_as::RunAs;

/// What a lock's name ends with until it is locked.
const MAKING: &str = ".making";

/// The longest a folder may take to be made.
const MADE_WITHIN: Duration = Duration::from_secs(60);

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
        // Under a name that no sweep takes for an owner's, until it is locked: between its making and its locking it looks like one
        // whose owner died.
        let (file, making) = tempfile::Builder::new()
            .prefix("profile-")
            .suffix(MAKING)
            .tempfile_in(base)?
            .keep()
            .map_err(|e| e.error)?;
        let folder = making.with_extension("");
        let lock_path = making.with_extension("lock");
        let made = Self::own(file, &folder, run_as).and_then(|lock| {
            fs::rename(&making, &lock_path)?;
            Ok(lock)
        });
        if made.is_err() {
            drop(fs::remove_dir_all(&folder));
            drop(fs::remove_file(&making));
        }
        Ok(Self { _lock: made?, folder, lock_path })
    }

    /// The lock first: there is never a folder without a file that tells whose it is.
    fn own(file: File, folder: &Path, run_as: Option<RunAs>) -> io::Result<Flock<File>> {
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno)?;
        fs::DirBuilder::new().mode(0o700).create(folder)?;
        if let Some(run_as) = run_as {
            std::os::unix::fs::chown(folder, Some(run_as.uid), Some(run_as.gid))?;
        }
        Ok(lock)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Removes the folders under `base` whose owner no longer lives, and says how many.
    pub fn sweep(base: &Path) -> usize {
        let Ok(entries) = fs::read_dir(base) else { return 0 };
        let locks = entries.flatten().map(|entry| entry.path()).filter(|path| is_left(path));
        let mut swept = 0;
        for lock_path in locks {
            let Ok(file) = File::open(&lock_path) else { continue };
            // Whoever holds the lock is alive.
            let Ok(_held) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { continue };
            let folder = lock_path.with_extension("");
            let removed = fs::remove_dir_all(&folder).is_ok();
            if removed || !folder.exists() {
                drop(fs::remove_file(&lock_path));
            }
            // Where there was none its owner has just removed it.
            swept += usize::from(removed);
        }
        swept
    }
}

/// May this be the lock of a folder whose owner died? One that is still being made may not, unless that takes far too long.
fn is_left(path: &Path) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("lock") => true,
        Some("making") => fs::metadata(path)
            .and_then(|about| about.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > MADE_WITHIN)),
        _ => false,
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

    /// F31: whoever holds the lock owns the folder.
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

    /// FAULTS F30, F31: one service sweeps while others start browsers in the same folder.
    #[test]
    fn a_sweep_never_takes_a_folder_that_is_just_being_made() {
        let base = tempfile::tempdir().expect("a folder");
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|threads| {
            let sweeper = threads.spawn(|| {
                let mut swept = 0;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    swept += Profile::sweep(base.path());
                }
                swept
            });
            let makers: Vec<_> = (0..3)
                .map(|_| {
                    threads.spawn(|| {
                        for _ in 0..300 {
                            let made = Profile::create(base.path(), None).expect("made");
                            assert!(made.path().is_dir() && made.lock_path.exists());
                        }
                    })
                })
                .collect();
            let made: Vec<_> = makers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(sweeper.join().expect("it ended"), 0);
            assert!(made.iter().all(Result::is_ok), "a folder was taken from its maker");
        });
        assert_eq!(fs::read_dir(base.path()).expect("readable").count(), 0);
    }

    #[test]
    fn what_a_service_left_half_made_goes_when_it_is_old() {
        let base = tempfile::tempdir().expect("a folder");
        let (fresh, old) = (base.path().join("profile-a.making"), base.path().join("profile-b.making"));
        File::create(&fresh).expect("made");
        let long_ago = std::time::SystemTime::now() - MADE_WITHIN * 2;
        File::create(&old).and_then(|file| file.set_modified(long_ago)).expect("made");
        fs::create_dir(base.path().join("profile-b")).expect("made");
        assert_eq!(Profile::sweep(base.path()), 1);
        assert!(fresh.exists() && !old.exists() && !base.path().join("profile-b").exists());
    }
}

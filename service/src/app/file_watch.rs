//! Noticing that a file was changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often a watched file is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed: Option<SystemTime>,
}

/// One file that is looked at now and then.
pub(super) struct FileWatch {
    path: PathBuf,
    /// At the last look; `None` when it was not there.
    seen: Option<Stamp>,
    /// What was read last, well or not.
    read: Option<Stamp>,
}

impl FileWatch {
    /// To be made before the file is read for the first time.
    pub fn new(path: PathBuf) -> Self {
        let read = stamp(&path);
        Self { path, seen: read, read }
    }

    /// A look: is it another file than was read last, and the same as at the look before? An editor may be half through otherwise. It
    /// counts as read from then on.
    pub fn changed(&mut self) -> bool {
        let now = stamp(&self.path);
        let settled = now == self.seen;
        self.seen = now;
        settled && std::mem::replace(&mut self.read, now) != now
    }

    /// It is read now, whether it was changed or not.
    pub fn reads(&mut self) {
        self.read = stamp(&self.path);
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp { inode: metadata.ino(), bytes: metadata.len(), changed: metadata.modified().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_up_once_and_only_when_it_has_come_to_rest() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "a").unwrap();
        let mut watch = FileWatch::new(path.clone());
        assert!(!watch.changed());
        std::fs::write(&path, "ab").unwrap();
        assert!(!watch.changed(), "it was not like this at the last look");
        std::fs::write(&path, "abc").unwrap();
        assert!(!watch.changed(), "nor is it now");
        assert!(watch.changed());
        assert!(!watch.changed());
        std::fs::remove_file(&path).unwrap();
        assert!(!watch.changed());
        assert!(watch.changed(), "gone is a change as well");
        std::fs::write(&path, "abcd").unwrap();
        watch.reads();
        assert!(!watch.changed() && !watch.changed());
    }
}

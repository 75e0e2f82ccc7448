//! Folders of this machine that agents may upload from, beside the files of their session. None unless the operator names them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use super::FileError;

/// The folders; empty means that no path is good.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<PathBuf>);

/// A file below one of the folders, opened: what is read is what was judged, whatever is put in its place meanwhile.
pub(super) struct Opened {
    pub file: File,
    /// Its own name, without folders.
    pub name: String,
    pub bytes: u64,
    /// Device, file, time of change and size: the same while nobody changes it.
    pub identity: (u64, u64, i64, u64),
}

impl Roots {
    /// These folders.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self(roots)
    }

    /// Opens a file by its path; a relative one is looked for below each folder. Links are followed, and where they end counts.
    /// What lies outside is refused alike whether it is there or not.
    ///
    /// # Errors
    /// `Outside`, `Unknown` when there is no such file inside, `Odd` when it is no plain file.
    pub(super) fn open(&self, wanted: &str) -> Result<Opened, FileError> {
        let outside = || FileError::Outside { path: shown(wanted), roots: self.words() };
        // No path has one, and the system would read what is before it.
        if wanted.contains('\0') {
            return Err(outside());
        }
        let roots: Vec<PathBuf> = self.0.iter().filter_map(|root| root.canonicalize().ok()).collect();
        let path = Path::new(wanted);
        let candidates: Vec<PathBuf> = if path.is_absolute() {
            vec![path.to_owned()]
        } else {
            self.0.iter().map(|root| root.join(path)).collect()
        };
        let mut missing = false;
        for candidate in candidates {
            match candidate.canonicalize() {
                Ok(real) if below(&roots, &real) => return open_plain(&roots, &real, wanted),
                Ok(_) => {}
                // Said only of places that are inside by their letters.
                Err(_) => {
                    missing |= plain(&candidate).is_some_and(|path| below(&roots, &path) || below(&self.0, &path));
                }
            }
        }
        Err(if missing { FileError::Unknown(shown(wanted)) } else { outside() })
    }

    fn words(&self) -> String {
        match self.0.as_slice() {
            [] => "none".to_owned(),
            roots => roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", "),
        }
    }
}

fn below(roots: &[PathBuf], path: &Path) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

/// The path without `.` and `..`, by its letters alone; `None` when it leaves the top.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn open_plain(roots: &[PathBuf], real: &Path, wanted: &str) -> Result<Opened, FileError> {
    // Without waiting: a pipe nobody writes to must not hold the call.
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(real).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FileError::Unknown(shown(wanted)),
        _ => FileError::disk(&error),
    })?;
    // A folder on the way may have become a link since: what was opened says itself where it lies.
    let opened = std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)))
        .map_err(|error| FileError::disk(&error))?;
    if !below(roots, &opened) {
        let roots = roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(FileError::Outside { path: shown(wanted), roots });
    }
    let about = file.metadata().map_err(|error| FileError::disk(&error))?;
    let name = real.file_name().and_then(|name| name.to_str());
    let (true, Some(name)) = (about.is_file(), name) else { return Err(FileError::Odd(shown(wanted))) };
    Ok(Opened {
        name: name.to_owned(),
        bytes: about.len(),
        identity: (about.dev(), about.ino(), about.mtime() * 1_000_000_000 + about.mtime_nsec(), about.len()),
        file,
    })
}

/// A path for an error: one line, not endless.
fn shown(path: &str) -> String {
    path.chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_plain_files_below_a_root_are_opened_and_no_link_leads_out() {
        let base = tempfile::tempdir().expect("a folder");
        let (root, other) = (base.path().join("root"), base.path().join("other"));
        fs::create_dir_all(root.join("sub")).expect("made");
        fs::create_dir(&other).expect("made");
        for file in [root.join("in.txt"), root.join("sub/deep.txt"), other.join("secret.txt")] {
            fs::write(file, "x").expect("written");
        }
        symlink(other.join("secret.txt"), root.join("link.txt")).expect("linked");
        symlink(&other, root.join("door")).expect("linked");
        symlink(root.join("in.txt"), root.join("alias.txt")).expect("linked");
        nix::unistd::mkfifo(&root.join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("made");
        let roots = Roots::new(vec![root.clone()]);
        let text = |path: PathBuf| path.to_str().expect("plain").to_owned();
        let open = |path: &str| roots.open(path).map(|opened| opened.name);
        assert_eq!(open(&text(root.join("in.txt"))), Ok("in.txt".to_owned()));
        assert_eq!(open("sub/deep.txt"), Ok("deep.txt".to_owned()));
        assert_eq!(open("sub/../alias.txt"), Ok("in.txt".to_owned()));
        for outside in [
            "link.txt",
            "door/secret.txt",
            "../other/secret.txt",
            "../other/nothing",
            "/etc/passwd",
            "/nothing",
            "a\0b",
        ] {
            assert!(matches!(open(outside), Err(FileError::Outside { .. })), "{outside}: {:?}", open(outside));
        }
        assert_eq!(open("nothing.txt"), Err(FileError::Unknown("nothing.txt".to_owned())));
        for odd in ["pipe", "sub", ""] {
            assert!(matches!(open(odd), Err(FileError::Odd(_))), "{odd}: {:?}", open(odd));
        }
        let none = Roots::default().open("in.txt").map(drop).expect_err("no roots");
        assert_eq!(none.to_string(), "File access denied: in.txt is outside allowed roots. Allowed roots: none");
    }
}

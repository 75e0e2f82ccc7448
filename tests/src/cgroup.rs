//! A control group of one's own below the one this program is in: never more than that one may have, and gone with this.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Fault, Outcome};

/// Where control groups are mounted, of either version.
const MOUNT: &str = "/sys/fs/cgroup";

/// A group under one controller.
pub struct Cgroup {
    folder: PathBuf,
    unified: bool,
}

impl Cgroup {
    /// A new one under `controller`, as in `memory`; `None` where none can be made: no such controller, no right, or (version 2) a parent
    /// that does not hand it down.
    #[must_use]
    pub fn new(controller: &str) -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let named =
            |line: &str| line.split(':').nth(1).is_some_and(|names| names.split(',').any(|name| name == controller));
        let path = |line: &str| line.splitn(3, ':').nth(2).map(|path| path.trim_start_matches('/').to_owned());
        let (parent, unified) = match own.lines().find(|line| named(line)) {
            Some(line) => (Path::new(MOUNT).join(controller).join(path(line)?), false),
            None => (Path::new(MOUNT).join(path(own.lines().find(|line| line.starts_with("0::"))?)?), true),
        };
        if unified {
            // Refused where processes are in the parent itself.
            fs::write(parent.join("cgroup.subtree_control"), format!("+{controller}")).ok()?;
        }
        let folder = parent.join(format!("helmwatch-test-{}-{controller}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        Some(Self { folder, unified })
    }

    /// Sets a limit by its names in version 1 and version 2.
    ///
    /// # Errors
    /// When the kernel takes neither.
    pub fn limit(&self, (first, second): (&str, &str), value: u64) -> Outcome<()> {
        let name = if self.unified { second } else { first };
        fs::write(self.folder.join(name), value.to_string()).map_err(|error| Fault::of(name, error))
    }

    /// What a file of it says; empty when there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    /// A shell command that goes into it and becomes what follows, for [`crate::service::Options::under`].
    #[must_use]
    pub fn starter(&self) -> Vec<String> {
        let enter = format!("echo $$ > {}/cgroup.procs && exec \"$0\" \"$@\"", self.folder.display());
        ["sh".to_owned(), "-c".to_owned(), enter].into()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // It is in use until the last process in it has ended; a test that failed may leave it empty.
        if let Err(error) = fs::remove_dir(&self.folder) {
            eprintln!("{} stays: {error}", self.folder.display());
        }
    }
}

//! File descriptors that are left to this process.

use std::fs;
use std::io;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::PoolError;

/// When to come back after a refusal for descriptors: connections close in seconds.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Refuses when fewer than `needed` could still be opened. 0 looks at nothing.
pub(super) fn check(needed: u64) -> Result<(), PoolError> {
    if needed == 0 {
        return Ok(());
    }
    // What cannot be read is not known to be short, but for one reason: reading takes a descriptor itself.
    let free = match used() {
        Ok(used) => limit().map(|limit| limit.saturating_sub(used)),
        Err(error) if error.raw_os_error() == Some(nix::libc::EMFILE) => Some(0),
        Err(_) => None,
    };
    match free {
        Some(free) if free < needed => Err(PoolError::LowDescriptors { free, needed, retry_after: RETRY_AFTER }),
        _ => Ok(()),
    }
}

/// Raises the soft limit to the hard one, which needs no privilege: the soft one is often 1,024 for the sake of programs that use
/// `select(2)`, which neither we nor Chromium do. What holds from now on.
///
/// # Errors
/// When the limit cannot be read or set; it stays as it was then.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

fn limit() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

/// Those open now, the one that reads them not counted.
fn used() -> io::Result<u64> {
    Ok((fs::read_dir("/proc/self/fd")?.count() as u64).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_are_counted_and_too_few_left_is_refused() {
        let before = used().expect("this system has /proc");
        let files: Vec<_> = (0..40).map(|_| fs::File::open("/dev/null").expect("it is there")).collect();
        // Other tests of this process may open and close some meanwhile.
        assert!(used().expect("as before") + 20 > before + files.len() as u64);
        assert!(check(0).is_ok());
        assert!(matches!(check(u64::MAX), Err(PoolError::LowDescriptors { needed: u64::MAX, .. })));
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let hard = raise_descriptor_limit().expect("raising up to the hard limit is allowed");
        assert_eq!(limit(), Some(hard));
    }
}

//! Memory that is left, of the machine and of the control groups the service runs in.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{PoolError, cgroup};

/// When to come back after a refusal for memory: sessions end in seconds, not milliseconds.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Refuses when less than `needed_mib` is free. 0 looks at nothing.
pub(super) fn check(needed_mib: u64) -> Result<(), PoolError> {
    if needed_mib == 0 {
        return Ok(());
    }
    match free_now() {
        Some(free_mib) if free_mib < needed_mib => {
            Err(PoolError::LowMemory { free_mib, needed_mib, retry_after: RETRY_AFTER })
        }
        // What cannot be read is not there to be limited by.
        _ => Ok(()),
    }
}

/// MiB free now; `None` where that cannot be read.
pub(super) fn free_now() -> Option<u64> {
    free_mib(&|path| fs::read_to_string(path).ok())
}

/// The smaller of what the machine and what the groups leave. `read` gives a file's text, when it is there.
fn free_mib(read: &impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| available(&text));
    let groups = cgroup::free_bytes(read).map(|bytes| bytes >> 20);
    machine.into_iter().chain(groups).min()
}

/// `MemAvailable` of `/proc/meminfo`, MiB.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_read_in_mebibytes() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn the_smaller_of_machine_and_group_counts() {
        let free = |group: &'static str| {
            free_mib(&move |path| {
                let text = match path.to_str()? {
                    "/proc/meminfo" => "MemAvailable: 4096 kB\n",
                    "/proc/self/cgroup" => "0::/\n",
                    "/proc/self/mountinfo" => "30 22 0:26 / /cg rw - cgroup2 cgroup2 rw\n",
                    "/cg/memory.max" => group,
                    "/cg/memory.current" => "0",
                    _ => return None,
                };
                Some(text.to_owned())
            })
        };
        assert_eq!((free("2097152"), free("9999999999"), free("max")), (Some(2), Some(4), Some(4)));
    }

    #[test]
    fn more_than_any_machine_has_is_refused() {
        assert!(check(0).is_ok());
        assert!(matches!(check(u64::MAX), Err(PoolError::LowMemory { .. })));
    }
}

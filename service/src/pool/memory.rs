//! Memory that is left, of the machine and of the cgroup the service runs in.

use std::fs;
use std::time::Duration;

use super::PoolError;

/// When to come back after a refusal for memory: sessions end in seconds, not milliseconds.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Refuses when less than `needed_mib` is free. 0 looks at nothing.
pub(super) fn check(needed_mib: u64) -> Result<(), PoolError> {
    if needed_mib == 0 {
        return Ok(());
    }
    match free_mib() {
        Some(free_mib) if free_mib < needed_mib => {
            Err(PoolError::LowMemory { free_mib, needed_mib, retry_after: RETRY_AFTER })
        }
        // What cannot be read is not there to be limited by.
        _ => Ok(()),
    }
}

fn free_mib() -> Option<u64> {
    let machine = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let v2 = || Some((number("/sys/fs/cgroup/memory.max")?, number("/sys/fs/cgroup/memory.current")?));
    let v1 = || {
        Some((
            number("/sys/fs/cgroup/memory/memory.limit_in_bytes")?,
            number("/sys/fs/cgroup/memory/memory.usage_in_bytes")?,
        ))
    };
    let group = v2().or_else(v1).map(|(limit, used)| limit.saturating_sub(used) >> 20);
    Some(group.map_or(machine, |group| group.min(machine)))
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
    fn more_than_any_machine_has_is_refused() {
        assert!(check(0).is_ok());
        assert!(matches!(check(u64::MAX), Err(PoolError::LowMemory { .. })));
    }
}

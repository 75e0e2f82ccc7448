//! Processes that fall to us: when a browser dies before its helpers, these get the nearest reaper above them as their parent, which is
//! this service when it is the first process of a container. Unless that one asks for their end, they stay in the table for ever.
//!
//! Never waits for just any child: that would take from the runtime the ends of the browsers it waits for. Never asks the kernel to
//! kill children with their parent either (`PR_SET_PDEATHSIG`): that follows the thread which started them, not the process.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};
use tokio::signal::unix::{SignalKind, signal};

/// Time between two looks, while there is something to reap. What is seen at two looks in a row is nobody's: whoever starts a process
/// that fails at once waits for it at once.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Makes this process the one that orphans below it fall to, and reaps them; for as long as the service lives.
pub async fn reap_adopted() {
    if let Err(error) = set_child_subreaper(true) {
        tracing::debug!(%error, "orphaned helpers of browsers fall to whoever reaps on this machine");
    }
    let mut ended = match signal(SignalKind::child()) {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(%error, "helpers that dead browsers leave are not reaped");
            return;
        }
    };
    while ended.recv().await.is_some() {
        let mut seen = HashSet::new();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Reading `/proc` blocks.
            let dead = tokio::task::spawn_blocking(dead_orphans).await.unwrap_or_default();
            for pid in dead.intersection(&seen) {
                if let Err(error) = waitpid(Pid::from_raw(*pid), Some(WaitPidFlag::WNOHANG)) {
                    tracing::debug!(%error, pid, "an orphan was reaped already");
                }
            }
            if dead.is_empty() {
                break;
            }
            seen = dead;
        }
    }
}

/// Children of this process that have ended, are not waited for, and are not its own.
fn dead_orphans() -> HashSet<i32> {
    let me = getpid().as_raw();
    let Ok(entries) = fs::read_dir("/proc") else { return HashSet::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers
        .filter(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| is_orphan(&stat, me)))
        .collect()
}

/// Reads a `/proc/PID/stat`: a zombie below us that leads no group of its own. Browsers, which we start and wait for, lead theirs; what
/// they start is in their group.
fn is_orphan(stat: &str, me: i32) -> bool {
    // The name in parentheses may itself hold some: fields count from the last one.
    let Some((number, fields)) = stat
        .split_once(' ')
        .zip(stat.rfind(')').and_then(|at| stat.get(at + 1..)))
        .map(|((number, _), fields)| (number, fields.split_whitespace().take(3).collect::<Vec<_>>()))
    else {
        return false;
    };
    let [state, parent, group] = fields[..] else { return false };
    state == "Z" && parent.parse() == Ok(me) && group != number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F42: what the runtime waits for is never taken from it.
    #[test]
    fn only_dead_children_without_a_group_of_their_own_are_orphans() {
        assert!(is_orphan("41 (chrome) Z 1 30 1 0", 1));
        assert!(is_orphan("41 (a) b (c) Z 1 30 1 0", 1));
        for other in ["41 (chrome) S 1 30 1 0", "41 (chrome) Z 7 30 1 0", "30 (chrome) Z 1 30 1 0", "41 (chrome) Z", ""]
        {
            assert!(!is_orphan(other, 1), "{other}");
        }
    }
}

//! What browsers weigh, as `/proc` shows it.

use std::collections::HashMap;
use std::fs;
use std::io;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Memory of one browser with all its processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// What would be free if it ended, bytes: pages of its own and shared memory, swapped ones too, files not.
    pub bytes: u64,
    /// Its heaviest renderer: process number, bytes.
    pub heaviest: Option<(i32, u64)>,
}

/// Weighs browsers by the numbers of their process groups. Reads `/proc` once for all of them; blocks.
///
/// What is counted costs one short file for each process. Shared memory counts for everybody who has it, so the sum is too high rather
/// than too low; before anything is ended because of it, the proportional sizes are read too, where the system lets us.
#[must_use]
pub fn weigh(groups: &[u32], exact_above: u64) -> HashMap<u32, Weight> {
    if groups.is_empty() {
        return HashMap::new();
    }
    let mut parts: HashMap<u32, Vec<(i32, u64)>> = groups.iter().map(|group| (*group, Vec::new())).collect();
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let Some(parts) = group_of(pid).and_then(|group| parts.get_mut(&group)) else { continue };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        parts.push((pid, own_bytes(&status)));
    }
    parts.into_iter().map(|(group, parts)| (group, sum(&parts, exact_above))).collect()
}

fn sum(parts: &[(i32, u64)], exact_above: u64) -> Weight {
    let mut bytes: u64 = parts.iter().map(|(_, bytes)| bytes).sum();
    if bytes > exact_above {
        let exact: Option<u64> = parts.iter().map(|(pid, _)| proportional(*pid)).sum();
        bytes = exact.map_or(bytes, |exact| exact.min(bytes));
    }
    let heaviest = parts.iter().filter(|(pid, _)| is_renderer(*pid)).max_by_key(|(_, bytes)| *bytes).copied();
    Weight { bytes, heaviest }
}

/// Ends one process of a browser, if it still belongs to it.
///
/// # Errors
/// When it is not there any more.
pub fn end_part(group: u32, pid: i32) -> io::Result<()> {
    if pid <= 1 || group_of(pid) != Some(group) {
        return Err(io::ErrorKind::NotFound.into());
    }
    kill(Pid::from_raw(pid), Signal::SIGKILL).map_err(io::Error::from)
}

fn group_of(pid: i32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name in parentheses, which may itself hold some: state, parent, group.
    text.get(text.rfind(')')? + 1..)?.split_whitespace().nth(2)?.parse().ok()
}

/// Chromium's children say in their arguments what they are.
fn is_renderer(pid: i32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    memchr::memmem::find(&line, b"--type=renderer").is_some()
}

/// Of a `/proc/PID/status`: what is nobody's file.
fn own_bytes(status: &str) -> u64 {
    ["RssAnon:", "RssShmem:", "VmSwap:"].iter().filter_map(|label| kib(status, label)).sum::<u64>() << 10
}

fn proportional(pid: i32) -> Option<u64> {
    match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        Ok(text) => Some((kib(&text, "Pss:")? + kib(&text, "SwapPss:").unwrap_or(0)) << 10),
        // It ended meanwhile and weighs nothing; one we may not look into makes the sum unknown.
        Err(_) if group_of(pid).is_none() => Some(0),
        Err(_) => None,
    }
}

fn kib(text: &str, label: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(label)?.trim().strip_suffix("kB")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_file_is_counted() {
        let status =
            "Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t  100 kB\nRssFile:\t  700 kB\nRssShmem:\t  30 kB\nVmSwap:\t  4 kB\n";
        assert_eq!(own_bytes(status), 134 << 10);
        assert_eq!(own_bytes(""), 0);
    }

    #[test]
    fn a_group_is_weighed_and_grows_with_what_it_holds() {
        let me = u32::try_from(nix::unistd::getpgrp().as_raw()).expect("a number");
        let before = weigh(&[me, u32::MAX], u64::MAX);
        let held = vec![1_u8; 64 << 20];
        let after = weigh(&[me], u64::MAX);
        assert!(after[&me].bytes >= before[&me].bytes + (48 << 20), "{before:?} {after:?}");
        assert_eq!(before[&u32::MAX], Weight::default());
        assert_eq!(held.len(), 64 << 20);
    }

    #[test]
    fn no_process_of_another_group_is_ended() {
        assert!(end_part(u32::MAX, std::process::id().cast_signed()).is_err());
        assert!(end_part(0, 1).is_err());
    }
}

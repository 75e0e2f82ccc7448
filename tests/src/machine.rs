//! The machine a figure comes from, the moment it was made, and the memory that is left: figures without them say little.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::cdp;
use crate::processes::load;
use crate::service;

/// What a run says about where it ran.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// As in `AMD EPYC`.
    pub processor: String,
    pub cores: usize,
    pub memory_gib: u64,
    /// As in `Debian GNU/Linux 12 (bookworm), Linux 6.1`.
    pub system: String,
    /// As in `Chromium 156.0.8078.108`.
    pub chromium: String,
    /// As the program says it, `helmwatch 0.1.0`.
    pub program: String,
    /// `release` or `debug`, of the program that measured and, by its folder, of the one measured.
    pub build: String,
    /// UTC, `2026-11-26 14:05`.
    pub date: String,
    /// Processes that wanted a processor, on average of the minute before.
    pub load: f64,
}

impl Machine {
    /// Looks around; what cannot be read is left empty.
    pub async fn look() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = value(&text("/proc/cpuinfo"), "model name").unwrap_or_default();
        let memory_kib = value(&text("/proc/meminfo"), "MemTotal").and_then(|text| kib(&text)).unwrap_or(0);
        let system = text("/etc/os-release");
        let name = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
        let kernel = text("/proc/sys/kernel/osrelease");
        let kernel = kernel.trim().split('-').next().unwrap_or_default();
        let says = async |program: &Path| {
            let output = tokio::process::Command::new(program).arg("--version").output().await.ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let program = match service::executable() {
            Ok(path) => says(&path).await,
            Err(_) => None,
        };
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            // A machine of 24 GiB says a little less.
            memory_gib: (memory_kib + (1 << 19)) >> 20,
            system: format!("{}, Linux {kernel}", name.trim_matches('"')),
            chromium: says(&cdp::executable()).await.unwrap_or_default(),
            program: program.unwrap_or_default(),
            build: build().to_owned(),
            date: date(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())),
            load: load(),
        }
    }
}

impl fmt::Display for Machine {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} UTC, {} ({} build), {}, {} cores of {}, {} GiB, {}, load {:.1} before",
            self.date,
            self.program,
            self.build,
            self.chromium,
            self.cores,
            self.processor,
            self.memory_gib,
            self.system,
            self.load
        )
    }
}

/// Is what is measured made for speed? `HELMWATCH_BIN` may name another build than this one: then its folder says.
#[must_use]
pub fn build() -> &'static str {
    let named = std::env::var_os("HELMWATCH_BIN").map(|path| path.to_string_lossy().contains("release"));
    if named.unwrap_or(!cfg!(debug_assertions)) { "release" } else { "debug" }
}

/// Memory that is left, MiB: the smaller of what the machine and what its control group leave. None where nobody says.
#[must_use]
pub fn free_mib() -> Option<u64> {
    let available =
        value(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable").and_then(|text| kib(&text))? >> 10;
    Some(available.min(group_free_mib().unwrap_or(u64::MAX)))
}

/// What the group this process runs in leaves: version 2, then version 1, where they are usually mounted.
fn group_free_mib() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let (folder, most, used) = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        match (parts.next()?, parts.next()?) {
            ("", path) => Some((format!("/sys/fs/cgroup{path}"), "memory.max", "memory.current")),
            (names, path) if names.split(',').any(|name| name == "memory") => {
                let folder = format!("/sys/fs/cgroup/memory{path}");
                Some((folder, "memory.limit_in_bytes", "memory.usage_in_bytes"))
            }
            _ => None,
        }
    })?;
    let read = |file: &str| fs::read_to_string(format!("{folder}/{file}")).ok()?.trim().parse::<u64>().ok();
    let files = fs::read_to_string(format!("{folder}/memory.stat")).unwrap_or_default();
    // Cached files go when memory is wanted.
    let cached = files.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse::<u64>().ok()).unwrap_or(0);
    Some((read(most)? - read(used)?.saturating_sub(cached).min(read(most)?)) >> 20)
}

/// `name : value` of a file of such lines.
fn value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn kib(text: &str) -> Option<u64> {
    text.trim_end_matches("kB").trim().parse().ok()
}

/// Day and minute of so many seconds after 1970, UTC, by the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms": years are counted from March, so that the leap day is the last of one).
fn date(seconds: u64) -> String {
    let (days, minute) = (seconds / 86_400 + 719_468, seconds % 86_400 / 60);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_400 + 61), "2000-02-29 00:01");
        assert_eq!(date(1_795_737_599), "2026-11-26 23:59");
        assert_eq!(date(1_798_761_600), "2027-01-01 00:00");
    }

    #[test]
    fn this_machine_has_cores_memory_and_some_of_it_free() {
        let free = free_mib().expect("/proc/meminfo is there");
        assert!(free > 0 && free < 1 << 30, "{free}");
        assert_eq!(value("a b : c d\nx: 1 kB", "a b").as_deref(), Some("c d"));
        assert_eq!(value("x: 12 kB", "x").and_then(|text| kib(&text)), Some(12));
    }
}

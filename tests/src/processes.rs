//! Processes as `/proc` shows them: who descends from whom, what they weigh, who is left.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

/// A process, named so that a reused pid is never mistaken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot: with the pid, unique.
    started: u64,
}

/// Memory of one or more processes, bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident, shared pages counted in full.
    pub rss: u64,
    /// Proportional set size: shared pages divided among those who share them, so that a sum over a tree is true.
    pub pss: u64,
    /// What is in no file: heaps and stacks, of the resident pages.
    pub anon: u64,
}

impl std::ops::Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { rss: self.rss + other.rss, pss: self.pss + other.pss, anon: self.anon + other.anon }
    }
}

/// One line of `/proc/PID/stat`, as far as it is wanted.
struct Stat {
    process: Process,
    state: char,
    parent: i32,
    cpu: Duration,
}

/// Clock ticks a second in `/proc`: `USER_HZ`, which is 100 on every Linux there is.
const TICKS_PER_S: u64 = 100;

impl Process {
    /// The process with this pid now.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        Stat::read(pid).map(|stat| stat.process)
    }

    /// Does it still run? A zombie does not: it only waits to be counted.
    #[must_use]
    pub fn alive(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.process == self && stat.state != 'Z' && stat.state != 'X')
    }

    /// Children of it that ended and wait to be counted.
    #[must_use]
    pub fn zombies(self) -> usize {
        all().iter().filter(|stat| stat.parent == self.pid && stat.state == 'Z').count()
    }

    /// Is it a renderer of a Chromium: where pages run?
    #[must_use]
    pub fn is_renderer(self) -> bool {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains("--type=renderer")
    }

    /// What the out-of-memory killer adds to its weight.
    #[must_use]
    pub fn oom_score_adj(self) -> Option<i32> {
        fs::read_to_string(format!("/proc/{}/oom_score_adj", self.pid)).ok()?.trim().parse().ok()
    }

    /// Its command line, cut to what tells it apart.
    #[must_use]
    pub fn command(self) -> String {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let line: Vec<_> = bytes.split(|byte| *byte == 0).take(3).map(String::from_utf8_lossy).collect();
        format!("{} {}", self.pid, line.join(" "))
    }

    /// Everything it was started with, but for its program. Only what does not write its title over it says the truth.
    #[must_use]
    pub fn arguments(self) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let all = bytes.split(|byte| *byte == 0).skip(1).filter(|argument| !argument.is_empty());
        all.map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
    }

    /// Is it the main process of a Chromium? Its renderers and helpers say what they are in `--type=`.
    #[must_use]
    pub fn is_browser(self) -> bool {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        // Chromium's children write their title over their arguments, so the zero bytes cannot be relied on.
        let line = String::from_utf8_lossy(&bytes);
        line.contains("--remote-debugging") && !line.contains("--type=")
    }

    /// What it is, in a word or two: `zombie`, Chromium's `--type` (`renderer`, `zygote`, …), `browser`, else the name of its program.
    #[must_use]
    pub fn role(self) -> String {
        if Stat::read(self.pid).is_some_and(|stat| stat.process == self && stat.state == 'Z') {
            return "zombie".to_owned();
        }
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let line = String::from_utf8_lossy(&bytes);
        if let Some(kind) = line.split("--type=").nth(1) {
            return kind.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
        }
        if self.is_browser() {
            return "browser".to_owned();
        }
        let program = line.split(['\0', ' ']).next().unwrap_or_default();
        program.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Its threads, each by its name (the kernel keeps 15 bytes of it).
    #[must_use]
    pub fn threads(self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(format!("/proc/{}/task", self.pid)) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
        names.map(|name| name.trim().to_owned()).collect()
    }

    /// Its open files, each by what it is: `socket`, `pipe`, `anon_inode`, or the path of a file.
    #[must_use]
    pub fn open_files(self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else { return Vec::new() };
        // One that was closed since the list was made has no target any more.
        let targets = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        targets
            .map(|target| {
                let target = target.to_string_lossy();
                // `socket:[1234]`: the number says nothing to anybody.
                target.split_once(":[").map_or(&*target, |(kind, _)| kind).to_owned()
            })
            .collect()
    }

    /// Its own memory; zero once it is gone.
    #[must_use]
    pub fn memory(self) -> Memory {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).unwrap_or_default();
        let bytes = |label: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(label)?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok())
                .unwrap_or(0)
                * 1024
        };
        Memory { rss: bytes("Rss:"), pss: bytes("Pss:"), anon: bytes("Anonymous:") }
    }

    /// Time on a processor, in user and in kernel mode, since its start; zero once it is gone.
    #[must_use]
    pub fn cpu(self) -> Duration {
        Stat::read(self.pid).filter(|stat| stat.process == self).map_or(Duration::ZERO, |stat| stat.cpu)
    }

    /// The same of it and all its descendants that are still there.
    #[must_use]
    pub fn tree_cpu(self) -> Duration {
        self.tree().into_iter().map(Self::cpu).sum()
    }

    /// It and all that descend from it, in no order.
    #[must_use]
    pub fn tree(self) -> Vec<Self> {
        let all: Vec<Stat> = all();
        let mut found = HashSet::from([self.pid]);
        let mut tree = vec![self];
        loop {
            let before = tree.len();
            for stat in &all {
                if found.contains(&stat.parent) && found.insert(stat.process.pid) {
                    tree.push(stat.process);
                }
            }
            if tree.len() == before {
                return tree;
            }
        }
    }

    /// Memory of it and all its descendants.
    #[must_use]
    pub fn tree_memory(self) -> Memory {
        self.tree().into_iter().map(Self::memory).fold(Memory::default(), |sum, one| sum + one)
    }
}

/// Every process whose environment holds `variable=value`: those a marked service started, whoever their parent is now.
#[must_use]
pub fn marked(variable: &str, value: &str) -> Vec<Process> {
    let wanted = format!("{variable}={value}");
    all()
        .into_iter()
        .filter(|stat| stat.state != 'Z')
        .filter(|stat| {
            fs::read(format!("/proc/{}/environ", stat.process.pid))
                .is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
        })
        .map(|stat| stat.process)
        .collect()
}

/// How many processes wanted a processor, on average over the last minute; zero where nobody says.
#[must_use]
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0)
}

fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Stat::read).collect()
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may itself hold spaces and parentheses: fields count from the last one.
        let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_whitespace().collect();
        Some(Self {
            process: Process { pid, started: fields.get(19)?.parse().ok()? },
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            cpu: Duration::from_millis(
                (fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?) * 1_000 / TICKS_PER_S,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_weighs_something() {
        let me = Process::of(std::process::id().cast_signed()).expect("this process is in /proc");
        assert!(me.alive());
        let memory = me.memory();
        assert!(memory.pss > 0 && memory.rss >= memory.pss && memory.anon > 0 && memory.rss > memory.anon);
        assert!(me.tree().contains(&me));
    }

    #[test]
    fn a_child_is_in_the_tree_until_it_ends() {
        let me = Process::of(std::process::id().cast_signed()).expect("this process is in /proc");
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat");
        let process = Process::of(child.id().cast_signed()).expect("the child is in /proc");
        assert!(me.tree().contains(&process));
        child.kill().expect("kill");
        child.wait().expect("wait");
        assert!(!process.alive());
    }
}

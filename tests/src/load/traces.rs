//! What a service holds at one moment, as far as it can be seen from outside; and what it still holds after a run that it did not before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::Run;
use crate::Outcome;
use crate::processes::Process;
use crate::wait::until;

/// After the last session, the time to come back to the baseline: above a vanished agent's idle time, the end of a retired browser,
/// and the 10 s after which idle threads of the runtime end.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(40);

/// Between two looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Gauges of `/metrics` that must come back: each counts something that is open.
const GAUGES: [&str; 5] = [
    "helmwatch_tasks_alive",
    "helmwatch_http_connections",
    "helmwatch_egress_tunnels",
    "helmwatch_live_viewers",
    "helmwatch_approvals_pending",
];

/// The store opens its connections as they are needed, up to these, and keeps them: one to write, three to read, a thread each.
const STORE_CONNECTIONS: u64 = 4;

/// What comes and goes with them, by the beginning of its name and by its end.
const STORE: [(&str, &str); 3] =
    [("open file: ", "helmwatch.db"), ("open file: ", "helmwatch.db-wal"), ("thread: sqlx-sqlite", "")];

/// Browsers more than before that are no leftover: of those nobody sits in, the pool keeps one as a spare, and ends every other.
const SPARE_BROWSERS: u64 = 1;

/// What one browser brings with it, by names.
const OF_A_BROWSER: [(&str, u64); 14] = [
    ("browsers", 1),
    ("process: browser", 1),
    ("process: gpu-process", 1),
    ("process: utility", 1),
    // One without a sandbox, one with, and the helper that starts them.
    ("process: zygote", 3),
    ("profile folders and locks", 2),
    (PROFILE_LOCK, 1),
    ("open file: pipe", 3),
    // The end of its process is waited for by this.
    ("open file: anon_inode", 1),
    ("tasks_alive{task=\"browser watch\"}", 1),
    ("tasks_alive{task=\"cdp read\"}", 1),
    ("tasks_alive{task=\"cdp write\"}", 1),
    ("tasks_alive{task=\"chromium log\"}", 1),
    ("tasks_alive{task=\"chromium process\"}", 1),
];

/// Warm contexts more than before that are no leftover: the pool keeps ready ones of other tenants than the last, three times its goal.
const WARM_OF_OTHERS: u64 = 6;

/// What one warm context brings with it at most: its page's renderer, and the proxy's socket and task for it.
const OF_A_CONTEXT: [&str; 4] =
    ["warm contexts", "process: renderer", "open file: socket", "tasks_alive{task=\"egress lane\"}"];

/// Every browser's own lock, whatever its folder is called.
const PROFILE_LOCK: &str = "open file: lock of a profile";

/// The time for the pool to get its warm contexts ready before the baseline is taken.
const WARM_WITHIN: Duration = Duration::from_secs(20);

/// Counts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Traces(BTreeMap<String, u64>);

/// Something there is more of than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leftover {
    pub what: String,
    pub before: u64,
    pub after: u64,
}

impl Traces {
    /// The baseline: what is there when nobody has a session and the warm contexts are ready.
    ///
    /// # Errors
    /// When the pool does not get ready.
    pub async fn baseline(run: &Run) -> Outcome<Self> {
        let ready = until("a quiet pool with its warm contexts ready", WARM_WITHIN, async || {
            let pool = run.pool().await?;
            (pool.in_use == 0 && pool.warm >= pool.warm_sessions).then_some(())
        });
        if run.plan.process.is_some() {
            ready.await?;
        }
        Ok(Self::of(run).await)
    }

    /// Looks once. What does not answer is no trace of its own, but `unanswered` is.
    pub async fn of(run: &Run) -> Self {
        let mut counts = BTreeMap::new();
        let mut unanswered = 0;
        match run.list().await {
            Some(list) => drop(counts.insert("sessions".to_owned(), list.sessions.len() as u64)),
            None => unanswered += 1,
        }
        match run.pool().await {
            Some(pool) => {
                counts.insert("permits in use".to_owned(), pool.in_use.into());
                counts.insert("callers waiting".to_owned(), pool.waiting.into());
                counts.insert("warm contexts".to_owned(), pool.warm.into());
                counts.insert("browsers".to_owned(), pool.browsers.into());
            }
            None => unanswered += 1,
        }
        match run.get("/metrics").await {
            Some(answer) => counts.extend(gauges(&answer.text().await.unwrap_or_default())),
            None => unanswered += 1,
        }
        counts.insert("routes without an answer".to_owned(), unanswered);
        let (process, folder) = (run.plan.process, run.plan.profiles.clone());
        let outside = tokio::task::spawn_blocking(move || seen_outside(process, folder.as_deref()));
        counts.extend(outside.await.unwrap_or_default());
        Self(counts)
    }

    /// Waits until nothing is above `self`, and returns what still is when the time is over.
    pub async fn settle(&self, run: &Run) -> Vec<Leftover> {
        let deadline = Instant::now() + run.plan.settles_within;
        loop {
            let left = self.above(&Self::of(run).await);
            if left.is_empty() || Instant::now() >= deadline {
                return left;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// What `after` has more of. Less is no leftover: a spare that is gone was nobody's.
    fn above(&self, after: &Self) -> Vec<Leftover> {
        let more_of = |what: &str| after.count(what).saturating_sub(self.count(what));
        let spares = more_of("browsers").min(SPARE_BROWSERS);
        let warm = more_of("warm contexts").min(WARM_OF_OTHERS);
        let more = after.0.iter().filter_map(|(what, after)| {
            let store = STORE.iter().any(|(begins, ends)| what.starts_with(begins) && what.ends_with(ends));
            let floor = if store { STORE_CONNECTIONS } else { 0 };
            let before = self.0.get(what).copied().unwrap_or(0).max(floor);
            let each = OF_A_BROWSER.iter().find(|(name, _)| name == what).map_or(0, |(_, each)| *each);
            let ready = if OF_A_CONTEXT.contains(&what.as_str()) { warm } else { 0 };
            (*after > before + spares * each + ready).then(|| Leftover { what: what.clone(), before, after: *after })
        });
        more.collect()
    }
}

/// The counting gauges of a page of metrics, by name and labels.
fn gauges(text: &str) -> Vec<(String, u64)> {
    let counts = |line: &&str| line.split([' ', '{']).next().is_some_and(|name| GAUGES.contains(&name));
    let lines = text.lines().filter(counts);
    let pairs = lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of things that are open")]
        let value = value.parse::<f64>().ok()?.max(0.0) as u64;
        Some((name.trim_start_matches("helmwatch_").to_owned(), value))
    });
    pairs.collect()
}

/// Processes by what they are, zombies, threads and open files of the service, folders of its Chromium.
fn seen_outside(process: Option<Process>, profiles: Option<&Path>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    if let Some(process) = process {
        for one in process.tree() {
            let what =
                if one == process { "process: the service".to_owned() } else { format!("process: {}", one.role()) };
            *counts.entry(what).or_default() += 1;
        }
        for thread in process.threads() {
            *counts.entry(format!("thread: {thread}")).or_default() += 1;
        }
        for kind in process.open_files() {
            let lock = kind.contains("/profile-") && kind.ends_with(".lock");
            let what = if lock { PROFILE_LOCK.to_owned() } else { format!("open file: {kind}") };
            *counts.entry(what).or_default() += 1;
        }
    }
    if let Some(profiles) = profiles {
        counts.insert("profile folders and locks".to_owned(), entries(profiles));
    }
    counts
}

/// Everything in the folders in this one: Chromium's profiles are one level down.
fn entries(folder: &Path) -> u64 {
    let list = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).map(|list| list.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
    };
    list(folder).iter().map(|inner| list(inner).len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(counts: &[(&str, u64)]) -> Traces {
        Traces(counts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect())
    }

    #[test]
    fn more_of_anything_is_named_and_less_is_not() {
        let before = traces(&[("sessions", 0), ("browsers", 2)]);
        let after = traces(&[("sessions", 1), ("browsers", 1), ("process: zombie", 3)]);
        let left = before.above(&after);
        let named: Vec<_> = left.iter().map(|one| (one.what.as_str(), one.before, one.after)).collect();
        assert_eq!(named, [("process: zombie", 0, 3), ("sessions", 0, 1)]);
        assert!(before.above(&before).is_empty());
    }

    #[test]
    fn one_spare_browser_is_none_left_behind_but_two_are_and_so_is_one_the_pool_does_not_know() {
        let before = traces(&[("browsers", 1), ("process: browser", 1), ("process: zygote", 3)]);
        let spare = traces(&[("browsers", 2), ("process: browser", 2), ("process: zygote", 6)]);
        assert!(before.above(&spare).is_empty());
        let two = traces(&[("browsers", 3), ("process: browser", 3), ("process: zygote", 9)]);
        assert_eq!(before.above(&two).len(), 3);
        let unknown = traces(&[("browsers", 1), ("process: browser", 2), ("process: zygote", 6)]);
        assert_eq!(before.above(&unknown).len(), 2);
    }

    #[test]
    fn warm_contexts_of_other_tenants_are_no_leftover_but_a_renderer_without_one_is() {
        let before = traces(&[("warm contexts", 2), ("process: renderer", 2)]);
        let kept = traces(&[("warm contexts", 4), ("process: renderer", 4)]);
        assert!(before.above(&kept).is_empty());
        let orphan = traces(&[("warm contexts", 4), ("process: renderer", 5)]);
        assert_eq!(before.above(&orphan).len(), 1);
    }

    #[test]
    fn the_stores_connections_may_open_up_to_their_number() {
        let before = traces(&[("open file: /x/helmwatch.db", 2)]);
        let full = traces(&[("open file: /x/helmwatch.db", 4), ("thread: sqlx-sqlite-wor", 4)]);
        assert!(before.above(&full).is_empty());
        let over = traces(&[("open file: /x/helmwatch.db", 5)]);
        assert_eq!(before.above(&over).len(), 1);
    }

    #[test]
    fn gauges_are_read_by_name_and_label_and_counters_are_not() {
        let text = "# HELP helmwatch_tasks_alive x\nhelmwatch_tasks_alive{task=\"browser watch\"} 2\nhelmwatch_http_connections 1\nhelmwatch_live_viewers_closed_total 9\n";
        let read = gauges(text);
        assert_eq!(read, [("tasks_alive{task=\"browser watch\"}".to_owned(), 2), ("http_connections".to_owned(), 1)]);
    }

    #[test]
    fn this_process_has_a_thread_open_files_and_an_end() {
        let me = Process::of(std::process::id().cast_signed()).expect("this process is in /proc");
        let folder = tempfile::tempdir().expect("a folder");
        let before = seen_outside(Some(me), Some(folder.path()));
        assert!(before.keys().any(|what| what.starts_with("thread: ")) && before["process: the service"] == 1);
        std::fs::create_dir_all(folder.path().join("helmwatch-0/profile-x")).expect("a folder");
        let after = seen_outside(None, Some(folder.path()));
        assert_eq!((before["profile folders and locks"], after["profile folders and locks"]), (0, 1));
    }
}

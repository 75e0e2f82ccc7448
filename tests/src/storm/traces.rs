//! What a storm may not leave: sessions, tasks, threads, open files, processes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::service::Service;
use crate::wait::until;
use crate::{Fault, Outcome};

/// The time to come back to the baseline: above a goodbye nobody answers and the end of a browser that is replaced.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);

/// Rows of `/metrics`: words of clients in their labels would be rows, and memory, that nobody bounds.
const ROWS: &str = "rows of /metrics";
/// What may be more by a few: rows of answers and routes that were not asked for before the baseline, and connections that the client of
/// the good calls keeps; threads for files, which end by themselves when nobody has needed them for a while.
const SPARE: [(&str, u64); 5] = [
    ("threads", 4),
    (ROWS, 1_000),
    ("helmwatch_http_connections", 2),
    ("helmwatch_tasks_alive{task=\"http connection\"}", 2),
    ("open files", 2),
];

/// What there is, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Traces(BTreeMap<String, u64>);

impl Traces {
    /// What there is before a storm, when the contexts the service keeps ready are.
    pub async fn baseline(service: &Service) -> Outcome<Self> {
        until("the warm contexts", SETTLES_WITHIN, async || {
            let (_, pool) = service.api("GET", "/v1/pool", Some(service.admin_key()), None).await.ok()?;
            (pool["warm"] == pool["warm_sessions"]).then_some(())
        })
        .await?;
        Self::of(service).await
    }

    /// What there is now.
    async fn of(service: &Service) -> Outcome<Self> {
        let mut found = BTreeMap::new();
        let key = Some(service.admin_key());
        let (_, list) = service.api("GET", "/v1/sessions", key, None).await?;
        found.insert("sessions".to_owned(), list["sessions"].as_array().map_or(0, Vec::len) as u64);
        let (_, pool) = service.api("GET", "/v1/pool", key, None).await?;
        for name in ["in_use", "waiting"] {
            found.insert(format!("pool: {name}"), pool[name].as_u64().unwrap_or_default());
        }
        let (_, cards) = service.api("GET", "/v1/approvals?state=pending", key, None).await?;
        found.insert("approvals".to_owned(), cards["approvals"].as_array().map_or(0, Vec::len) as u64);
        let numbers = service.bytes("/metrics", key).await?;
        for line in String::from_utf8_lossy(&numbers).lines() {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            // Numbers that stand for what there is now; one of the connections is this look's own.
            let now = ["helmwatch_tasks_alive", "helmwatch_http_connections", "helmwatch_live_viewers{"];
            if now.iter().any(|one| name.starts_with(one)) {
                let value: Value = value.parse().map_err(|error| Fault::of(name, error))?;
                found.insert(name.to_owned(), value.as_f64().unwrap_or_default() as u64);
            }
        }
        let process = service.process();
        found.insert("threads".to_owned(), process.threads().len() as u64);
        found.insert("open files".to_owned(), process.open_files().len() as u64);
        let browsers = service.children().into_iter().filter(|one| one.is_browser()).count();
        found.insert("browsers".to_owned(), browsers as u64);
        found.insert(ROWS.to_owned(), String::from_utf8_lossy(&numbers).lines().count() as u64);
        Ok(Self(found))
    }

    /// Waits until nothing is above `self`, and says what still is when the time is over.
    pub async fn left(&self, service: &Service) -> Vec<String> {
        let mut left = Vec::new();
        let settled = until("the baseline", SETTLES_WITHIN, async || {
            left = match Self::of(service).await {
                Ok(after) => self.above(&after),
                Err(fault) => vec![format!("nobody can say: {fault}")],
            };
            left.is_empty().then_some(())
        });
        if settled.await.is_ok() { Vec::new() } else { left }
    }

    fn above(&self, after: &Self) -> Vec<String> {
        let more = after.0.iter().filter_map(|(name, count)| {
            let before = self.0.get(name).copied().unwrap_or_default();
            let spare = SPARE.iter().find(|(one, _)| name == one).map_or(0, |(_, spare)| *spare);
            (*count > before + spare).then(|| format!("{name}: {count}, before {before}"))
        });
        more.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_before_is_named() {
        let before = Traces(BTreeMap::from([("tasks".to_owned(), 3), ("files".to_owned(), 9)]));
        let after = Traces(BTreeMap::from([("tasks".to_owned(), 4), ("files".to_owned(), 8), ("new".to_owned(), 1)]));
        assert_eq!(before.above(&after), ["new: 1, before 0", "tasks: 4, before 3"]);
    }
}

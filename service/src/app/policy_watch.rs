//! Takes up a rule file that was changed while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use metrics::gauge;
use tokio::time::{MissedTickBehavior, interval};

use super::policy_command;
use crate::approval::Desk;
use crate::audit::{Kind, Line, Log};
use crate::auth::{Tenant, WallClock};
use crate::browser::Door;
use crate::policy::{Current, Preset};
use crate::telemetry::names;

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    changed: Option<SystemTime>,
}

/// Watches one rule file. A file that is broken or gone changes nothing: the rules that held go on holding, and it is said.
pub(super) struct PolicyWatch {
    setting: String,
    path: PathBuf,
    /// What was read last, well or not.
    read: Option<Stamp>,
}

impl PolicyWatch {
    /// Of the policy's setting, to be made before the file is read for the first time; `None` for the rule sets that are compiled in.
    pub fn of(setting: &str) -> Option<Self> {
        if setting.parse::<Preset>().is_ok() {
            return None;
        }
        let path = PathBuf::from(setting);
        let read = stamp(&path);
        Some(Self { setting: setting.to_owned(), path, read })
    }

    /// Runs until the service ends.
    pub async fn run(mut self, current: Arc<Current>, door: Arc<Door>, desk: Desk, audit: Log, clock: WallClock) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.read;
        gauge!(names::POLICY_BROKEN).set(0.0);
        loop {
            ticks.tick().await;
            let now = stamp(&self.path);
            // Read when it has been the same for two looks: an editor may be half through.
            if now == seen && now != self.read {
                let outcome = self.take_up(now, &current, &door);
                if let Err(error) = desk.rules_changed(&current.get()).await {
                    tracing::warn!(%error, "grants of rules that changed are shown still; they let nothing through");
                }
                let line = Line::new(
                    clock.now_ms(),
                    Kind::Service,
                    Tenant::new(Tenant::DEFAULT),
                    "service",
                    "the policy file was changed",
                );
                audit.note(Line { outcome, ..line });
            }
            seen = now;
        }
    }

    /// Puts the file's rules in the place of those that hold, if they are rules; says how it went.
    fn take_up(&mut self, now: Option<Stamp>, current: &Current, door: &Door) -> String {
        self.read = now;
        match policy_command::load(&self.setting) {
            Ok(policy) => {
                tracing::info!(policy = %self.setting, rules = policy.rule_names().count(), "the policy was changed");
                // Before the rules hold, so that there is no request between.
                if policy.could_stop_requests() {
                    door.watch();
                }
                current.set(policy);
                gauge!(names::POLICY_BROKEN).set(0.0);
                "taken up".to_owned()
            }
            Err(error) => {
                tracing::error!(%error, "the policy file was changed and is broken; the rules of before go on holding");
                gauge!(names::POLICY_BROKEN).set(1.0);
                format!("broken, the former one holds: {}", error.lines().next().unwrap_or_default())
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp { inode: metadata.ino(), bytes: metadata.len(), changed: metadata.modified().ok() })
}

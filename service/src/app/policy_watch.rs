//! Takes up a rule file that was changed while the service runs.

use std::path::PathBuf;
use std::sync::Arc;

use metrics::gauge;
use tokio::time::{MissedTickBehavior, interval};

use super::file_watch::{FileWatch, LOOK_EVERY};
use super::policy_command;
use crate::approval::Desk;
use crate::audit::{Kind, Line, Log};
use crate::auth::{Tenant, WallClock};
use crate::browser::Door;
use crate::policy::{Current, Preset};
use crate::telemetry::names;

/// Watches one rule file. A file that is broken or gone changes nothing: the rules that held go on holding, and it is said.
pub(super) struct PolicyWatch {
    setting: String,
    file: FileWatch,
}

impl PolicyWatch {
    /// Of the policy's setting, to be made before the file is read for the first time; `None` for the rule sets that are compiled in.
    pub fn of(setting: &str) -> Option<Self> {
        if setting.parse::<Preset>().is_ok() {
            return None;
        }
        Some(Self { setting: setting.to_owned(), file: FileWatch::new(PathBuf::from(setting)) })
    }

    /// Runs until the service ends.
    pub async fn run(mut self, current: Arc<Current>, door: Arc<Door>, desk: Desk, audit: Log, clock: WallClock) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        gauge!(names::POLICY_BROKEN).set(0.0);
        loop {
            ticks.tick().await;
            if self.file.changed() {
                let outcome = self.take_up(&current, &door);
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
        }
    }

    /// Puts the file's rules in the place of those that hold, if they are rules; says how it went.
    fn take_up(&self, current: &Current, door: &Door) -> String {
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

//! Takes up the pool's limits from a settings file that was changed while the service runs: by itself a moment after the change, and at
//! once on `SIGHUP`.
//!
//! Only what the file changed moves: a limit that an operator moved otherwise stays where it is until the file says something else about
//! it than before. A file that is broken, gone, or asks for what cannot be changes nothing. What holds after a restart only is named.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use toml::{Table, Value};

use super::cli::Settings;
use super::file_watch::{FileWatch, LOOK_EVERY};
use crate::audit::{Kind, Line, Log};
use crate::auth::{Tenant, WallClock};
use crate::config::Config;
use crate::pool::{Pool, is_movable};

/// Keys named one by one in a line of the log; of more their number.
const KEYS_MAX: usize = 12;

/// Watches the settings file, when there is one.
pub(super) struct SettingsWatch {
    settings: Settings,
    file: Option<FileWatch>,
    /// What the service started with, as it was read.
    started: Config,
    /// As it was read last without a fault.
    read: Config,
    /// Told to read it now.
    now: Arc<Notify>,
}

impl SettingsWatch {
    /// Reads the settings, and watches where they came from.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn load(settings: Settings) -> Result<Self, crate::config::ConfigError> {
        let file = settings.config.clone().map(FileWatch::new);
        let started = settings.load()?;
        Ok(Self { settings, file, read: started.clone(), started, now: Arc::default() })
    }

    /// As they were at the start.
    pub fn config(&self) -> &Config {
        &self.started
    }

    /// Tells it to read the file now.
    pub fn now(&self) -> Arc<Notify> {
        Arc::clone(&self.now)
    }

    /// Runs until the service ends.
    pub async fn run(mut self, pool: Arc<Pool>, audit: Log, clock: WallClock) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = self.now();
        loop {
            let told = tokio::select! {
                _ = ticks.tick() => false,
                () = now.notified() => true,
            };
            match (&mut self.file, told) {
                (Some(file), true) => file.reads(),
                (Some(file), false) => {
                    if !file.changed() {
                        continue;
                    }
                }
                (None, true) => {
                    tracing::info!("told to read the settings again; there is no settings file");
                    continue;
                }
                (None, false) => continue,
            }
            let outcome = self.take_up(&pool);
            let line = Line::new(
                clock.now_ms(),
                Kind::Service,
                Tenant::new(Tenant::DEFAULT),
                "service",
                "the settings were read again",
            );
            audit.note(Line { outcome, ..line });
        }
    }

    /// Moves what the file moved; says how it went.
    fn take_up(&mut self, pool: &Pool) -> String {
        const STAYS: &str = "changed settings are not taken up; everything stays as it was";
        let config = match self.settings.load() {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(at = %error.source, what = %error.what, how = %error.how, "{STAYS}");
                return format!("not taken up: {}", error.what);
            }
        };
        match pool.adopt(&self.read.pool, &config.pool) {
            Ok(moved) => {
                let restart = named(&differing(&self.started, &config));
                if restart.is_empty() {
                    tracing::info!(moved = or_nothing(&moved), "the settings were read again");
                } else {
                    tracing::warn!(
                        moved = or_nothing(&moved),
                        after_a_restart = %restart,
                        "the settings were read again; some of what changed holds after a restart only"
                    );
                }
                self.read = config;
                format!("moved: {}", or_nothing(&moved))
            }
            Err(error) => {
                tracing::error!(what = %error, how = %error.hint(), "{STAYS}");
                format!("not taken up: {error}")
            }
        }
    }
}

fn or_nothing(moved: &str) -> &str {
    if moved.is_empty() { "nothing" } else { moved }
}

/// The keys that differ and hold after a restart only. Keys alone: values may be secret.
fn differing(running: &Config, read: &Config) -> Vec<String> {
    let mut keys = Vec::new();
    if let (Ok(running), Ok(read)) = (running.to_toml().parse::<Table>(), read.to_toml().parse::<Table>()) {
        compare("", &running, &read, &mut keys);
    }
    // What a dump does not show, as the secrets of webhooks, can differ too.
    if running.webhook != read.webhook && !keys.iter().any(|key| key == "webhook") {
        keys.push("webhook".to_owned());
    }
    keys.retain(|key| !is_movable(key));
    keys
}

fn compare(path: &str, running: &Table, read: &Table, keys: &mut Vec<String>) {
    let names = running.keys().chain(read.keys().filter(|name| !running.contains_key(*name)));
    for name in names {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (running.get(name), read.get(name)) {
            (Some(Value::Table(running)), Some(Value::Table(read))) => compare(&key, running, read, keys),
            (running, read) if running != read => keys.push(key),
            _ => {}
        }
    }
}

fn named(keys: &[String]) -> String {
    match keys.get(..KEYS_MAX) {
        Some(first) if keys.len() > KEYS_MAX => format!("{} and {} more", first.join(", "), keys.len() - KEYS_MAX),
        _ => keys.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_restart_is_needed_for_is_named_without_its_value() {
        let running = Config::default();
        let mut read = running.clone();
        read.pool.max_sessions = 3;
        assert_eq!(differing(&running, &read), Vec::<String>::new());
        read.pool.ceiling = 300;
        read.policy = "strict".to_owned();
        read.egress.allow = vec!["10.0.0.0/8".to_owned()];
        let mut keys = differing(&running, &read);
        keys.sort();
        assert_eq!(keys, ["egress.allow", "policy", "pool.ceiling"]);
    }

    #[test]
    fn many_keys_are_counted() {
        let keys: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
        assert!(named(&keys).ends_with("k11 and 8 more"), "{}", named(&keys));
        assert_eq!(named(&keys[..2]), "k0, k1");
    }
}

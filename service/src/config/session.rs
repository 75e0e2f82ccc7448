//! `[session]`: how long a session lives and how much it may hold.

use serde::{Deserialize, Serialize};

/// One session's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Milliseconds without a call or input after which it is closed.
    pub idle_ms_max: u64,
    /// Milliseconds after which it is closed in any case.
    pub life_ms_max: u64,
    /// Calls that may wait behind the one that runs.
    pub calls_waiting_max: usize,
    /// Tabs, popups included; one more is closed at once.
    pub tabs_max: usize,
    /// Calls kept on the timeline.
    pub calls_kept_max: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_ms_max: 10 * 60 * 1000,
            life_ms_max: 4 * 60 * 60 * 1000,
            calls_waiting_max: 16,
            tabs_max: 16,
            calls_kept_max: 200,
        }
    }
}

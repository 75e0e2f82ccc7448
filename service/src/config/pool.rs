//! `[pool]`: how many browsers and sessions, and who waits.

use serde::{Deserialize, Serialize};

/// Who may share a browser process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Sessions of one tenant share processes; tenants never do.
    #[default]
    Tenant,
    /// A process for each session.
    Session,
}

/// The pool's limits. The first four can be moved while it runs (`PATCH /v1/pool`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Sessions open at once.
    pub max_sessions: u32,
    /// Callers that may wait for a place; one more is refused with `queue_full`.
    pub max_waiting: u32,
    /// Contexts kept ready, each with a page.
    pub warm_sessions: u32,
    /// Sessions that share one browser process.
    pub max_sessions_per_browser: u32,
    /// Sessions that `max_sessions` can ever be raised to. Fixed at start.
    pub ceiling: u32,
    /// Milliseconds a caller may wait for a place.
    pub wait_ms_max: u64,
    /// Who may share a browser process. `tenant` or `session`.
    pub isolation: Isolation,
    /// Memory that must stay free for a session to be admitted, MiB (of the cgroup where there is one). 0: not looked at.
    pub memory_free_mib_min: u64,
    /// Sessions a browser process serves before it is replaced.
    pub sessions_per_browser_life: u32,
    /// Memory of one browser, MiB, beyond which it takes no more sessions and is replaced when its last one ends. 0: no bound.
    pub browser_memory_mib_renew: u64,
    /// Memory of one browser, MiB, beyond which its heaviest page is ended, and the browser itself when no page is to blame. 0: no bound.
    pub browser_memory_mib_max: u64,
    /// Seconds after which a browser takes no more sessions and is replaced when its last one ends. 0: no bound.
    pub browser_age_s_max: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_sessions: 32,
            max_waiting: 64,
            warm_sessions: 2,
            max_sessions_per_browser: 16,
            ceiling: 256,
            wait_ms_max: 30_000,
            isolation: Isolation::Tenant,
            memory_free_mib_min: 256,
            sessions_per_browser_life: 500,
            browser_memory_mib_renew: 3_072,
            browser_memory_mib_max: 6_144,
            browser_age_s_max: 6 * 60 * 60,
        }
    }
}

//! JSON of `/v1/pool`.

use serde::{Deserialize, Serialize};

/// The pool's numbers and limits, answer of `GET` and `PATCH /v1/pool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PoolView {
    /// Sessions open now.
    pub in_use: u32,
    /// Callers waiting for a place.
    pub waiting: u32,
    /// Contexts ready to be handed over.
    pub warm: u32,
    /// Browser processes alive.
    pub browsers: u32,
    /// Limit: sessions at once.
    pub max_sessions: u32,
    /// Does it find by itself how many of those there may be?
    pub adaptive: bool,
    /// Sessions that it allows then, whatever it finds.
    pub adaptive_sessions_min: u32,
    /// Sessions there may be now: `max_sessions`, or what was found.
    pub sessions_limit: u32,
    /// Limit: callers that may wait.
    pub max_waiting: u32,
    /// Limit: sessions of one tenant at once; 0 is none of its own.
    pub max_sessions_per_tenant: u32,
    /// Limit: callers of one tenant that may wait; 0 is none of its own.
    pub max_waiting_per_tenant: u32,
    /// Goal: contexts kept ready.
    pub warm_sessions: u32,
    /// Limit: sessions that share one browser process.
    pub max_sessions_per_browser: u32,
    /// Limit: sessions a browser process serves before it is replaced.
    pub sessions_per_browser_life: u32,
    /// Bound: MiB beyond which a browser takes no more sessions; 0 is none.
    pub browser_memory_mib_renew: u32,
    /// Bound: MiB beyond which a browser's heaviest page is ended; 0 is none.
    pub browser_memory_mib_max: u32,
    /// Bound: seconds after which a browser takes no more sessions; 0 is none.
    pub browser_age_s_max: u32,
    /// Fixed at start: no limit can be raised above it.
    pub ceiling: u32,
}

/// Body of `PATCH /v1/pool`: limits to move while it runs; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PoolPatch {
    pub max_sessions: Option<u32>,
    /// Let it find by itself how many of those there may be.
    pub adaptive: Option<bool>,
    pub adaptive_sessions_min: Option<u32>,
    pub max_waiting: Option<u32>,
    /// 0 takes the limit away.
    pub max_sessions_per_tenant: Option<u32>,
    /// 0 takes the limit away.
    pub max_waiting_per_tenant: Option<u32>,
    pub warm_sessions: Option<u32>,
    pub max_sessions_per_browser: Option<u32>,
    pub sessions_per_browser_life: Option<u32>,
    /// 0 takes the bound away.
    pub browser_memory_mib_renew: Option<u32>,
    /// 0 takes the bound away.
    pub browser_memory_mib_max: Option<u32>,
    /// 0 takes the bound away.
    pub browser_age_s_max: Option<u32>,
}

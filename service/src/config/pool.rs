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

/// What `max_waiting` can be at most: each caller that waits costs a connection and some KiB.
pub const WAITING_MAX: u32 = 100_000;

/// MiB a browser has with one small page, and some: with a lower bound each would be replaced as soon as it runs.
pub const BROWSER_MIB_LEAST: u32 = 64;

/// MiB below which the bound that ends pages cannot be: an ordinary page would not live.
pub const BROWSER_MIB_MAX_LEAST: u32 = 256;

/// The pool's limits. All but `ceiling`, `wait_ms_max`, `isolation` and the two about what must stay free can be moved while it runs, by
/// `PATCH /v1/pool` and by a changed settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Sessions open at once.
    pub max_sessions: u32,
    /// Whether it finds by itself how many sessions there may be at once, by how long opening one takes and by memory: never more than
    /// `max_sessions`.
    pub adaptive: bool,
    /// Sessions that `adaptive` allows whatever it finds.
    pub adaptive_sessions_min: u32,
    /// Callers that may wait for a place; one more is refused with `queue_full`.
    pub max_waiting: u32,
    /// Sessions one tenant may have open at once; it waits beyond that, also when places are free. 0: as many as there are.
    pub max_sessions_per_tenant: u32,
    /// Callers of one tenant that may wait; one more is refused with `tenant_full`. 0: as many as `max_waiting`, but in a full room the
    /// tenant with the longest queue gives way to the others.
    pub max_waiting_per_tenant: u32,
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
    /// Files the service must still be able to open for a session to be admitted: its browser's pipes, its proxy and the connections of its
    /// pages. 0: not looked at.
    pub descriptors_free_min: u32,
    /// Sessions a browser process serves before it is replaced.
    pub sessions_per_browser_life: u32,
    /// Memory of one browser, MiB, beyond which it takes no more sessions and is replaced when its last one ends. 0: no bound.
    pub browser_memory_mib_renew: u32,
    /// Memory of one browser, MiB, beyond which its heaviest page is ended, and the browser itself when no page is to blame. 0: no bound.
    pub browser_memory_mib_max: u32,
    /// Seconds after which a browser takes no more sessions and is replaced when its last one ends. 0: no bound.
    pub browser_age_s_max: u32,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_sessions: 32,
            adaptive: false,
            adaptive_sessions_min: 2,
            max_waiting: 64,
            max_sessions_per_tenant: 0,
            max_waiting_per_tenant: 0,
            warm_sessions: 2,
            max_sessions_per_browser: 16,
            ceiling: 256,
            wait_ms_max: 30_000,
            isolation: Isolation::Tenant,
            memory_free_mib_min: 256,
            descriptors_free_min: 128,
            sessions_per_browser_life: 500,
            browser_memory_mib_renew: 3_072,
            browser_memory_mib_max: 6_144,
            browser_age_s_max: 6 * 60 * 60,
        }
    }
}

impl PoolConfig {
    /// The first setting that is out of its range or contradicts another: key, what, how.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let above = |key: &'static str, value: u32, bound: &'static str, most: u32, how: &'static str| {
            (value > most).then(|| (key, format!("{key} is {value}, above {bound} {most}"), how))
        };
        let ceiling = "pool.ceiling";
        above(
            "pool.max_sessions",
            self.max_sessions,
            ceiling,
            self.ceiling,
            "Raise pool.ceiling or lower pool.max_sessions.",
        )
        .or_else(|| {
            let (key, how) = ("pool.max_sessions_per_tenant", "Lower it; 0 is no limit of its own.");
            above(key, self.max_sessions_per_tenant, ceiling, self.ceiling, how)
        })
        .or_else(|| {
            let (key, how) = ("pool.adaptive_sessions_min", "Lower it.");
            above(key, self.adaptive_sessions_min, ceiling, self.ceiling, how)
        })
        .or_else(|| above("pool.max_waiting", self.max_waiting, "what may wait at most,", WAITING_MAX, "Lower it."))
        .or_else(|| {
            let (key, how) = ("pool.max_waiting_per_tenant", "Lower it; 0 is no limit of its own.");
            above(key, self.max_waiting_per_tenant, "what may wait at most,", WAITING_MAX, how)
        })
        .or_else(|| self.bounds_fault())
    }

    /// What is wrong with the bounds of a browser's memory.
    fn bounds_fault(&self) -> Option<(&'static str, String, &'static str)> {
        let (renew, max) = (self.browser_memory_mib_renew, self.browser_memory_mib_max);
        for (key, value, least) in [
            ("pool.browser_memory_mib_renew", renew, BROWSER_MIB_LEAST),
            ("pool.browser_memory_mib_max", max, BROWSER_MIB_MAX_LEAST),
        ] {
            if value > 0 && value < least {
                let what = format!("{key} is {value}, below the {least} that a browser with a page needs");
                return Some((key, what, "Raise it; 0 is no bound."));
            }
        }
        let contrary = renew > 0 && max > 0 && renew >= max;
        contrary.then(|| {
            let key = "pool.browser_memory_mib_renew";
            let what = format!("{key} is {renew}, not below pool.browser_memory_mib_max {max}");
            (key, what, "A browser is to be renewed before its pages are ended: lower the one or raise the other.")
        })
    }
}

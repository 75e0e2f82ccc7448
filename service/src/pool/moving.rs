//! Limits that move while it runs: by an operator's `PATCH`, or by a settings file that was changed.
//!
//! All that is asked for is checked before anything moves, so that a refusal changes nothing.

use helmwatch_protocol::{PoolPatch, PoolView};

use super::bounds::Bounds;
use super::{Pool, PoolError};
use crate::config::{BROWSER_MIB_LEAST, BROWSER_MIB_MAX_LEAST, Isolation, PoolConfig, WAITING_MAX};

/// A limit by its name: as the settings have it, and where a patch says it.
type Movable = (&'static str, fn(&PoolConfig) -> u32, fn(&mut PoolPatch) -> &mut Option<u32>);

/// The limits that a settings file moves; their keys there are `pool.` and these names.
const MOVABLE: [Movable; 11] = [
    ("max_sessions", |c| c.max_sessions, |p| &mut p.max_sessions),
    ("adaptive_sessions_min", |c| c.adaptive_sessions_min, |p| &mut p.adaptive_sessions_min),
    ("max_waiting", |c| c.max_waiting, |p| &mut p.max_waiting),
    ("max_sessions_per_tenant", |c| c.max_sessions_per_tenant, |p| &mut p.max_sessions_per_tenant),
    ("max_waiting_per_tenant", |c| c.max_waiting_per_tenant, |p| &mut p.max_waiting_per_tenant),
    ("warm_sessions", |c| c.warm_sessions, |p| &mut p.warm_sessions),
    ("max_sessions_per_browser", |c| c.max_sessions_per_browser, |p| &mut p.max_sessions_per_browser),
    ("sessions_per_browser_life", |c| c.sessions_per_browser_life, |p| &mut p.sessions_per_browser_life),
    ("browser_memory_mib_renew", |c| c.browser_memory_mib_renew, |p| &mut p.browser_memory_mib_renew),
    ("browser_memory_mib_max", |c| c.browser_memory_mib_max, |p| &mut p.browser_memory_mib_max),
    ("browser_age_s_max", |c| c.browser_age_s_max, |p| &mut p.browser_age_s_max),
];

/// The one that is no number.
const ADAPTIVE: &str = "adaptive";

/// Can this key of the settings be moved while the service runs?
#[must_use]
pub fn is_movable(key: &str) -> bool {
    let movable = |name: &str| name == ADAPTIVE || MOVABLE.iter().any(|(movable, ..)| *movable == name);
    key.strip_prefix("pool.").is_some_and(movable)
}

impl Pool {
    /// Moves limits. Raising takes effect at once; lowering ends nothing: no new session opens until enough have closed.
    ///
    /// # Errors
    /// `Limit` when a number is out of its range, `Bounds` when two contradict each other; nothing is changed then.
    pub fn patch(&self, patch: PoolPatch) -> Result<PoolView, PoolError> {
        // Held to the end: two that move at once must not make a contradiction together.
        let mut pilot = self.pilot();
        let bounds = self.checked(&patch)?;
        pilot.most = patch.max_sessions.unwrap_or(pilot.most);
        pilot.least = patch.adaptive_sessions_min.unwrap_or(pilot.least);
        if let Some(adaptive) = patch.adaptive {
            pilot.set_adaptive(adaptive, self.room.numbers().in_use);
        }
        self.room.set_limits(|limits| {
            limits.sessions = pilot.limit();
            for (limit, wanted) in [
                (&mut limits.waiting, patch.max_waiting),
                (&mut limits.sessions_per_tenant, patch.max_sessions_per_tenant),
                (&mut limits.waiting_per_tenant, patch.max_waiting_per_tenant),
            ] {
                *limit = wanted.unwrap_or(*limit);
            }
        });
        if let Some(sessions) = patch.max_sessions_per_browser {
            self.fleet.set_sessions_per_browser(sessions);
        }
        if let Some(sessions) = patch.sessions_per_browser_life {
            self.fleet.set_life(sessions);
        }
        if let Some(goal) = patch.warm_sessions {
            self.warm.set_goal(goal);
        }
        self.fleet.set_bounds(bounds);
        drop(pilot);
        Ok(self.view())
    }

    /// Moves what differs between two readings of the settings; what an operator moved otherwise stays. Says in one line what moved.
    ///
    /// # Errors
    /// As [`Self::patch`].
    pub fn adopt(&self, before: &PoolConfig, now: &PoolConfig) -> Result<String, PoolError> {
        let (mut patch, mut moved) = (PoolPatch::default(), Vec::new());
        for (name, read, place) in MOVABLE {
            let (from, to) = (read(before), read(now));
            // A process for each session serves one, whatever the settings say of shared ones.
            let shared = matches!(name, "max_sessions_per_browser" | "sessions_per_browser_life");
            if from != to && !(shared && self.config.isolation == Isolation::Session) {
                *place(&mut patch) = Some(to);
                moved.push(format!("{name} {from} -> {to}"));
            }
        }
        if before.adaptive != now.adaptive {
            patch.adaptive = Some(now.adaptive);
            moved.push(format!("{ADAPTIVE} {} -> {}", before.adaptive, now.adaptive));
        }
        if !moved.is_empty() {
            self.patch(patch)?;
        }
        Ok(moved.join(", "))
    }

    /// The bounds as they will be, when all of a patch is within its range.
    fn checked(&self, patch: &PoolPatch) -> Result<Bounds, PoolError> {
        let within = |name: &'static str, value: Option<u32>, least: u32, most: u32| match value {
            Some(value) if value < least || value > most => Err(PoolError::Limit { name, value, least, most }),
            _ => Ok(()),
        };
        let ceiling = self.config.ceiling;
        let (shared_most, life_most) = match self.config.isolation {
            Isolation::Tenant => (ceiling, u32::MAX),
            Isolation::Session => (1, 1),
        };
        within("max_sessions", patch.max_sessions, 0, ceiling)?;
        within("adaptive_sessions_min", patch.adaptive_sessions_min, 1, ceiling)?;
        within("max_waiting", patch.max_waiting, 0, WAITING_MAX)?;
        within("max_sessions_per_tenant", patch.max_sessions_per_tenant, 0, ceiling)?;
        within("max_waiting_per_tenant", patch.max_waiting_per_tenant, 0, WAITING_MAX)?;
        within("warm_sessions", patch.warm_sessions, 0, ceiling)?;
        within("max_sessions_per_browser", patch.max_sessions_per_browser, 1, shared_most)?;
        within("sessions_per_browser_life", patch.sessions_per_browser_life, 1, life_most)?;
        let set = |bound: Option<u32>| bound.filter(|bound| *bound > 0);
        within("browser_memory_mib_renew", set(patch.browser_memory_mib_renew), BROWSER_MIB_LEAST, u32::MAX)?;
        within("browser_memory_mib_max", set(patch.browser_memory_mib_max), BROWSER_MIB_MAX_LEAST, u32::MAX)?;
        let now = self.fleet.bounds();
        let bounds = Bounds {
            renew_mib: patch.browser_memory_mib_renew.unwrap_or(now.renew_mib),
            max_mib: patch.browser_memory_mib_max.unwrap_or(now.max_mib),
            age_s: patch.browser_age_s_max.unwrap_or(now.age_s),
        };
        let Bounds { renew_mib: renew, max_mib: max, .. } = bounds;
        if renew > 0 && max > 0 && renew >= max {
            return Err(PoolError::Bounds { renew, max });
        }
        Ok(bounds)
    }
}

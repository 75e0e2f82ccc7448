//! Who says how many sessions there may be at once: the operator, or within the operator's limits the rule that finds it by itself.

use std::sync::Arc;

use super::adaptive::{Adaptive, Range, STEP_EVERY, Sample};
use super::{Pool, memory};
use crate::config::PoolConfig;
use crate::telemetry::Tasks;
use tokio::time::{MissedTickBehavior, interval};

/// What one session is thought to need at least, MiB: a browser without pages would make it look like nothing.
const SESSION_MIB_MIN: u64 = 16;

/// The limit on sessions at once, and who moves it.
#[derive(Debug)]
pub(super) struct Pilot {
    /// The operator's limit.
    pub most: u32,
    /// What the rule may not go below.
    pub least: u32,
    /// The rule, while it is on.
    rule: Option<Adaptive>,
}

impl Pilot {
    pub fn new(config: &PoolConfig) -> Self {
        let mut pilot =
            Self { most: config.max_sessions.min(config.ceiling), least: config.adaptive_sessions_min, rule: None };
        pilot.set_adaptive(config.adaptive, 0);
        pilot
    }

    pub fn is_adaptive(&self) -> bool {
        self.rule.is_some()
    }

    /// Switches the rule on or off; it begins with what is open.
    pub fn set_adaptive(&mut self, adaptive: bool, in_use: u32) {
        if adaptive != self.is_adaptive() {
            self.rule = adaptive.then(|| Adaptive::new(in_use, self.range()));
        }
    }

    /// How many sessions there may be now.
    pub fn limit(&self) -> u32 {
        self.rule.as_ref().map_or(self.most, |rule| self.range().clamp(rule.limit()))
    }

    fn range(&self) -> Range {
        Range { least: self.least, most: self.most }
    }
}

/// Lets the rule take its steps while it is on, until `tasks` end.
pub(super) fn keep(pool: &Arc<Pool>, tasks: &Tasks) {
    let pool = Arc::clone(pool);
    tasks.spawn("session limit", async move {
        let mut ticks = interval(STEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            pool.steer();
        }
    });
}

impl Pool {
    fn steer(&self) {
        let mut pilot = self.pilot();
        // Also while it is off: what is old when it is switched on tells nothing.
        let latencies = self.warm.openings();
        let range = pilot.range();
        let Some(rule) = pilot.rule.as_mut() else { return };
        let numbers = self.room.numbers();
        let sample = Sample {
            latencies,
            in_use: numbers.in_use,
            waiting: numbers.waiting,
            room: self.room_by_memory(numbers.in_use),
        };
        let limit = rule.step(&sample, range);
        if limit != numbers.limits.sessions {
            tracing::debug!(limit, ?sample, "the limit on sessions moves");
            self.room.set_limits(|limits| limits.sessions = limit);
        }
    }

    /// Sessions that memory has room for beside those that are open, each taken to need what those that are there need; below zero when
    /// there are too many.
    fn room_by_memory(&self, in_use: u32) -> i32 {
        let needed = self.config.memory_free_mib_min;
        // Where the operator wants memory not looked at, it is not.
        let Some(free) = (needed > 0).then(memory::free_now).flatten() else { return i32::MAX };
        let sessions = u64::from(in_use + self.warm.ready()).max(1);
        let each = (self.fleet.bytes() >> 20).div_ceil(sessions).max(SESSION_MIB_MIN);
        let room = i128::from(free) - i128::from(needed);
        i32::try_from(room.div_euclid(i128::from(each))).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_limit_holds_whether_the_rule_is_on_or_off() {
        let config = PoolConfig { max_sessions: 8, adaptive_sessions_min: 3, ..PoolConfig::default() };
        let mut pilot = Pilot::new(&config);
        assert_eq!((pilot.is_adaptive(), pilot.limit()), (false, 8));
        pilot.set_adaptive(true, 5);
        assert_eq!((pilot.is_adaptive(), pilot.limit()), (true, 5));
        pilot.most = 2;
        assert_eq!(pilot.limit(), 2, "also below the least");
        pilot.most = 8;
        pilot.set_adaptive(true, 0);
        assert_eq!(pilot.limit(), 5, "it was on already");
        pilot.set_adaptive(false, 0);
        assert_eq!(pilot.limit(), 8);
    }
}

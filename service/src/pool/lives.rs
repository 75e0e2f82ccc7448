//! How long sessions last, as evidence for when a refused caller should come again.

use std::time::Duration;

/// What a session is thought to last while none has ended yet.
const LIFE_GUESS: Duration = Duration::from_secs(5);

/// A refused caller that comes back sooner only asks in vain.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// However long sessions last: limits are raised and agents leave, so nobody is sent away for long.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A new life counts for an eighth, as a new round trip does in TCP (RFC 6298, section 2).
const GAIN: f64 = 1.0 / 8.0;

/// The smoothed life of recent sessions.
#[derive(Debug, Default, Clone)]
pub(super) struct Lives {
    seconds: Option<f64>,
}

impl Lives {
    /// A session ended that held its place this long.
    pub fn ended(&mut self, life: Duration) {
        let life = life.as_secs_f64();
        self.seconds = Some(self.seconds.map_or(life, |mean| mean + GAIN * (life - mean)));
    }

    /// When the `position`-th in line (from 1) is likely to be served by this many places: each gives one back once in a life. Between
    /// one second and one minute.
    pub fn wait(&self, position: usize, places: u32) -> Duration {
        let life = self.seconds.unwrap_or(LIFE_GUESS.as_secs_f64());
        if places == 0 {
            return WAIT_MAX;
        }
        let seconds = life * position as f64 / f64::from(places);
        Duration::from_secs_f64(seconds.clamp(WAIT_MIN.as_secs_f64(), WAIT_MAX.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_what_sessions_lasted_and_stays_within_its_bounds() {
        let mut lives = Lives::default();
        assert_eq!(lives.wait(2, 1), LIFE_GUESS * 2, "nothing is known yet");
        lives.ended(Duration::from_secs(8));
        assert_eq!(lives.wait(3, 4), Duration::from_secs(6));
        lives.ended(Duration::from_secs(16));
        assert_eq!(lives.wait(4, 4), Duration::from_secs(9), "a new life counts for an eighth");
        assert_eq!(lives.wait(1, 1_000), WAIT_MIN);
        assert_eq!(lives.wait(100_000, 1), WAIT_MAX);
        assert_eq!(lives.wait(1, 0), WAIT_MAX, "no place is none to wait for");
    }
}

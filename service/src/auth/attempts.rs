//! How often somebody may be wrong.

use std::time::Duration;

use tokio::time::Instant;

/// Wrong attempts at once.
const BURST: u32 = 20;
/// How long one wrong attempt takes to be forgiven.
const FORGIVEN_EVERY: Duration = Duration::from_secs(3);

/// Counts wrong attempts in constant space: told the time, it says whether another may be made.
#[derive(Debug)]
pub(super) struct Attempts {
    /// When all will be forgiven. In the past: nothing is held against anybody.
    clear_at: Instant,
}

impl Attempts {
    pub(super) const fn new(now: Instant) -> Self {
        Self { clear_at: now }
    }

    /// May another attempt be made? Else: when.
    pub(super) fn check(&self, now: Instant) -> Result<(), Duration> {
        let debt = self.clear_at.saturating_duration_since(now);
        let room = FORGIVEN_EVERY * (BURST - 1);
        if debt <= room { Ok(()) } else { Err(debt - room) }
    }

    /// One was wrong.
    pub(super) fn wrong(&mut self, now: Instant) {
        let most = now + FORGIVEN_EVERY * BURST;
        self.clear_at = (self.clear_at.max(now) + FORGIVEN_EVERY).min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_one_attempt_is_forgiven_at_a_time() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        for _ in 0..BURST {
            assert_eq!(attempts.check(start), Ok(()));
            attempts.wrong(start);
        }
        assert_eq!(attempts.check(start), Err(FORGIVEN_EVERY));
        for _ in 0..1_000 {
            attempts.wrong(start);
        }
        assert_eq!(attempts.check(start + FORGIVEN_EVERY), Ok(()), "a flood does not lock the door for longer");
    }
}

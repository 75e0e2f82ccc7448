//! The wall clock, as far as keys, links and approvals look at one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch. It is asked for what people read and for what must hold over a restart; waiting goes by the
/// monotonic clock. A clock that is set back gives nobody more time: see [`Self::expiry_ms`]. Clones share what they have seen.
#[derive(Clone)]
pub struct WallClock(Arc<Inner>);

struct Inner {
    now_ms: Box<dyn Fn() -> u64 + Send + Sync>,
    /// The furthest it was seen to be, and when.
    furthest: Mutex<(u64, Instant)>,
}

impl WallClock {
    /// The machine's.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// One that can be set, for tests.
    #[must_use]
    pub fn new(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let furthest = Mutex::new((now_ms(), Instant::now()));
        Self(Arc::new(Inner { now_ms: Box::new(now_ms), furthest }))
    }

    /// What it says now.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        (self.0.now_ms)()
    }

    /// What counts when it is asked whether a time is over: never less than the furthest it was seen to be and what has passed since by
    /// the monotonic clock. A jump forward ends things early, and so does time spent suspended; a jump back puts no end off.
    #[must_use]
    pub fn expiry_ms(&self) -> u64 {
        let (now_ms, now) = (self.now_ms(), Instant::now());
        // Two numbers, written at once: whole also after a panic elsewhere.
        let mut furthest = self.0.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen_ms, seen) = *furthest;
        let passed = u64::try_from(now.saturating_duration_since(seen).as_millis()).unwrap_or(u64::MAX);
        let expected = seen_ms.saturating_add(passed);
        if now_ms > expected {
            *furthest = (now_ms, now);
        }
        now_ms.max(expected)
    }
}

impl std::fmt::Debug for WallClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1_000;

    /// F37: neither a jump of the wall clock nor time spent suspended puts an end off.
    #[tokio::test(start_paused = true)]
    async fn an_end_comes_no_later_whatever_the_clock_does() {
        let wall = Arc::new(AtomicU64::new(10 * HOUR_MS));
        let clock = {
            let wall = Arc::clone(&wall);
            WallClock::new(move || wall.load(Ordering::SeqCst))
        };
        let at = |ms: u64| wall.store(ms, Ordering::SeqCst);
        assert_eq!(clock.expiry_ms(), 10 * HOUR_MS);
        // Set back by an hour: ten minutes later ten minutes have passed.
        at(9 * HOUR_MS);
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(clock.expiry_ms(), 10 * HOUR_MS + 600_000);
        assert_eq!(clock.now_ms(), 9 * HOUR_MS, "people read what the machine says");
        // Suspended for an hour: the monotonic clock stood still.
        at(12 * HOUR_MS);
        assert_eq!(clock.expiry_ms(), 12 * HOUR_MS);
        // Set forward by mistake and back again: what was over stays over.
        at(13 * HOUR_MS);
        assert_eq!(clock.clone().expiry_ms(), 13 * HOUR_MS);
        at(12 * HOUR_MS);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.expiry_ms(), 13 * HOUR_MS + 1_000);
    }
}

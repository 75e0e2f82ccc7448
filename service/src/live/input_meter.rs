//! How much a person may send in a while: input to the page, and messages at all. Pure: told the time.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket that fills at a steady rate and holds one second's worth.
#[derive(Debug)]
pub struct InputMeter {
    per_second: f64,
    /// Messages that may pass now; at most `per_second`.
    left: f64,
    filled_at: Instant,
}

impl InputMeter {
    /// A full bucket.
    #[must_use]
    pub fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, left: per_second, filled_at: now }
    }

    /// Takes one message out. `Err` says when there is room for the next one.
    ///
    /// # Errors
    /// The time to wait, when the bucket is empty.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        self.filled_at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.left) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_passes_and_then_only_the_rate() {
        let start = Instant::now();
        let mut meter = InputMeter::new(10, start);
        assert!((0..10).all(|_| meter.take(start).is_ok()));
        let wait = meter.take(start).unwrap_err();
        assert!(wait <= Duration::from_millis(100));
        assert!(meter.take(start + wait).is_ok());
        assert!(meter.take(start + wait).is_err());
        let later = start + Duration::from_secs(60);
        assert_eq!((0..100).filter(|_| meter.take(later).is_ok()).count(), 10);
    }
}

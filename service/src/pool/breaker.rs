//! Not starting Chromium over and over when it cannot be started.

use std::time::Duration;

use tokio::time::Instant;

use crate::browser::BrowserError;

/// After the first failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// However often it failed.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// At most this part of a pause is left out.
const JITTER_MAX: f64 = 0.25;

/// Doubles its pause with each failure in a row; one success closes it. Pure: told the time.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    last: Option<(Instant, BrowserError)>,
    /// Part of a pause that is left out, so that services that fail together do not try again together. 0 to 1.
    jitter: f64,
}

impl Breaker {
    /// May a start be tried now? Else the last error, and how long to wait.
    pub fn allows(&self, now: Instant) -> Result<(), (BrowserError, Duration)> {
        let Some((at, error)) = &self.last else { return Ok(()) };
        let left = (*at + self.pause()).saturating_duration_since(now);
        if left.is_zero() { Ok(()) } else { Err((error.clone(), left)) }
    }

    /// `jitter` is a random number from 0 to 1.
    pub fn failed(&mut self, error: BrowserError, now: Instant, jitter: f64) {
        self.jitter = jitter.clamp(0.0, 1.0);
        self.failures = self.failures.saturating_add(1);
        self.last = Some((now, error));
    }

    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The last error, while no start has succeeded since.
    pub fn error(&self) -> Option<&BrowserError> {
        self.last.as_ref().map(|(_, error)| error)
    }

    fn pause(&self) -> Duration {
        let doubled = PAUSE_MIN.saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        doubled.min(PAUSE_MAX).mul_f64(1.0 - JITTER_MAX * self.jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F32: from a tenth of a second to thirty, with jitter.
    #[test]
    fn the_pause_doubles_and_a_success_forgets_it() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert!(breaker.allows(now).is_ok());
        for milliseconds in [100, 200, 400] {
            breaker.failed(BrowserError::Stuck, now, 0.0);
            let (_, left) = breaker.allows(now).expect_err("open");
            assert_eq!(left, Duration::from_millis(milliseconds));
            assert!(breaker.allows(now + left).is_ok());
        }
        for _ in 0..40 {
            breaker.failed(BrowserError::Stuck, now, 0.0);
        }
        assert_eq!(breaker.allows(now).expect_err("open").1, PAUSE_MAX);
        breaker.failed(BrowserError::Stuck, now, 1.0);
        assert_eq!(breaker.allows(now).expect_err("open").1, PAUSE_MAX.mul_f64(0.75));
        breaker.succeeded();
        assert!(breaker.allows(now).is_ok() && breaker.error().is_none());
    }
}

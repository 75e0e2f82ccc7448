//! How long to wait before the next attempt. Pure.

use std::time::Duration;

/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The wait after the attempt of this number (from 1): doubled each time, at most a minute; `chance` from 0 to 1 takes away up to
/// half, so that messages which failed together do not come back together. What the receiver asks for counts where it is longer.
pub(super) fn wait(first: Duration, attempt: u32, chance: f64, asked: Option<Duration>) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(16))).min(WAIT_MAX);
    let chosen = doubled.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0);
    chosen.max(asked.unwrap_or_default().min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_differ() {
        let second = Duration::from_secs(1);
        let of = |attempt, chance| wait(second, attempt, chance, None);
        assert_eq!((of(1, 0.0), of(2, 0.0), of(5, 0.0)), (second, 2 * second, 16 * second));
        assert_eq!((of(1, 1.0), of(2, 0.5)), (second / 2, 2 * second * 3 / 4));
        assert_eq!((of(20, 0.0), of(u32::MAX, 0.0)), (60 * second, 60 * second));
    }

    #[test]
    fn a_receiver_may_ask_for_a_minute_and_not_for_a_day() {
        let second = Duration::from_secs(1);
        assert_eq!(wait(second, 1, 0.0, Some(30 * second)), 30 * second);
        assert_eq!(wait(second, 1, 0.0, Some(86_400 * second)), 60 * second);
        assert_eq!(wait(second, 5, 0.0, Some(second)), 16 * second);
    }
}

//! What is counted while it runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::processes::Memory;

/// Longest duration told apart, microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// Different failures kept by their words; the rest is only counted.
const FAILURES_MAX: usize = 32;

/// Everything counted; one lock, held for one addition.
#[derive(Default)]
pub struct Numbers(Mutex<Inner>);

#[derive(Default)]
pub(super) struct Inner {
    pub steps: BTreeMap<&'static str, Times>,
    pub queue: Times,
    pub run: Times,
    pub sessions: u64,
    pub refused: u64,
    pub failed: u64,
    pub failures: BTreeMap<String, u64>,
    pub frames: u64,
    pub frame_bytes: u64,
    pub frame_age: Times,
    pub watched: Duration,
    pub weighings: Vec<(Memory, Memory, u32)>,
    pub limits: Vec<(Duration, u32, String)>,
}

/// Durations of one kind.
pub(super) struct Times(Histogram<u64>);

/// How durations of one kind spread, milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub count: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("one to ten minutes at three digits is a valid range"))
    }
}

impl Times {
    fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_US));
    }

    pub(super) fn spread(&self) -> Spread {
        #[allow(clippy::cast_precision_loss, reason = "ten minutes in microseconds fits a double exactly")]
        let ms = |us: u64| us as f64 / 1_000.0;
        Spread {
            count: self.0.len(),
            p50_ms: ms(self.0.value_at_quantile(0.50)),
            p95_ms: ms(self.0.value_at_quantile(0.95)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            max_ms: ms(self.0.max()),
        }
    }
}

impl Numbers {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no holder of this lock panics")
    }

    pub(super) fn step(&self, tool: &'static str, took: Duration) {
        self.lock().steps.entry(tool).or_default().add(took);
    }

    pub(super) fn whole(&self, queue: Duration, run: Duration) {
        let mut inner = self.lock();
        inner.sessions += 1;
        inner.queue.add(queue);
        inner.run.add(run);
    }

    pub(super) fn refused(&self) {
        self.lock().refused += 1;
    }

    pub(super) fn failed(&self, step: &str, what: &str) {
        let mut inner = self.lock();
        inner.failed += 1;
        let words = format!("{step}: {what}");
        if inner.failures.len() < FAILURES_MAX || inner.failures.contains_key(&words) {
            *inner.failures.entry(words).or_default() += 1;
        }
    }

    pub(super) fn frame(&self, age: Duration, bytes: usize) {
        let mut inner = self.lock();
        inner.frames += 1;
        inner.frame_bytes += bytes as u64;
        inner.frame_age.add(age);
    }

    pub(super) fn watched(&self, took: Duration, frames: u64) {
        if frames > 0 {
            self.lock().watched += took;
        }
    }

    pub(super) fn weighed(&self, tree: Memory, own: Memory, open: u32) {
        self.lock().weighings.push((tree, own, open));
    }

    pub(super) fn limit(&self, at: Duration, limit: u32, said: String) {
        self.lock().limits.push((at, limit, said));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_tells_the_middle_from_the_tail() {
        let mut times = Times::default();
        for ms in 1..=100 {
            times.add(Duration::from_millis(ms));
        }
        let spread = times.spread();
        assert_eq!(spread.count, 100);
        assert!((49.0..=51.0).contains(&spread.p50_ms), "{spread:?}");
        assert!((98.0..=100.0).contains(&spread.p99_ms), "{spread:?}");
    }

    #[test]
    fn failures_are_counted_when_their_words_are_no_longer_kept() {
        let numbers = Numbers::default();
        for number in 0..FAILURES_MAX + 5 {
            numbers.failed("step", &number.to_string());
        }
        let inner = numbers.lock();
        assert_eq!(inner.failures.len(), FAILURES_MAX);
        assert_eq!(inner.failed, FAILURES_MAX as u64 + 5);
    }
}

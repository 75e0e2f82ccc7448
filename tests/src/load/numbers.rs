//! What is counted while it runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::scenario::Kind;
use super::timeline::{Look, Timeline};

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
    pub timeline: Timeline,
    pub kinds: BTreeMap<Kind, KindCounts>,
    pub tenants: BTreeMap<&'static str, Times>,
    /// Sessions open now, by whose they are: the tenant whose waits count, and the crowd's.
    pub open: [u32; 2],
    /// Sessions the crowd got, and times it was turned away.
    pub crowd_got: u64,
    pub crowd_refused: u64,
    pub total: Times,
    pub late_start: Times,
    pub kills: u64,
    pub last_kill: Option<Instant>,
    pub hurt: BTreeMap<String, u64>,
    /// Sessions that ended, however.
    pub ended: u64,
    pub limits: Vec<(Duration, u32, String)>,
}

/// How the sessions of one kind ended, by words.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KindCounts {
    pub arrived: u64,
    pub ended: BTreeMap<&'static str, u64>,
}

/// Whose sessions are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The tenant whose waits count.
    Own = 0,
    /// The crowd of the other.
    Crowd = 1,
}

/// An open session.
pub(super) struct Held<'a> {
    numbers: &'a Numbers,
    side: Side,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.numbers.lock().open[self.side as usize] -= 1;
    }
}

/// Durations of one kind.
pub(super) struct Times(Histogram<u64>);

/// How durations of one kind spread, milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
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
    pub(super) fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_US));
    }

    /// How they spread; begins anew, in the same memory.
    pub(super) fn take(&mut self) -> Spread {
        if self.0.is_empty() {
            return Spread::default();
        }
        let spread = self.spread();
        self.0.reset();
        spread
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
        inner.ended += 1;
        inner.queue.add(queue);
        inner.run.add(run);
        inner.timeline.waited(queue);
    }

    /// A session of a scenario got its place, so long after its arrival.
    pub(super) fn placed(&self, who: &[&'static str], queue: Duration) {
        let mut inner = self.lock();
        inner.queue.add(queue);
        inner.timeline.waited(queue);
        for who in who {
            inner.tenants.entry(who).or_default().add(queue);
        }
    }

    /// It was over so long after that.
    pub(super) fn over(&self, run: Duration) {
        self.lock().run.add(run);
    }

    /// A caller of the crowd got a session after so long.
    pub(super) fn crowd_placed(&self, who: &'static str, queue: Duration) {
        let mut inner = self.lock();
        inner.crowd_got += 1;
        inner.timeline.crowd_waited(queue);
        inner.tenants.entry(who).or_default().add(queue);
    }

    /// A caller of the crowd was told to come back.
    pub(super) fn crowd_refused(&self) {
        self.lock().crowd_refused += 1;
    }

    /// A session is open until what this returns is dropped.
    pub(super) fn hold(&self, side: Side) -> Held<'_> {
        self.lock().open[side as usize] += 1;
        Held { numbers: self, side }
    }

    pub(super) fn arrived(&self, kind: Kind) {
        self.lock().kinds.entry(kind).or_default().arrived += 1;
    }

    pub(super) fn ended(&self, kind: Kind, how: &'static str) {
        let mut inner = self.lock();
        inner.ended += 1;
        *inner.kinds.entry(kind).or_default().ended.entry(how).or_default() += 1;
    }

    pub(super) fn total(&self, took: Duration) {
        let mut inner = self.lock();
        inner.sessions += 1;
        inner.total.add(took);
    }

    pub(super) fn late_start(&self, late: Duration) {
        self.lock().late_start.add(late);
    }

    pub(super) fn killed(&self) {
        let mut inner = self.lock();
        inner.kills += 1;
        inner.last_kill = Some(Instant::now());
    }

    /// Was a browser killed then or later?
    pub(super) fn killed_since(&self, moment: Instant) -> bool {
        self.lock().last_kill.is_some_and(|kill| kill >= moment)
    }

    pub(super) fn hurt(&self, what: &str) {
        keep(&mut self.lock().hurt, what.to_owned());
    }

    pub(super) fn refused(&self) {
        self.lock().refused += 1;
    }

    pub(super) fn failed(&self, step: &str, what: &str) {
        let mut inner = self.lock();
        inner.failed += 1;
        keep(&mut inner.failures, format!("{step}: {what}"));
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

    pub(super) fn looked(&self, look: Look) {
        let mut inner = self.lock();
        let (ended, open) = (inner.ended, inner.open);
        inner.timeline.add(look, ended, open);
    }

    pub(super) fn limit(&self, at: Duration, limit: u32, said: String) {
        self.lock().limits.push((at, limit, said));
    }
}

fn keep(counts: &mut BTreeMap<String, u64>, words: String) {
    if counts.len() < FAILURES_MAX || counts.contains_key(&words) {
        *counts.entry(words).or_default() += 1;
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

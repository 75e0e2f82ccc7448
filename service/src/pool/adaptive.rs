//! A limit on sessions that finds itself: how many this machine carries before each of them becomes slow.
//!
//! The rule is TCP Vegas (Brakmo, O'Malley, Peterson, "TCP Vegas: New Techniques for Congestion Detection and Avoidance", SIGCOMM 1994) in the
//! form that Netflix's concurrency-limits gives it for servers (`VegasLimit`). Of `n` sessions that are open while something takes `latency`
//! instead of the `baseline` it takes on an idle machine, `n * (1 - baseline / latency)` stand in a queue for the processors. The limit grows
//! while that queue is short, shrinks while it is long, and rests in between. Ours in it:
//! - The latency is that of opening a context with its page, as it is measured whenever one is made. It is work of a known size, spread over the
//!   processes a session is made of, that a loaded machine takes proportionally longer for; a cheap command would not do, since the kernel's
//!   scheduler prefers whoever slept. It is also what the next session will feel. Tool calls would tell more of the sites than of us.
//! - What counts is the median of the last few: one in twenty takes several times as long for reasons of its own.
//! - The baseline is learnt both ways while no more sessions are open than must always be allowed, and only downwards while there are more: an
//!   overload that lasts is never taken for the machine's nature (the known weakness of Vegas).
//! - Sessions live long and are never ended for the limit's sake, so it does not run ahead of what closes, nor of what opens.
//! - Memory is a bound, not a sign: it gives no way below it, and too little of it comes suddenly.
//!
//! Pure: no clock, no lock, no await. One step a second ([`STEP_EVERY`]); the simulation in `adaptive/tests.rs` holds it to what it is for.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

/// Time between two steps, to be kept by whoever calls.
pub(super) const STEP_EVERY: Duration = Duration::from_secs(1);

/// Latencies of which the median counts, and how many there must be.
const LATENCIES_KEPT: usize = 9;
const LATENCIES_MIN: usize = 5;

/// Weight of a latency in the baseline: of a lower one, and of a higher one on an idle machine.
const LOWER_GAIN: f64 = 1.0 / 2.0;
const HIGHER_GAIN: f64 = 1.0 / 8.0;

/// Queues shorter than the first let the limit grow, longer than the second shrink: at least so many sessions, and of a large limit such
/// a part (a session then takes a third longer to open than on an idle machine, and twice as long).
const SHORT_MIN: u32 = 2;
const SHORT_PART: u32 = 4;
const LONG_MIN: u32 = 4;
const LONG_PART: u32 = 2;

/// Steps in a row without any latency after which one more session may come, if somebody waits: it brings one along. While too few are known
/// to go by, at each step.
const BLIND_MAX: u32 = 10;

/// The state of the rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Adaptive {
    limit: u32,
    /// Seconds on an idle machine.
    baseline: Option<f64>,
    /// Seconds lately, oldest first; at most [`LATENCIES_KEPT`].
    latencies: VecDeque<f64>,
    /// Steps in a row without a latency.
    blind: u32,
}

/// Between which numbers the limit stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// So many are always allowed, unless `most` is less.
    pub least: u32,
    pub most: u32,
}

/// What was seen since the last step.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// What openings took, oldest first.
    pub latencies: Vec<Duration>,
    /// Sessions open now.
    pub in_use: u32,
    /// Callers waiting now.
    pub waiting: u32,
    /// Sessions that memory has room for, beside those that are open; below zero, those that are too many.
    pub room: i32,
}

impl Adaptive {
    /// Begins with what is open.
    pub fn new(in_use: u32, range: Range) -> Self {
        Self { limit: range.clamp(in_use), baseline: None, latencies: VecDeque::new(), blind: 0 }
    }

    /// How many sessions there may be.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// One step; the limit from now on. Memory is looked at again when a session is admitted, so `least` need not give way to it.
    pub fn step(&mut self, sample: &Sample, range: Range) -> u32 {
        self.latencies.extend(sample.latencies.iter().map(Duration::as_secs_f64));
        self.latencies.drain(..self.latencies.len().saturating_sub(LATENCIES_KEPT));
        let known = self.latencies.len() >= LATENCIES_MIN;
        let wanted = if known && !sample.latencies.is_empty() {
            self.by_latency(sample, range)
        } else {
            self.blindly(sample, known)
        };
        self.limit = range.clamp(wanted.min(sample.in_use.saturating_add_signed(sample.room)));
        self.limit
    }

    fn by_latency(&mut self, sample: &Sample, range: Range) -> u32 {
        self.blind = 0;
        let latency = self.median();
        let baseline = match self.baseline {
            None => latency,
            Some(known) if latency < known => known + LOWER_GAIN * (latency - known),
            Some(known) if sample.in_use <= range.least => known + HIGHER_GAIN * (latency - known),
            Some(known) => known,
        };
        self.baseline = Some(baseline);
        let queue = f64::from(sample.in_use) * (1.0 - baseline / latency.max(baseline));
        let limit = self.limit;
        let (short, long) = (SHORT_MIN.max(limit / SHORT_PART), LONG_MIN.max(limit / LONG_PART));
        let step = step_of(limit);
        if queue > f64::from(long) {
            // No further below what is open than that much: what closes shows first whether it was enough.
            limit.saturating_sub(step).max(sample.in_use.saturating_sub(long)).min(limit)
        } else if !sample.is_limited_by(limit) || queue >= f64::from(short) {
            limit
        } else if queue <= f64::from(step) {
            limit + 2 * step
        } else {
            limit + step
        }
    }

    fn median(&self) -> f64 {
        let mut sorted: Vec<f64> = self.latencies.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// Nothing was opened, or too little yet: somebody who waits may be let in now and then, to see.
    fn blindly(&mut self, sample: &Sample, known: bool) -> u32 {
        self.blind += 1;
        let patience = if known { BLIND_MAX } else { 1 };
        if self.blind < patience || !sample.is_limited_by(self.limit) {
            return self.limit;
        }
        self.blind = 0;
        self.limit + 1
    }
}

impl Range {
    /// `most` goes before `least`.
    pub fn clamp(self, limit: u32) -> u32 {
        limit.max(self.least).min(self.most)
    }
}

impl Sample {
    /// Would there be more sessions if the limit were higher?
    fn is_limited_by(&self, limit: u32) -> bool {
        self.waiting > 0 || self.in_use >= limit
    }
}

/// Whole decimal logarithm, at least 1: the step of Netflix's rule, so that large limits move in larger steps.
fn step_of(limit: u32) -> u32 {
    limit.max(10).ilog10()
}

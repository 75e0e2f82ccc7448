//! How the run went over time, and what the service's own process gained with each session.

use std::time::Duration;

use serde::Serialize;

use super::numbers::{Spread, Times};
use crate::processes::Memory;

/// Samples kept at most; beyond it every other one goes and looks become half as frequent.
const SAMPLES_MAX: usize = 2_000;

/// Sessions after which growth is measured: caches are full and pools are grown by then.
pub(super) const GROWTH_FROM: u64 = 1_000;

/// Fewer samples make no slope.
const GROWTH_SAMPLES_MIN: usize = 5;

/// One look at the service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub at: Duration,
    pub in_use: u32,
    pub waiting: u32,
    pub limit: u32,
    /// Absent when its process is not known.
    pub weight: Option<Weight>,
}

/// What the process weighs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    pub tree: Memory,
    pub own: Memory,
    /// Processor time so far, of the service's own process and of what it started.
    pub own_cpu: Duration,
    pub browsers_cpu: Duration,
    pub threads: u32,
    pub fds: u32,
}

/// One sample of the timeline.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    pub at_s: f64,
    /// Sessions that ended so far, however they did.
    pub ended: u64,
    pub in_use: u32,
    pub waiting: u32,
    pub max_sessions: u32,
    /// Waits for a place that ended since the last sample; absent when none did.
    pub queue_p50_ms: Option<f64>,
    pub queue_p95_ms: Option<f64>,
    /// The same of the crowd's callers; absent without a crowd.
    pub crowd_queue_p50_ms: Option<f64>,
    pub crowd_queue_p95_ms: Option<f64>,
    /// Sessions of this run's own tenant that are open, and the crowd's.
    pub own_open: u32,
    pub crowd_open: u32,
    /// Proportional set size of the whole tree, and of the service's own process.
    pub tree_mib: Option<f64>,
    pub service_mib: Option<f64>,
    /// Of the service's own process: what is resident, and what of it is in no file (heaps and stacks).
    pub service_rss_mib: Option<f64>,
    pub service_anon_mib: Option<f64>,
    /// Processors since the last sample, 1 is one core: the service's own process, and what it started.
    pub service_cores: Option<f64>,
    pub browsers_cores: Option<f64>,
    pub service_threads: Option<u32>,
    pub service_fds: Option<u32>,
}

/// Growth of the service's own process with the sessions that had ended, KiB a session: the slope of the least-squares line through all
/// samples, and the plain difference of the last and the first.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Growth {
    pub samples: usize,
    /// Sessions ended at the first sample that counts.
    pub from_session: u64,
    pub to_session: u64,
    /// Of the proportional set size.
    pub kib_per_session: f64,
    pub difference_kib_per_session: f64,
    /// Of anonymous memory: heaps and stacks.
    pub anon_kib_per_session: f64,
    pub anon_difference_kib_per_session: f64,
}

/// Samples so far.
#[derive(Default)]
pub(super) struct Timeline {
    samples: Vec<Sample>,
    waited: Times,
    crowd_waited: Times,
    /// The last look that was kept, for what was used since.
    last: Option<Look>,
    /// Looks to leave out between two kept, and how many were left out since the last.
    skip: usize,
    skipped: usize,
}

impl Timeline {
    pub fn waited(&mut self, took: Duration) {
        self.waited.add(took);
    }

    pub fn crowd_waited(&mut self, took: Duration) {
        self.crowd_waited.add(took);
    }

    /// `open` are the run's own sessions and the crowd's.
    pub fn add(&mut self, look: Look, ended: u64, open: [u32; 2]) {
        if self.skipped < self.skip {
            self.skipped += 1;
            return;
        }
        self.skipped = 0;
        let (waits, crowd) = (self.waited.take(), self.crowd_waited.take());
        let some = |waits: Spread, ms: f64| (waits.count > 0).then_some(ms);
        let cores = |of: fn(&Weight) -> Duration| {
            let last = self.last?;
            let used = of(&look.weight?).saturating_sub(of(&last.weight?));
            Some(used.as_secs_f64() / (look.at.saturating_sub(last.at)).as_secs_f64().max(0.001))
        };
        let (service_cores, browsers_cores) = (cores(|one| one.own_cpu), cores(|one| one.browsers_cpu));
        self.last = Some(look);
        self.samples.push(Sample {
            at_s: look.at.as_secs_f64(),
            ended,
            in_use: look.in_use,
            waiting: look.waiting,
            max_sessions: look.limit,
            queue_p50_ms: some(waits, waits.p50_ms),
            queue_p95_ms: some(waits, waits.p95_ms),
            crowd_queue_p50_ms: some(crowd, crowd.p50_ms),
            crowd_queue_p95_ms: some(crowd, crowd.p95_ms),
            own_open: open[0],
            crowd_open: open[1],
            tree_mib: look.weight.map(|weight| mib(weight.tree.pss)),
            service_mib: look.weight.map(|weight| mib(weight.own.pss)),
            service_rss_mib: look.weight.map(|weight| mib(weight.own.rss)),
            service_anon_mib: look.weight.map(|weight| mib(weight.own.anon)),
            service_cores,
            browsers_cores,
            service_threads: look.weight.map(|weight| weight.threads),
            service_fds: look.weight.map(|weight| weight.fds),
        });
        if self.samples.len() >= SAMPLES_MAX {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.skip = self.skip * 2 + 1;
        }
    }

    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

impl Growth {
    /// Over the samples after the first thousand sessions, or after the first tenth of a run of less than one and a half thousand. None when too few are left or
    /// nothing was weighed.
    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let whole = samples.last()?.ended;
        // A run that is hardly longer than the first thousand has too little left after them.
        let from = if whole >= GROWTH_FROM * 3 / 2 { GROWTH_FROM } else { whole / 10 };
        let counted: Vec<&Sample> =
            samples.iter().filter(|sample| sample.ended >= from && sample.service_mib.is_some()).collect();
        if counted.len() < GROWTH_SAMPLES_MIN {
            return None;
        }
        let (first, last) = (counted.first()?.ended, counted.last()?.ended);
        let of = |read: fn(&Sample) -> Option<f64>| -> Option<(f64, f64)> {
            #[allow(clippy::cast_precision_loss, reason = "sessions are far fewer than 2^53")]
            let line: Vec<(f64, f64)> =
                counted.iter().filter_map(|sample| Some((sample.ended as f64, read(sample)? * 1024.0))).collect();
            let (begin, end) = (line.first()?, line.last()?);
            Some((slope(&line)?, (end.1 - begin.1) / (end.0 - begin.0)))
        };
        let (kib_per_session, difference_kib_per_session) = of(|sample| sample.service_mib)?;
        let (anon_kib_per_session, anon_difference_kib_per_session) = of(|sample| sample.service_anon_mib)?;
        Some(Self {
            samples: counted.len(),
            from_session: first,
            to_session: last,
            kib_per_session,
            difference_kib_per_session,
            anon_kib_per_session,
            anon_difference_kib_per_session,
        })
    }
}

/// The slope of the least-squares line; none when all `x` are one.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "samples are few")]
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let over = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    let under = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    (under > 0.0).then(|| over / under)
}

#[allow(clippy::cast_precision_loss, reason = "sizes here stay far below 2^53")]
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: u64, own_kib: u64) -> Look {
        let own = Memory { rss: own_kib * 1024, pss: own_kib * 1024, anon: own_kib * 512 };
        let cpu = Duration::from_millis(at * 250);
        let weight = Some(Weight { tree: own, own, own_cpu: cpu, browsers_cpu: cpu * 2, threads: 1, fds: 1 });
        Look { at: Duration::from_secs(at), in_use: 1, waiting: 0, limit: 4, weight }
    }

    #[test]
    fn the_first_thousand_sessions_do_not_count_and_the_slope_is_that_of_the_rest() {
        let mut timeline = Timeline::default();
        for second in 0..200 {
            let ended = second * 10;
            // Steep at first, then 3 KiB a session.
            timeline.add(
                look(second, 50_000 + if ended < 1_000 { ended * 40 } else { 40_000 + ended * 3 }),
                ended,
                [0, 0],
            );
        }
        let growth = Growth::of(timeline.samples()).expect("enough samples");
        assert!((growth.kib_per_session - 3.0).abs() < 0.01, "{growth:?}");
        assert!((growth.difference_kib_per_session - 3.0).abs() < 0.01, "{growth:?}");
        assert!((growth.anon_kib_per_session - 1.5).abs() < 0.01, "{growth:?}");
        assert_eq!((growth.from_session, growth.to_session, growth.samples), (1_000, 1_990, 100));
    }

    #[test]
    fn a_short_run_counts_from_its_first_tenth_and_one_of_no_length_not_at_all() {
        let mut timeline = Timeline::default();
        for second in 0..=20 {
            timeline.add(look(second, 1_000 - second), second * 5, [0, 0]);
        }
        let growth = Growth::of(timeline.samples()).expect("enough samples");
        assert_eq!(growth.from_session, 10);
        assert!((growth.kib_per_session + 0.2).abs() < 1e-6, "{growth:?}");
        assert!(Growth::of(&timeline.samples()[..3]).is_none());
        assert!(slope(&[(1.0, 1.0), (1.0, 2.0)]).is_none());
    }

    #[test]
    fn a_long_run_keeps_a_bounded_timeline_from_its_beginning_to_its_end() {
        let mut timeline = Timeline::default();
        for second in 0..20_000 {
            timeline.add(look(second, 1), second, [0, 0]);
        }
        let samples = timeline.samples();
        assert!(samples.len() < SAMPLES_MAX, "{}", samples.len());
        assert!(samples[0].at_s < 1.0 && samples[samples.len() - 1].at_s > 19_900.0);
        assert!(samples.is_sorted_by(|one, next| one.at_s < next.at_s));
    }

    #[test]
    fn waits_belong_to_the_sample_after_them() {
        let mut timeline = Timeline::default();
        timeline.waited(Duration::from_millis(20));
        timeline.crowd_waited(Duration::from_millis(300));
        timeline.add(look(1, 1), 1, [2, 3]);
        timeline.add(look(2, 1), 1, [0, 0]);
        assert!(timeline.samples()[0].queue_p50_ms.is_some_and(|ms| (19.9..20.1).contains(&ms)));
        assert!(timeline.samples()[0].crowd_queue_p95_ms.is_some_and(|ms| (299.0..301.0).contains(&ms)));
        assert_eq!((timeline.samples()[0].own_open, timeline.samples()[0].crowd_open), (2, 3));
        let used = timeline.samples()[1].service_cores.zip(timeline.samples()[1].browsers_cores);
        assert!(used.is_some_and(|(own, others)| (own - 0.25).abs() < 1e-9 && (others - 0.5).abs() < 1e-9));
        assert!(timeline.samples()[1].queue_p50_ms.is_none() && timeline.samples()[1].crowd_queue_p50_ms.is_none());
    }
}

//! The rule against a machine that becomes slower the more is asked of it.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

const RANGE: Range = Range { least: 2, most: 200 };

fn sample(milliseconds: u64, in_use: u32, waiting: u32) -> Sample {
    Sample { latencies: vec![Duration::from_millis(milliseconds); LATENCIES_KEPT], in_use, waiting, room: i32::MAX }
}

/// One that knows an idle machine and allows so many.
fn at(limit: u32) -> Adaptive {
    Adaptive { limit, baseline: Some(0.04), latencies: [0.04; LATENCIES_KEPT].into(), blind: 0 }
}

#[test]
fn it_begins_with_what_is_open_and_stays_within_its_range() {
    assert_eq!(Adaptive::new(0, RANGE).limit(), 2);
    assert_eq!(Adaptive::new(17, RANGE).limit(), 17);
    assert_eq!(Adaptive::new(999, RANGE).limit(), 200);
    let (mut up, mut down) = (at(198), at(4));
    for _ in 0..100 {
        assert!(up.step(&sample(40, up.limit(), 5), RANGE) <= 200);
        assert!(down.step(&sample(4_000, 60, 5), RANGE) >= 2);
    }
    assert_eq!(
        (up.limit(), at(9).step(&sample(40, 1, 0), Range { least: 5, most: 3 })),
        (200, 3),
        "the most goes first"
    );
}

#[test]
fn it_grows_only_where_it_is_what_limits() {
    assert_eq!(at(8).step(&sample(40, 8, 0), RANGE), 10);
    assert_eq!(at(8).step(&sample(40, 6, 0), RANGE), 8, "nobody asks for more");
    assert_eq!(at(8).step(&sample(40, 6, 1), RANGE), 10, "a tenant at its share may wait, too");
}

#[test]
fn it_shrinks_step_by_step_and_not_ahead_of_what_closes() {
    let mut one = at(20);
    let limits: Vec<u32> = (0..40).map(|_| one.step(&sample(400, 20, 3), RANGE)).collect();
    assert!(limits.windows(2).all(|pair| pair[1] == pair[0] || pair[1] + 1 == pair[0]), "{limits:?}");
    assert!(*limits.last().unwrap() >= 10, "half of what is open is to close first: {limits:?}");
}

#[test]
fn an_overload_that_lasts_is_not_taken_for_the_machines_nature() {
    let mut one = at(20);
    for _ in 0..10_000 {
        one.step(&sample(200, 20, 3), RANGE);
    }
    assert!((one.baseline.unwrap() - 0.04).abs() < 0.001);
    for _ in 0..100 {
        one.step(&sample(80, 2, 0), RANGE);
    }
    assert!((one.baseline.unwrap() - 0.08).abs() < 0.001, "with hardly anybody there it is");
}

#[test]
fn memory_is_a_bound_whatever_the_latency_says() {
    let mut one = at(50);
    let tight = Sample { room: 3, ..sample(40, 20, 9) };
    assert_eq!(one.step(&tight, RANGE), 23);
    assert_eq!(one.step(&Sample { room: 0, latencies: Vec::new(), ..tight }, RANGE), 20);
    assert_eq!(
        one.step(&Sample { room: -4, latencies: Vec::new(), ..tight }, RANGE),
        16,
        "fewer than there are: what closes is not replaced"
    );
    assert_eq!(one.step(&Sample { room: 0, ..sample(40, 1, 9) }, RANGE), 2, "the least is held at the door");
}

#[test]
fn until_a_few_are_known_one_more_comes_at_each_step() {
    let one_each = |in_use| Sample { latencies: vec![Duration::from_millis(40)], in_use, waiting: 9, room: 99 };
    let mut new = Adaptive::new(0, RANGE);
    let limits: Vec<u32> = (0..6).map(|_| new.step(&one_each(new.limit()), RANGE)).collect();
    assert_eq!(limits, [3, 4, 5, 6, 8, 10]);
}

/// One of three that take ten times as long tells nothing.
#[test]
fn outliers_move_nothing() {
    let mut one = at(40);
    for number in 0..200 {
        let slow = if number % 3 == 0 { 400 } else { 40 };
        let sample = Sample { latencies: vec![Duration::from_millis(slow)], ..sample(40, 40, 0) };
        assert!(one.step(&sample, Range { least: 2, most: 40 }) == 40);
    }
}

#[test]
fn without_any_latency_one_more_comes_now_and_then_if_somebody_waits() {
    let blind = Sample { latencies: Vec::new(), in_use: 6, waiting: 1, room: 99 };
    let mut one = at(6);
    let limits: Vec<u32> = (0..20).map(|_| one.step(&blind, RANGE)).collect();
    assert_eq!((limits[8], limits[9], limits[18], limits[19]), (6, 7, 7, 8));
    let mut idle = at(6);
    assert!((0..100).all(|_| idle.step(&Sample { waiting: 0, in_use: 5, ..blind.clone() }, RANGE) == 6));
}

/// A machine and those who want sessions of it.
struct Plant {
    random: StdRng,
    cores: f64,
    /// What a session asks of a processor, of 1.
    busy: f64,
    /// Mean life, seconds.
    life: f64,
    /// What others ask of the processors.
    others: f64,
    memory_mib: i32,
    in_use: u32,
}

/// Memory of one session there.
const SESSION_MIB: i32 = 30;

impl Plant {
    fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let cores = [1.0, 2.0, 4.0, 8.0, 16.0][random.random_range(0..5)];
        Self {
            cores,
            busy: random.random_range(0.1..1.0),
            life: random.random_range(3.0..30.0),
            others: 0.0,
            memory_mib: i32::MAX,
            in_use: 0,
            random,
        }
    }

    /// Sessions from which on it has more to do than it can.
    fn knee(&self) -> f64 {
        ((self.cores - self.others) / self.busy).max(0.0)
    }

    /// A second under a limit: what closes, what opens and how long that takes.
    fn second(&mut self, limit: u32, demand: u32) -> Sample {
        let closing = 1.0 - (-1.0 / self.life).exp();
        let closed = (0..self.in_use).filter(|_| self.random.random_bool(closing)).count();
        self.in_use -= u32::try_from(closed).expect("no more than there were");
        let opened = limit.min(demand).saturating_sub(self.in_use);
        self.in_use += opened;
        let asked = f64::from(self.in_use) * self.busy + self.others;
        let latencies = (0..opened)
            .map(|_| {
                // One in twenty takes four times as long for reasons of its own.
                let outlier = if self.random.random_bool(0.05) { 4.0 } else { 1.0 };
                let seconds = 0.040 * (asked / self.cores).max(1.0) * self.random.random_range(0.75..1.35) * outlier;
                Duration::from_secs_f64(seconds)
            })
            .collect();
        Sample {
            latencies,
            in_use: self.in_use,
            waiting: demand.saturating_sub(self.in_use),
            room: (self.memory_mib - self.in_use.cast_signed() * SESSION_MIB) / SESSION_MIB,
        }
    }

    /// So many seconds with more callers than it could serve; the limits there were.
    fn run(&mut self, rule: &mut Adaptive, seconds: usize) -> Vec<f64> {
        (0..seconds)
            .map(|_| {
                let sample = self.second(rule.limit(), 1_000);
                f64::from(rule.step(&sample, RANGE))
            })
            .collect()
    }
}

fn mean(limits: &[f64]) -> f64 {
    limits.iter().sum::<f64>() / limits.len() as f64
}

/// Where it comes to rest: not below what the machine does at once; and not so far above that all take more than about twice as long, but for
/// a few sessions on a small one.
fn comes_to_rest(plant: &Plant, limits: &[f64], seed: u64) {
    let knee = plant.knee().clamp(2.0, 200.0);
    let (mean, least) = (mean(limits), limits.iter().copied().fold(f64::MAX, f64::min));
    let most = limits.iter().copied().fold(0.0, f64::max);
    let told = format!(
        "seed {seed}: {} cores, {:.2} of one a session, life {:.0} s: knee {knee:.1}, limit {least} to {most}, mean {mean:.1}",
        plant.cores, plant.busy, plant.life
    );
    let slow = (mean * plant.busy + plant.others) / plant.cores;
    assert!(mean >= 0.8 * knee && (slow <= 2.3 || mean <= knee + 8.0), "{told}");
    assert!(most - least <= 8.0 + 0.5 * mean, "{told}");
}

/// 60 seeds in an ordinary run; `HELMWATCH_SEEDS` for as many as one likes.
#[test]
fn on_any_machine_it_comes_to_rest_and_follows_what_changes() {
    let seeds = std::env::var("HELMWATCH_SEEDS").map_or(60, |text| text.parse().expect("a number"));
    for seed in 0..seeds {
        let mut plant = Plant::of(seed);
        let mut rule = Adaptive::new(0, RANGE);
        plant.run(&mut rule, 400);
        let rest = plant.run(&mut rule, 200);
        comes_to_rest(&plant, &rest, seed);

        // Somebody else takes half of the processors, and gives them back.
        plant.others = plant.cores / 2.0;
        plant.run(&mut rule, 400);
        let rest = plant.run(&mut rule, 200);
        comes_to_rest(&plant, &rest, seed);
        plant.others = 0.0;
        plant.run(&mut rule, 400);
        let rest = plant.run(&mut rule, 200);
        comes_to_rest(&plant, &rest, seed);

        // Memory runs short: never more than it has room for, from the next second on.
        plant.memory_mib = SESSION_MIB * 5;
        plant.run(&mut rule, 300);
        let rest = plant.run(&mut rule, 50);
        assert!(rest.iter().all(|limit| *limit <= 5.0), "seed {seed}: {rest:?}");
    }
}

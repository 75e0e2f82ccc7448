//! One tenant with a thousand callers waiting, and what another feels of it, in simulated time.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::{Entry, Limits, Line};
use super::limits;

const QUIET: &str = "quiet";
const NOISY: &str = "noisy";
const CALLERS: usize = 4_000;

enum Event {
    /// A quiet caller, by its number.
    Comes(usize),
    /// One of the noisy tenant.
    Noise,
    Goes(Option<usize>),
}

/// What happens next, by time (µs) and a number that makes it unique.
#[derive(Default)]
struct Agenda {
    events: BTreeMap<(u64, u64), Event>,
    number: u64,
}

impl Agenda {
    fn plan(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.events.insert((at, self.number), event);
    }
}

/// When each quiet caller comes and how long it stays, µs: at random (Poisson), `busy` of them inside at a time on average.
fn arrivals(seed: u64, busy: f64) -> Vec<(u64, u64)> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut exponential = |mean_us: f64| (-random.random_range(f64::EPSILON..1.0).ln() * mean_us) as u64;
    let mut now = 0;
    let one = |_| {
        now += exponential(1_000_000.0 / busy);
        (now, exponential(1_000_000.0))
    };
    (0..CALLERS).map(one).collect()
}

/// How long each quiet caller waits, µs, while `noise` callers of the other tenant are there at all times.
fn waits(limits: Limits, arrivals: &[(u64, u64)], noise: usize) -> Vec<u64> {
    let mut line: Line<Option<usize>> = Line::new(limits);
    let mut agenda = Agenda::default();
    for _ in 0..noise {
        agenda.plan(0, Event::Noise);
    }
    for (caller, (at, _)) in arrivals.iter().enumerate() {
        if noise > 0 {
            // Those who were refused come again and again: the room is as full as it can be when a quiet caller comes.
            agenda.plan(*at, Event::Noise);
        }
        agenda.plan(*at, Event::Comes(caller));
    }
    let mut waited = vec![0; arrivals.len()];
    let mut to_serve = arrivals.len();
    let mut random = StdRng::seed_from_u64(7);
    while to_serve > 0 {
        let ((now, _), event) = agenda.events.pop_first().expect("somebody is inside, or comes");
        let mut inside = Vec::new();
        match event {
            Event::Comes(caller) => match line.enter(QUIET, Some(caller)) {
                Entry::Now => inside.push(Some(caller)),
                Entry::Waits { .. } => {}
                other => panic!("quiet caller {caller}: {other:?}"),
            },
            Event::Noise => {
                if let Entry::Now = line.enter(NOISY, None) {
                    inside.push(None);
                }
            }
            Event::Goes(who) => {
                line.vacate(if who.is_some() { QUIET } else { NOISY }, Duration::from_secs(1));
                if who.is_none() {
                    // Whoever of them has ended comes again at once.
                    agenda.plan(now, Event::Noise);
                }
            }
        }
        inside.extend(line.give().into_iter().map(|(_, who)| who));
        for who in inside {
            let life = match who {
                Some(caller) => {
                    waited[caller] = now - arrivals[caller].0;
                    to_serve -= 1;
                    arrivals[caller].1
                }
                None => random.random_range(500_000..1_500_000),
            };
            agenda.plan(now + life, Event::Goes(who));
        }
    }
    waited
}

fn p95(mut waits: Vec<u64>) -> u64 {
    waits.sort_unstable();
    waits[waits.len() * 95 / 100]
}

#[test]
fn while_shares_fit_into_the_places_nobody_feels_the_noise() {
    // 3.2 of its four places busy: it waits by its own doing.
    let arrivals = arrivals(1, 3.2);
    let limits = Limits { sessions_per_tenant: 4, ..limits(8, 2_000) };
    let (alone, beside) = (waits(limits, &arrivals, 0), waits(limits, &arrivals, 1_000));
    println!("p95 {} µs alone, {} µs beside a thousand", p95(alone.clone()), p95(beside.clone()));
    assert!(p95(alone.clone()) > 0, "a figure to compare with");
    assert_eq!(alone, beside, "to the microsecond");
}

#[test]
fn a_room_full_of_noise_still_lets_a_quiet_caller_wait() {
    // A room for a hundred, so the thousand take all of it.
    let arrivals = arrivals(2, 3.2);
    let limits = Limits { sessions_per_tenant: 4, ..limits(8, 100) };
    assert_eq!(waits(limits, &arrivals, 0), waits(limits, &arrivals, 1_000));
}

#[test]
fn without_shares_a_quiet_caller_waits_for_its_turn_and_not_for_the_thousand_before_it() {
    let beside = p95(waits(limits(8, 2_000), &arrivals(3, 2.0), 1_000));
    // Eight places of a second each: one comes free each eighth of a second, every other one is its own.
    assert!(beside < 1_000_000, "p95 {beside} µs");
}

//! Who comes when, and what they do: decided before the run begins, by nothing but these numbers.
//!
//! Arrivals are an **open loop**: each has its moment, whatever the service does meanwhile. A closed loop, where an agent comes back only
//! when it was served, asks less of a service the slower it gets and leaves the waits nobody had out of the figures ("coordinated
//! omission", Gil Tene, "How NOT to Measure Latency"; wrk2 and HdrHistogram come from it). Open and closed: Schroeder, Wierman and
//! Harchol-Balter, "Open Versus Closed: A Cautionary Tale", NSDI 2006.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use crate::{Fault, Outcome};

/// Sessions of one run at most.
pub const ARRIVALS_MAX: u32 = 100_000;
/// Longest run, from the first arrival to the last.
pub const LENGTH_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// Sessions a second at most.
pub const RATE_MAX: f64 = 200.0;
/// Between two bursts.
const BURST_EVERY: Duration = Duration::from_secs(5);
/// Between two browsers killed in `chaos`; the first is killed after as long.
const KILL_EVERY: Duration = Duration::from_secs(5);
/// How long an agent of `noisy-tenant` thinks in its open session, and how long a caller of the crowd holds one: a place is held by
/// thinking far more than by processors, so that what is measured is who waits for a place.
pub(super) const THINKS: Duration = Duration::from_secs(2);
/// Callers of the crowd at most.
const CROWD_MAX: u32 = 5_000;
/// In `noisy-tenant`: the end of a part's arrivals to the last of them served.
const SERVED_WITHIN: Duration = Duration::from_secs(6);
/// The crowd's time to stand in line, and to be gone: the least, and more for each caller.
const GATHERS_WITHIN: [Duration; 2] = [Duration::from_secs(3), Duration::from_millis(12)];
const SCATTERS_WITHIN: [Duration; 2] = [Duration::from_secs(4), Duration::from_millis(6)];
/// Browsers killed in one run at most.
const KILLS_MAX: usize = 1_000;

/// How sessions arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// One after another at random moments, the same number a second throughout (a Poisson process).
    Steady,
    /// The same number a second on average, but all of five seconds at one moment.
    Burst,
    /// From none a second to twice the rate, evenly.
    Ramp,
    /// As steady, with sessions of which four in ten go wrong: errors, agents that vanish, pages that crash, calls that time out.
    Soak,
    /// As soak, more of it wrong, scripts that never end, and a browser killed every five seconds.
    Chaos,
    /// The same sessions at the same moments three times: alone, while a crowd of another tenant waits, and alone again.
    NoisyTenant,
}

/// What one session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The whole small session (`steps`).
    Happy,
    /// Calls that must be refused: an unknown element, an address that is not allowed, a script that throws.
    Error,
    /// The agent is gone in the middle of a call, and never comes back.
    Disconnect,
    /// Its page crashes under a call.
    Crash,
    /// A call that only its deadline ends.
    Timeout,
    /// The same, with a script that never ends on the page.
    Hang,
    /// The whole small session of an agent that thinks for [`THINKS`] before it closes.
    Thinking,
}

/// Who else is there when a session comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// There is one tenant only: every scenario but `noisy-tenant`.
    Whole,
    /// The crowd has not come yet.
    Before,
    /// It waits.
    Beside,
    /// It is gone.
    After,
}

/// A crowd of another tenant: so many callers that each ask for a session, hold it and ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    pub crowd: u32,
    /// From its first caller to the moment all hang up.
    pub from: Duration,
    pub until: Duration,
}

/// One session to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// After the beginning. All latencies count from here.
    pub at: Duration,
    pub kind: Kind,
    pub phase: Phase,
}

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub scenario: Scenario,
    /// Sessions in all.
    pub sessions: u32,
    /// Sessions a second, on average.
    pub rate: f64,
    /// The same seed makes the same schedule.
    pub seed: u64,
    /// Callers of the other tenant in `noisy-tenant`, which no other scenario has.
    pub crowd: u32,
    /// May pages be crashed and browsers be killed? Only in a service of one's own.
    pub may_break: bool,
}

/// The whole plan of a run.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub scenario: Scenario,
    pub rate: f64,
    pub seed: u64,
    /// In order of time.
    pub arrivals: Vec<Arrival>,
    /// When a browser is killed, in order.
    pub kills: Vec<Duration>,
    pub noise: Option<Noise>,
}

impl Schedule {
    /// Draws it up.
    ///
    /// # Errors
    /// When it would be larger or longer than may be.
    pub fn of(wish: &Wish) -> Outcome<Self> {
        if wish.sessions == 0 || wish.sessions > ARRIVALS_MAX {
            let what = format!("{} sessions are no run", wish.sessions);
            return Err(Fault::new(what, format!("ask for 1 to {ARRIVALS_MAX} (--sessions, or --seconds and --rate)")));
        }
        if !(wish.rate > 0.0 && wish.rate <= RATE_MAX) {
            return Err(Fault::new(
                format!("{} sessions a second is no rate", wish.rate),
                format!("give --rate a number above 0, at most {RATE_MAX}"),
            ));
        }
        let length = f64::from(wish.sessions) / wish.rate;
        if length > LENGTH_MAX.as_secs_f64() {
            return Err(Fault::new(
                format!("it would take {length:.0} s"),
                format!("ask for fewer sessions or a higher --rate: {} s is the longest run", LENGTH_MAX.as_secs()),
            ));
        }
        let mut rng = StdRng::seed_from_u64(wish.seed);
        if wish.scenario == Scenario::NoisyTenant {
            return beside_noise(wish, &mut rng);
        }
        let moments = moments(wish, length, &mut rng);
        let kinds = kinds(wish, &mut rng);
        let mut arrivals: Vec<Arrival> =
            moments.into_iter().zip(kinds).map(|(at, kind)| Arrival { at, kind, phase: Phase::Whole }).collect();
        arrivals.sort_by_key(|arrival| arrival.at);
        let kills = match (wish.scenario, wish.may_break) {
            (Scenario::Chaos, true) => {
                let end = Duration::from_secs_f64(length);
                (1..).map(|turn| KILL_EVERY * turn).take_while(|at| *at < end).take(KILLS_MAX).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self { scenario: wish.scenario, rate: wish.rate, seed: wish.seed, arrivals, kills, noise: None })
    }
}

impl Scenario {
    /// As it is written on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Burst => "burst",
            Self::Ramp => "ramp",
            Self::Soak => "soak",
            Self::Chaos => "chaos",
            Self::NoisyTenant => "noisy-tenant",
        }
    }
}

impl Kind {
    /// As reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Happy => "happy",
            Self::Error => "error",
            Self::Disconnect => "disconnect",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
            Self::Hang => "hang",
            Self::Thinking => "thinking",
        }
    }
}

/// Three times the same arrivals, so that what differs is the crowd. It comes when the first part is served, has the time to stand in line,
/// and stays until the second is.
fn beside_noise(wish: &Wish, rng: &mut StdRng) -> Outcome<Schedule> {
    let count = wish.sessions / 3;
    if count == 0 || wish.crowd == 0 || wish.crowd > CROWD_MAX {
        return Err(Fault::new(
            format!("{} sessions beside a crowd of {} are no run", wish.sessions, wish.crowd),
            format!("ask for at least 3 sessions (--sessions) and a --crowd of 1 to {CROWD_MAX}"),
        ));
    }
    let part = poisson(count, wish.rate, rng);
    let length = Duration::from_secs_f64(f64::from(count) / wish.rate).max(part.last().copied().unwrap_or_default());
    let from = length + SERVED_WITHIN;
    let within = |[least, each]: [Duration; 2]| least + each * wish.crowd;
    let second = from + within(GATHERS_WITHIN);
    let until = second + length + SERVED_WITHIN;
    let third = until + within(SCATTERS_WITHIN);
    let parts = [(Duration::ZERO, Phase::Before), (second, Phase::Beside), (third, Phase::After)];
    let arrivals = parts.into_iter().flat_map(|(begins, phase)| {
        part.iter().map(move |at| Arrival { at: begins + *at, kind: Kind::Thinking, phase })
    });
    Ok(Schedule {
        scenario: wish.scenario,
        rate: wish.rate,
        seed: wish.seed,
        arrivals: arrivals.collect(),
        kills: Vec::new(),
        noise: Some(Noise { crowd: wish.crowd, from, until }),
    })
}

/// The moments of arrival, in order.
fn moments(wish: &Wish, length: f64, rng: &mut StdRng) -> Vec<Duration> {
    let count = wish.sessions;
    match wish.scenario {
        Scenario::Steady | Scenario::Soak | Scenario::Chaos | Scenario::NoisyTenant => poisson(count, wish.rate, rng),
        Scenario::Burst => {
            let burst = (wish.rate * BURST_EVERY.as_secs_f64()).max(1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most as many as arrivals")]
            (0..count).map(|number| BURST_EVERY * (f64::from(number) / burst) as u32).collect()
        }
        // Sessions so far grow with the square of the time when their number a second grows with the time.
        Scenario::Ramp => (0..count)
            .map(|number| Duration::from_secs_f64(length * (f64::from(number) / f64::from(count)).sqrt()))
            .collect(),
    }
}

/// Independent agents: the time between two of them is exponential.
fn poisson(count: u32, rate: f64, rng: &mut StdRng) -> Vec<Duration> {
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            let now = Duration::from_secs_f64(at);
            at += -(1.0 - rng.random::<f64>()).ln() / rate;
            now
        })
        .collect()
}

/// What each does: dealt from a shuffled deck, then from the next, so that every deck's worth of sessions holds the whole mix.
fn kinds(wish: &Wish, rng: &mut StdRng) -> Vec<Kind> {
    let mix: &[(Kind, usize)] = match wish.scenario {
        Scenario::Soak => {
            &[(Kind::Happy, 15), (Kind::Error, 4), (Kind::Disconnect, 2), (Kind::Crash, 2), (Kind::Timeout, 2)]
        }
        Scenario::Chaos => &[
            (Kind::Happy, 10),
            (Kind::Error, 4),
            (Kind::Disconnect, 4),
            (Kind::Crash, 3),
            (Kind::Timeout, 2),
            (Kind::Hang, 2),
        ],
        _ => &[(Kind::Happy, 1)],
    };
    let deck: Vec<Kind> = mix
        .iter()
        .filter(|(kind, _)| wish.may_break || *kind != Kind::Crash)
        .flat_map(|(kind, times)| std::iter::repeat_n(*kind, *times))
        .collect();
    let mut dealt = Vec::new();
    while dealt.len() < wish.sessions as usize {
        let mut deck = deck.clone();
        deck.shuffle(rng);
        dealt.extend(deck);
    }
    dealt.truncate(wish.sessions as usize);
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(scenario: Scenario, sessions: u32) -> Wish {
        Wish { scenario, sessions, rate: 10.0, seed: 7, crowd: 5, may_break: true }
    }

    fn count(schedule: &Schedule, kind: Kind) -> usize {
        schedule.arrivals.iter().filter(|arrival| arrival.kind == kind).count()
    }

    #[test]
    fn every_scenario_brings_all_sessions_in_order_and_about_in_time() {
        for scenario in [Scenario::Steady, Scenario::Burst, Scenario::Ramp, Scenario::Soak, Scenario::Chaos] {
            let schedule = Schedule::of(&wish(scenario, 1_000)).expect("a fair wish");
            assert_eq!(schedule.arrivals.len(), 1_000, "{scenario:?}");
            assert!(schedule.arrivals.is_sorted_by_key(|arrival| arrival.at), "{scenario:?}");
            let last = schedule.arrivals[999].at.as_secs_f64();
            assert!((last / 100.0 - 1.0).abs() < 0.2, "{scenario:?} ends at {last}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_schedule_and_another_another() {
        let one = Schedule::of(&wish(Scenario::Chaos, 50)).expect("a fair wish");
        let same = Schedule::of(&wish(Scenario::Chaos, 50)).expect("a fair wish");
        let other = Schedule::of(&Wish { seed: 8, ..wish(Scenario::Chaos, 50) }).expect("a fair wish");
        assert_eq!(one.arrivals, same.arrivals);
        assert_ne!(one.arrivals, other.arrivals);
    }

    #[test]
    fn one_deck_of_a_soak_holds_everything_that_goes_wrong() {
        let soak = Schedule::of(&wish(Scenario::Soak, 25)).expect("a fair wish");
        let counts = [Kind::Happy, Kind::Error, Kind::Disconnect, Kind::Crash, Kind::Timeout, Kind::Hang]
            .map(|kind| count(&soak, kind));
        assert_eq!(counts, [15, 4, 2, 2, 2, 0]);
        assert!(soak.kills.is_empty());
    }

    #[test]
    fn nothing_is_broken_in_a_service_of_somebody_else() {
        let chaos = Schedule::of(&Wish { may_break: false, ..wish(Scenario::Chaos, 200) }).expect("a fair wish");
        assert_eq!((count(&chaos, Kind::Crash), chaos.kills.len()), (0, 0));
        assert!(count(&chaos, Kind::Disconnect) > 0);
        assert_eq!(Schedule::of(&wish(Scenario::Chaos, 200)).expect("a fair wish").kills.len(), 3);
    }

    #[test]
    fn a_burst_is_one_moment_and_a_ramp_ends_at_twice_the_rate() {
        let burst = Schedule::of(&wish(Scenario::Burst, 100)).expect("a fair wish");
        assert_eq!(burst.arrivals.iter().filter(|arrival| arrival.at == BURST_EVERY).count(), 50);
        let ramp = Schedule::of(&wish(Scenario::Ramp, 1_000)).expect("a fair wish");
        let late = ramp.arrivals.iter().filter(|arrival| arrival.at >= Duration::from_secs(90)).count();
        assert!((180..=200).contains(&late), "{late} in the last ten seconds of a hundred");
    }

    #[test]
    fn beside_the_crowd_come_the_same_sessions_as_before_it_and_after_it() {
        let noisy = Schedule::of(&wish(Scenario::NoisyTenant, 90)).expect("a fair wish");
        let noise = noisy.noise.expect("a crowd");
        let part = |phase| {
            let all: Vec<_> = noisy.arrivals.iter().filter(|one| one.phase == phase).map(|one| one.at).collect();
            (all[0], all.iter().map(|at| *at - all[0]).collect::<Vec<_>>())
        };
        let (before, beside, after) = (part(Phase::Before), part(Phase::Beside), part(Phase::After));
        assert!(before.1.len() == 30 && before.1 == beside.1 && before.1 == after.1);
        let last = *before.1.last().expect("thirty");
        assert!(before.0 + last + SERVED_WITHIN <= noise.from && noise.from + GATHERS_WITHIN[0] < beside.0);
        assert!(beside.0 + last + SERVED_WITHIN <= noise.until && noise.until + SCATTERS_WITHIN[0] < after.0);
        assert!(noisy.arrivals.is_sorted_by_key(|arrival| arrival.at));
    }

    #[test]
    fn what_is_too_much_is_refused_with_what_to_do() {
        for wish in [
            wish(Scenario::Steady, 0),
            wish(Scenario::Steady, ARRIVALS_MAX + 1),
            Wish { rate: 0.0, ..wish(Scenario::Steady, 1) },
            Wish { rate: f64::NAN, ..wish(Scenario::Steady, 1) },
            Wish { rate: 0.001, ..wish(Scenario::Steady, 1_000) },
            wish(Scenario::NoisyTenant, 2),
            Wish { crowd: 0, ..wish(Scenario::NoisyTenant, 30) },
        ] {
            let fault = Schedule::of(&wish).expect_err("too much");
            assert!(!fault.what.is_empty() && !fault.hint.is_empty());
        }
    }
}

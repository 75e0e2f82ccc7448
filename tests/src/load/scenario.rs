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
    /// Half of the sessions come steadily; the other half are another tenant's and all come at one third of the time.
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
}

/// Whose session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tenant {
    /// The only one, but for `noisy-tenant`.
    Quiet,
    /// The one that asks for everything at once.
    Noisy,
}

/// One session to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// After the beginning. All latencies count from here.
    pub at: Duration,
    pub kind: Kind,
    pub tenant: Tenant,
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
        let moments = moments(wish, length, &mut rng);
        let kinds = kinds(wish, &mut rng);
        let noisy_from = moments.len() / 2;
        let mut arrivals: Vec<Arrival> = (moments.iter().zip(kinds).enumerate())
            .map(|(number, (at, kind))| Arrival { at: *at, kind, tenant: whose(wish.scenario, number, noisy_from) })
            .collect();
        arrivals.sort_by_key(|arrival| arrival.at);
        let kills = match (wish.scenario, wish.may_break) {
            (Scenario::Chaos, true) => {
                let end = Duration::from_secs_f64(length);
                (1..).map(|turn| KILL_EVERY * turn).take_while(|at| *at < end).take(KILLS_MAX).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self { scenario: wish.scenario, rate: wish.rate, seed: wish.seed, arrivals, kills })
    }

    /// When the noisy tenant comes, if one does.
    #[must_use]
    pub fn noise_at(&self) -> Option<Duration> {
        self.arrivals.iter().find(|arrival| arrival.tenant == Tenant::Noisy).map(|arrival| arrival.at)
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
        }
    }
}

fn whose(scenario: Scenario, number: usize, noisy_from: usize) -> Tenant {
    if scenario == Scenario::NoisyTenant && number >= noisy_from { Tenant::Noisy } else { Tenant::Quiet }
}

/// The moments of arrival; those of the noisy tenant last, each part in order.
fn moments(wish: &Wish, length: f64, rng: &mut StdRng) -> Vec<Duration> {
    let count = wish.sessions;
    match wish.scenario {
        Scenario::Steady | Scenario::Soak | Scenario::Chaos => poisson(count, wish.rate, rng),
        Scenario::Burst => {
            let burst = (wish.rate * BURST_EVERY.as_secs_f64()).max(1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most as many as arrivals")]
            (0..count).map(|number| BURST_EVERY * (f64::from(number) / burst) as u32).collect()
        }
        // Sessions so far grow with the square of the time when their number a second grows with the time.
        Scenario::Ramp => (0..count)
            .map(|number| Duration::from_secs_f64(length * (f64::from(number) / f64::from(count)).sqrt()))
            .collect(),
        Scenario::NoisyTenant => {
            let quiet = count / 2;
            // Half as many in the same time would be half the rate; the quiet tenant keeps it.
            let third = f64::from(quiet) / wish.rate / 3.0;
            let mut moments = poisson(quiet, wish.rate, rng);
            moments.extend((quiet..count).map(|_| Duration::from_secs_f64(third)));
            moments
        }
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
        Wish { scenario, sessions, rate: 10.0, seed: 7, may_break: true }
    }

    fn count(schedule: &Schedule, kind: Kind) -> usize {
        schedule.arrivals.iter().filter(|arrival| arrival.kind == kind).count()
    }

    #[test]
    fn every_scenario_brings_all_sessions_in_order_and_about_in_time() {
        for scenario in
            [Scenario::Steady, Scenario::Burst, Scenario::Ramp, Scenario::Soak, Scenario::Chaos, Scenario::NoisyTenant]
        {
            let schedule = Schedule::of(&wish(scenario, 1_000)).expect("a fair wish");
            assert_eq!(schedule.arrivals.len(), 1_000, "{scenario:?}");
            assert!(schedule.arrivals.is_sorted_by_key(|arrival| arrival.at), "{scenario:?}");
            let last = schedule.arrivals[999].at.as_secs_f64();
            let expected = if scenario == Scenario::NoisyTenant { 50.0 } else { 100.0 };
            assert!((last / expected - 1.0).abs() < 0.2, "{scenario:?} ends at {last}");
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
    fn the_noisy_tenant_comes_all_at_once_while_the_other_goes_on() {
        let noisy = Schedule::of(&wish(Scenario::NoisyTenant, 200)).expect("a fair wish");
        let at = noisy.noise_at().expect("one is noisy");
        let all = noisy.arrivals.iter().filter(|arrival| arrival.tenant == Tenant::Noisy).collect::<Vec<_>>();
        assert!(all.len() == 100 && all.iter().all(|arrival| arrival.at == at));
        assert!(noisy.arrivals.iter().any(|arrival| arrival.tenant == Tenant::Quiet && arrival.at > at));
    }

    #[test]
    fn what_is_too_much_is_refused_with_what_to_do() {
        for wish in [
            wish(Scenario::Steady, 0),
            wish(Scenario::Steady, ARRIVALS_MAX + 1),
            Wish { rate: 0.0, ..wish(Scenario::Steady, 1) },
            Wish { rate: f64::NAN, ..wish(Scenario::Steady, 1) },
            Wish { rate: 0.001, ..wish(Scenario::Steady, 1_000) },
        ] {
            let fault = Schedule::of(&wish).expect_err("too much");
            assert!(!fault.what.is_empty() && !fault.hint.is_empty());
        }
    }
}

//! The open loop: sessions begin at the moments of their schedule, however many are still under way.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::crowd;
use super::scenario::{Arrival, Phase, Schedule};
use super::{COME_BACK_AFTER, Run, deeds};
use crate::processes::Process;
use crate::steps::Trouble;

/// Sessions under way or waiting at most: the load generator's own limit. One more is told as a failure, never left out.
const UNDER_WAY_MAX: usize = 2_000;

/// An agent that is told to come back does so for this long after its arrival, then it is turned away for good.
const PATIENCE: Duration = Duration::from_secs(60);

/// The last arrival to the end of the last session: above an agent's patience and the longest answer.
const ENDS_WITHIN: Duration = Duration::from_secs(240);

/// A killed browser may cost sessions that begin so long after it: the next one must be ready in a second (the pool's own figure).
const KILL_FELT_FOR: Duration = Duration::from_secs(1);

/// Whose waits are compared.
pub(super) const ALONE: &str = "quiet tenant, alone";
pub(super) const BESIDE: &str = "quiet tenant, beside the noisy one";

/// An open loop instead of agents that come back.
#[derive(Debug, Clone)]
pub struct Open {
    pub schedule: Schedule,
    /// A key of another tenant, for `noisy-tenant`.
    pub noisy_key: Option<String>,
    /// Does the service's idle time end the sessions of agents that vanished?
    pub reaped: bool,
}

/// How one arrival ended.
enum End {
    /// It did what was planned, errors on purpose included.
    AsPlanned,
    /// It got no place in an agent's patience.
    TurnedAway,
    /// A browser was killed while it was under way.
    Hurt(String),
    /// Anything else.
    Wrong(&'static str, String),
}

/// Runs the schedule to its end.
pub(super) async fn drive(run: &Arc<Run>, open: &Open, began: Instant) {
    let mut under_way = JoinSet::new();
    let mut killer = JoinSet::new();
    killer.spawn(kill_browsers(Arc::clone(run), open.schedule.kills.clone(), began));
    let mut crowd = JoinSet::new();
    if let Some(noise) = open.schedule.noise {
        crowd.spawn(crowd::gather(Arc::clone(run), noise, open.noisy_key.clone(), began));
    }
    for (number, arrival) in open.schedule.arrivals.iter().copied().enumerate() {
        sleep_until(began + arrival.at).await;
        while under_way.try_join_next().is_some() {}
        run.numbers.arrived(arrival.kind);
        if under_way.len() >= UNDER_WAY_MAX {
            run.numbers.ended(arrival.kind, "wrong");
            run.numbers.failed("arrival", &format!("{UNDER_WAY_MAX} sessions were under way already"));
            continue;
        }
        under_way.spawn(one(Arc::clone(run), number, arrival, began + arrival.at));
    }
    let all = async { while under_way.join_next().await.is_some() {} };
    if timeout(ENDS_WITHIN, all).await.is_err() {
        let left = under_way.len();
        under_way.abort_all();
        for _ in 0..left {
            run.numbers.failed("end", &format!("not over {} s after the last arrival", ENDS_WITHIN.as_secs()));
        }
    }
    killer.abort_all();
    while crowd.join_next().await.is_some() {}
}

/// Under which names a session's wait is kept.
fn names(phase: Phase) -> &'static [&'static str] {
    match phase {
        Phase::Whole => &["all"],
        Phase::Before => &[ALONE, "quiet tenant, alone: before"],
        Phase::Beside => &[BESIDE],
        Phase::After => &[ALONE, "quiet tenant, alone: after"],
    }
}

/// One arrival: all its times count from the moment it was meant to come, its own late start included.
async fn one(run: Arc<Run>, number: usize, arrival: Arrival, intended: Instant) {
    run.numbers.late_start(intended.elapsed());
    let end = attempt(&run, number, arrival, intended).await;
    let word = match end {
        End::AsPlanned => {
            run.numbers.total(intended.elapsed());
            run.progress.send_modify(|count| *count += 1);
            "as planned"
        }
        End::TurnedAway => "turned away",
        End::Hurt(what) => {
            run.numbers.hurt(&what);
            "hurt by a killed browser"
        }
        End::Wrong(step, what) => {
            run.numbers.failed(step, &what);
            "wrong"
        }
    };
    run.numbers.ended(arrival.kind, word);
}

async fn attempt(run: &Run, number: usize, arrival: Arrival, intended: Instant) -> End {
    let mut tries = 0;
    loop {
        tries += 1;
        let name = format!("load-{}-{number}-{tries}", std::process::id());
        let begun = Instant::now();
        let placed = |opened| run.numbers.placed(names(arrival.phase), opened - intended);
        let trouble = match run.client(run.plan.key.as_deref()).await {
            Ok(client) => match deeds::session(run, client, &name, arrival.kind, placed).await {
                Ok(course) => {
                    run.numbers.over(course.opened.elapsed());
                    match course.result {
                        Ok(()) => return End::AsPlanned,
                        Err(trouble) => trouble,
                    }
                }
                Err(Trouble::Busy(_)) => {
                    run.numbers.refused();
                    if intended.elapsed() > PATIENCE {
                        return End::TurnedAway;
                    }
                    sleep(COME_BACK_AFTER).await;
                    continue;
                }
                Err(trouble) => trouble,
            },
            Err(fault) => Trouble::Failed("connect", fault.what),
        };
        let (step, what) = match trouble {
            Trouble::Failed(step, what) => (step, what),
            Trouble::Busy(what) => ("a call in an open session", what),
        };
        let hurt = begun.checked_sub(KILL_FELT_FOR).is_some_and(|from| run.numbers.killed_since(from));
        return if hurt { End::Hurt(format!("{step}: {what}")) } else { End::Wrong(step, what) };
    }
}

/// Kills one browser of the service at each moment: found in the service's own process tree, ended by its id.
async fn kill_browsers(run: Arc<Run>, moments: Vec<Duration>, began: Instant) {
    let Some(process) = run.plan.process else { return };
    for (turn, at) in moments.into_iter().enumerate() {
        sleep_until(began + at).await;
        let browsers = tokio::task::spawn_blocking(move || {
            process.tree().into_iter().filter(|one| one.is_browser()).collect::<Vec<Process>>()
        });
        let Ok(mut browsers) = browsers.await else { continue };
        browsers.sort_by_key(|browser| browser.pid);
        let Some(browser) = browsers.get(turn % browsers.len().max(1)) else { continue };
        // Counted before it happens: whoever fails of it must find it counted.
        run.numbers.killed();
        if kill(Pid::from_raw(browser.pid), Signal::SIGKILL).is_err() {
            // It ended by itself meanwhile; it counts all the same, since a session may have seen it end.
            continue;
        }
    }
}

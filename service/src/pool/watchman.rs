//! Looks after the browsers: ends those that hang or grow beyond bounds, and has those replaced that are old or large.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use metrics::{counter, gauge};
use tokio::time::{MissedTickBehavior, interval};

use super::bounds::Verdict;
use super::fleet::{Berth, Fleet};
use crate::browser::{end_part, weigh};
use crate::telemetry::{Tasks, names};

/// How often a silent browser is asked whether it lives.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Questions in a row without an answer or any other word, after which it is ended.
const UNANSWERED_MAX: u32 = 2;
/// How often browsers are weighed.
const WEIGH_EVERY: Duration = Duration::from_secs(2);

/// Starts it; it ends with `tasks`.
pub(super) fn keep(fleet: &Arc<Fleet>, tasks: &Tasks) {
    tasks.spawn("browser pulse", feel(Arc::clone(fleet)));
    tasks.spawn("browser scales", weigh_all(Arc::clone(fleet)));
}

/// Asks those that were silent, and tries to start one while none could be started.
async fn feel(fleet: Arc<Fleet>) {
    let mut tick = interval(ASK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // By browser: messages heard when it was last looked at, and questions it left unanswered.
    let mut known: HashMap<usize, (u64, u32)> = HashMap::new();
    loop {
        tick.tick().await;
        let berths = fleet.berths();
        let asked = berths.iter().map(|berth| {
            let before = known.get(&number(berth)).copied();
            async move { (berth, ask(berth, before).await) }
        });
        let answers = join_all(asked).await;
        let bounds = fleet.bounds();
        known.clear();
        for (berth, unanswered) in answers {
            if unanswered >= UNANSWERED_MAX {
                tracing::warn!(pid = berth.chromium.pid(), "a browser does not answer and is ended");
                fleet.end(berth, "hung");
            } else if bounds.is_old(berth.since.elapsed()) {
                fleet.drain(berth, "age");
            }
            known.insert(number(berth), (berth.chromium.heard(), unanswered));
        }
        // Nobody is sent here while it is not ready, so nobody else would find out that it could be again.
        if fleet.health().is_err()
            && let Err(error) = fleet.prove().await
        {
            tracing::debug!(%error, "still no browser");
        }
    }
}

/// What tells browsers apart while they are held.
fn number(berth: &Arc<Berth>) -> usize {
    Arc::as_ptr(berth).addr()
}

/// Questions it has left unanswered in a row, this one included.
async fn ask(berth: &Berth, before: Option<(u64, u32)>) -> u32 {
    let (heard_before, unanswered) = before.unwrap_or_default();
    let heard = berth.chromium.heard();
    // One that speaks lives. So does one that spoke while it was asked: on a busy machine an answer can take long.
    if heard != heard_before && unanswered == 0 && before.is_some() {
        return 0;
    }
    match berth.chromium.ping(ANSWER_WITHIN).await {
        Ok(()) => 0,
        Err(_) if berth.chromium.heard() != heard => 0,
        Err(_) => unanswered + 1,
    }
}

async fn weigh_all(fleet: Arc<Fleet>) {
    let mut tick = interval(WEIGH_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let berths: Vec<(u32, Arc<Berth>)> =
            fleet.berths().into_iter().filter_map(|berth| Some((berth.chromium.pid()?, berth))).collect();
        let bounds = fleet.bounds();
        let groups: Vec<u32> = berths.iter().map(|(pid, _)| *pid).collect();
        // Reading /proc of hundreds of processes takes its time.
        let Ok(weights) = tokio::task::spawn_blocking(move || weigh(&groups, bounds.least())).await else { continue };
        let bytes = weights.values().map(|weight| weight.bytes).sum::<u64>();
        fleet.weighed(bytes);
        #[allow(clippy::cast_precision_loss, reason = "bytes of memory, far below 2^53")]
        gauge!(names::BROWSER_BYTES).set(bytes as f64);
        for (pid, berth) in berths {
            let Some(weight) = weights.get(&pid) else { continue };
            let mib = weight.bytes >> 20;
            match bounds.judge(weight) {
                Verdict::Good => {}
                Verdict::Renew => fleet.drain(&berth, "memory"),
                Verdict::EndPart(part) => {
                    tracing::warn!(pid, part, mib, "a page took too much memory and is ended");
                    counter!(names::PAGES_ENDED, "reason" => "memory").increment(1);
                    if end_part(pid, part).is_err() {
                        tracing::debug!(part, "it had ended already");
                    }
                    fleet.drain(&berth, "memory");
                }
                Verdict::End => {
                    tracing::warn!(pid, mib, "a browser took too much memory and is ended");
                    fleet.end(&berth, "memory_max");
                }
            }
        }
    }
}

//! Kills the service at random points around approvals and looks, after each restart, at what the store and the site say; and kills
//! browsers and services at work to see who notices and how soon.
//!
//! A round around approvals: some agents have a call held, people decide or do not, and SIGKILL comes somewhere between the question and the end of the
//! run. The next service on the same data folder must know every card and every decision it said yes to (none *lost*), and the site must
//! have seen each call's request once at most, and never for a call that is told not to have run (none run *twice*).

mod browser;
mod check;
mod resume;
mod service;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

pub use browser::{Deaths, browsers};
pub use resume::{Resumed, resumed};
pub use service::{Ends, services};
pub use told::{Stops, stops};

/// Longest wait for a card after its call was made: above a browser's start on a busy machine.
const HELD_WITHIN: Duration = Duration::from_secs(30);
/// The decisions of one round fall into this time after the last card was asked.
const DECIDED_WITHIN_MS: u64 = 30;
/// The kill comes at most so long after the first decision: above what a click and its page take.
const KILLED_WITHIN_MS: u64 = 260;
/// Rounds between two looks at the whole audit chain.
const VERIFY_EVERY: u32 = 50;
/// Faults told in full; beyond it they are counted.
const TOLD_MAX: usize = 20;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    pub kills: u32,
    /// Calls held in one round.
    pub cards: u32,
    /// Services at once, each on a folder of its own.
    pub workers: u32,
    pub seed: u64,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub kills: u32,
    pub cards: u32,
    /// Decisions that were answered with 200 before the kill.
    pub decisions: u32,
    /// How the cards stood after the restart.
    pub states: BTreeMap<String, u32>,
    /// Cards or decisions the store does not know any more.
    pub lost: u32,
    /// Requests the site saw beyond the first of a call, and those of calls that are told not to have run.
    pub twice: u32,
    /// Anything else that is not as it must be.
    pub wrong: u32,
    /// Processes left by a killed service.
    pub left: u32,
    pub told: Vec<String>,
}

impl Tally {
    /// Nothing was lost, run twice, wrong or left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.twice == 0 && self.wrong == 0 && self.left == 0
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        let states = self.states.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ");
        format!(
            "{} kills, {} held calls, {} decisions answered before the kill; after the restart {states}; {} lost, {} run twice, {} wrong, {} processes left",
            self.kills, self.cards, self.decisions, self.lost, self.twice, self.wrong, self.left
        )
    }

    fn tell(&mut self, what: String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(what);
        }
    }

    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.cards += other.cards;
        self.decisions += other.decisions;
        for (state, count) in other.states {
            *self.states.entry(state).or_default() += count;
        }
        self.lost += other.lost;
        self.twice += other.twice;
        self.wrong += other.wrong;
        self.left += other.left;
        other.told.into_iter().for_each(|what| self.tell(what));
    }
}

/// What a person says in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    Approve,
    Grant,
    Deny,
}

/// One held call, as this side knows it.
#[derive(Debug, Clone)]
struct Held {
    id: String,
    /// In the request the site would see.
    mark: String,
    word: Word,
    /// The decision was answered with 200 before the kill.
    acknowledged: bool,
    /// The call was answered before the kill; was it an error?
    answered: Option<bool>,
}

/// Runs it; `progress` counts kills.
///
/// # Errors
/// When a service does not start, or a call is not held.
pub async fn run(plan: &Plan, progress: watch::Sender<u32>) -> Outcome<Tally> {
    let site = Site::start().await?;
    let done = AtomicU32::new(0);
    // Not tasks of their own: all of it is waiting.
    let workers = (0..plan.workers).map(|worker| {
        let random = Random(plan.seed ^ (u64::from(worker) << 32 | 0x9e37));
        work(plan, worker, &site, random, &done, &progress)
    });
    let mut tally = Tally::default();
    for worked in futures_util::future::try_join_all(workers).await? {
        tally.add(worked);
    }
    Ok(tally)
}

async fn work(
    plan: &Plan,
    worker: u32,
    site: &Site,
    mut random: Random,
    done: &AtomicU32,
    progress: &watch::Sender<u32>,
) -> Outcome<Tally> {
    let data = Arc::new(TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?);
    let mut tally = Tally::default();
    let mut before: Vec<Held> = Vec::new();
    for round in 0.. {
        let mut options = Options::allowing([site.address()])
            .config(&format!("[pool]\nmax_sessions = {}\nwarm_sessions = {}\n", plan.cards, plan.cards));
        options.data = Some(Arc::clone(&data));
        let service = Service::start(options).await?;
        check::after(&service, site, &before, &mut tally).await?;
        if round % VERIFY_EVERY == VERIFY_EVERY - 1 {
            check::audit(&service, &mut tally).await?;
        }
        let mine = done.fetch_add(1, Ordering::SeqCst);
        if mine >= plan.kills {
            check::audit(&service, &mut tally).await?;
            let ended = service.stop().await?;
            tally.left += u32::try_from(ended.left.len()).unwrap_or(u32::MAX);
            return Ok(tally);
        }
        before = kill_one(plan, &format!("w{worker}r{round}"), site, service, &mut random, &mut tally).await?;
        progress.send_modify(|count| *count += 1);
    }
    Ok(tally)
}

/// One round, to the kill.
async fn kill_one(
    plan: &Plan,
    name: &str,
    site: &Site,
    service: Service,
    random: &mut Random,
    tally: &mut Tally,
) -> Outcome<Vec<Held>> {
    let (url, key) = (service.mcp_url(), service.admin_key().to_owned());
    let mut calls: JoinSet<(usize, Option<bool>)> = JoinSet::new();
    let marks: Vec<String> = (0..plan.cards).map(|card| format!("{name}c{card}")).collect();
    for (at, mark) in marks.iter().enumerate() {
        let (url, key, page) = (format!("{url}?session=c{at}"), key.clone(), site.url(&format!("/once/{mark}")));
        calls.spawn(async move { (at, press(&url, &key, &page).await) });
    }
    let path = "/v1/approvals?state=pending";
    let held = until("all held calls", HELD_WITHIN, async || {
        let (_, body) = service.api("GET", path, Some(&key), None).await.ok()?;
        let cards = body["approvals"].as_array()?;
        let id = |mark: &String| {
            let card = cards.iter().find(|card| card["url"].as_str().is_some_and(|url| url.ends_with(mark)))?;
            card["id"].as_str().map(str::to_owned)
        };
        marks.iter().map(id).collect::<Option<Vec<String>>>()
    });
    let ids = held.await.map_err(|fault| Fault { hint: format!("{}\n{}", fault.hint, service.log()), ..fault })?;
    let mut held: Vec<Held> = ids
        .into_iter()
        .zip(marks)
        .map(|(id, mark)| Held { id, mark, word: random.word(), acknowledged: false, answered: None })
        .collect();

    // Everything from here on is told by the clock, so that the kill falls anywhere.
    let now = Instant::now();
    let mut decisions: JoinSet<(usize, bool)> = JoinSet::new();
    let mut first = DECIDED_WITHIN_MS;
    for (at, held) in held.iter().enumerate().filter(|(_, held)| held.word != Word::Nothing) {
        let wait = random.below(DECIDED_WITHIN_MS);
        first = first.min(wait);
        let (base, key, id, word) = (service.base(), key.clone(), held.id.clone(), held.word);
        decisions.spawn(async move {
            sleep_until(now + Duration::from_millis(wait)).await;
            (at, decide(&base, &key, &id, word).await == Some(200))
        });
    }
    // Dense where it is quick, and still often in the run.
    let part = random.unit();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few hundred ms"
    )]
    let wait_us = (part * part * (KILLED_WITHIN_MS * 1000) as f64) as u64;
    sleep_until(now + Duration::from_millis(first) + Duration::from_micros(wait_us)).await;
    kill(Pid::from_raw(service.process().pid), Signal::SIGKILL).map_err(|error| Fault::of("SIGKILL", error))?;

    while let Some(decided) = decisions.join_next().await {
        let (at, acknowledged) = decided.map_err(|error| Fault::of("a decision", error))?;
        held[at].acknowledged = acknowledged;
        tally.decisions += u32::from(acknowledged);
    }
    while let Some(called) = calls.join_next().await {
        let (at, answered) = called.map_err(|error| Fault::of("a call", error))?;
        held[at].answered = answered;
    }
    let ended = service.kill().await?;
    tally.left += u32::try_from(ended.left.len()).unwrap_or(u32::MAX);
    tally.kills += 1;
    tally.cards += plan.cards;
    Ok(held)
}

/// Opens the page and presses its button; was the answer an error? `None`: no answer came.
async fn press(url: &str, key: &str, page: &str) -> Option<bool> {
    let client = McpClient::connect(url, Some(key), Era::Modern).await.ok()?;
    let gone = client.call("browser_navigate", json!({ "url": page })).await.ok()?;
    if gone.is_error {
        return Some(true);
    }
    client.call("browser_click", json!({ "target": "#buy" })).await.ok().map(|answer| answer.is_error)
}

/// Says a person's word; the answer's status, if one came.
async fn decide(base: &str, key: &str, id: &str, word: Word) -> Option<u16> {
    let body: Value = match word {
        Word::Nothing => return None,
        Word::Approve => json!({ "decision": "approve" }),
        Word::Grant => json!({ "decision": "approve", "grant": { "minutes": 10 } }),
        Word::Deny => json!({ "decision": "deny", "reason": "no" }),
    };
    let http = reqwest::Client::new();
    let answer = http.post(format!("{base}/v1/approvals/{id}")).bearer_auth(key).json(&body).send().await.ok()?;
    Some(answer.status().as_u16())
}

/// SplitMix64: a seed that is printed gives the same choices again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits are kept")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn word(&mut self) -> Word {
        match self.below(10) {
            0 => Word::Nothing,
            1 => Word::Deny,
            2 | 3 => Word::Grant,
            _ => Word::Approve,
        }
    }
}

/// Of so many values the one that this part (0 to 1) of them does not exceed.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few thousand values"
    )]
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// A seed from the kernel.
#[must_use]
pub fn seed() -> u64 {
    let word = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default().replace('-', "");
    u64::from_str_radix(word.trim().get(..16).unwrap_or("1"), 16).unwrap_or(1)
}

/// Lets a service settle before it is measured.
async fn breath() {
    sleep(Duration::from_millis(50)).await;
}

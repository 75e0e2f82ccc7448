//! What more sessions open at once cost: time, memory and processors, beside the same pages in Chromium alone.
//!
//! For each number of sessions one side is started, filled, measured and ended before the other begins: two sides at once would share
//! Chromium's pages of memory and take each other's processors. A session is a small page that changes every two seconds
//! (`tests/site/alive.html`). Both sides have as many browsers, with the same flags and as many pages in each.

mod home;
mod ours;
mod raw;
mod report;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use tokio::time::{Instant, sleep};

pub use report::CurveReport;

use self::home::{Home, Room, Used};
use self::ours::Ours;
use self::raw::Raw;
use super::ms;
use super::spread::Spread;
use crate::machine::free_mib;
use crate::site::Site;
use crate::{Fault, Outcome};

/// Sessions that are opened at a time: agents come beside one another, not all in one instant.
const OPENERS: usize = 8;

/// Memory that must stay free, MiB: below it nothing more is opened, so that the machine is never driven into its last page.
const FREE_MIB_MIN: u64 = 1_024;

/// The time for opening all of one step, and for all calls after it: a machine that has too much to do already would never end.
const OPENED_WITHIN: Duration = Duration::from_secs(180);
const CALLED_WITHIN: Duration = Duration::from_secs(180);

/// After the last session is open, the time until what is left alone is measured.
const REST_AFTER: Duration = Duration::from_secs(1);

/// Different failures kept by their words.
const FAILURES_MAX: usize = 16;

/// What to measure.
#[derive(Debug, Clone)]
pub struct CurvePlan {
    /// Sessions open at once, one number after another.
    pub steps: Vec<u32>,
    /// How long all are left alone, for what that costs.
    pub rest: Duration,
    /// Leave Chromium alone out.
    pub without_raw: bool,
}

/// One side with so many sessions open.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Level {
    /// As many as were open in the end.
    pub sessions: u32,
    pub browsers: u32,
    /// Asked for until there, without a page.
    pub open: Spread,
    /// The same until its first page has loaded.
    pub first_page: Spread,
    /// With all of them open, one call after another.
    pub click: Spread,
    pub snapshot: Spread,
    /// A click in every session at one moment.
    pub click_all: Spread,
    /// Processor time for one session and its first page.
    pub opening_cpu_ms: Cost,
    /// Processors while everybody only looks, 1 is one core.
    pub rest_cores: Cost,
    /// All Chromium processes, proportional set size, divided by the sessions.
    pub chromium_mib_each: f64,
    /// What the service's own process gained since nobody had a session, divided by the sessions; none for Chromium alone.
    pub own_mib_each: Option<f64>,
    pub calls: u64,
    pub failed: u64,
    /// First words of each failure, and how often.
    pub failures: BTreeMap<String, u64>,
}

/// Of the service's own process, and of all Chromium processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cost {
    pub service: f64,
    pub browsers: f64,
}

/// Both sides with so many sessions asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    pub asked: u32,
    pub ours: Level,
    pub raw: Option<Level>,
}

/// Runs it all; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or leaves processes. Calls that fail are counted, and what memory is too short for is told in the report.
pub async fn curve(plan: &CurvePlan, say: impl Fn(&str)) -> Outcome<CurveReport> {
    if plan.steps.is_empty() || plan.steps.contains(&0) {
        return Err(Fault::new("no sessions to open", "name numbers above 0, as in --curve 1,10,50"));
    }
    let site = Site::start().await?;
    let url = site.url("/alive");
    let mut report = CurveReport::default();
    for asked in plan.steps.iter().copied() {
        say(&format!("{asked} sessions at once: Helmwatch"));
        let home = Ours::start(&site, asked).await?;
        home.prepare(&url).await?;
        let (ours, mut stopped) = level(&home, asked, &url, plan.rest).await;
        let shape = home.shape().await?;
        home.stop().await?;
        let mut raw = None;
        if !plan.without_raw && stopped.is_none() {
            say(&format!("{asked} sessions at once: Chromium alone, {} browsers", shape.browsers));
            let home = Raw::start(&shape).await?;
            home.prepare(&url).await?;
            let (level, short) = level(&home, asked, &url, plan.rest).await;
            home.stop().await?;
            raw = Some(Level { browsers: shape.browsers, ..level });
            stopped = short.map(|line| format!("Chromium alone: {line}"));
        }
        report.steps.push(Step { asked, ours: Level { browsers: shape.browsers, ..ours }, raw });
        if let Some(line) = stopped {
            say(&line);
            report.stopped = Some(line);
            break;
        }
    }
    Ok(report)
}

/// Fills one side and measures it; the second is why it could not be filled.
async fn level<H: Home>(home: &H, asked: u32, url: &str, rest: Duration) -> (Level, Option<String>) {
    let mut tally = Tally::default();
    let (before, used) = (home.weigh().await, home.used());
    let began = Instant::now();
    // Nobody opens after something was found to be short.
    let short = &Cell::new(None);
    let opening = stream::iter(0..asked).map(|number| async move {
        let free = free_mib().unwrap_or(u64::MAX);
        if short.get().is_none() && free < FREE_MIB_MIN {
            short.set(Some(Short::Memory(free)));
        }
        if short.get().is_none() && began.elapsed() > OPENED_WITHIN {
            short.set(Some(Short::Time));
        }
        if short.get().is_some() { None } else { Some(open(home, number, url).await) }
    });
    let mut opening = std::pin::pin!(opening.buffer_unordered(OPENERS));
    let (mut rooms, mut opened, mut first) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(one) = opening.next().await {
        match one {
            Some(Ok((room, open, page))) => {
                tally.calls += 2;
                opened.push(ms(open));
                first.push(ms(page));
                rooms.push(room);
            }
            Some(Err(fault)) => tally.failed(&fault),
            None => {}
        }
    }
    let opening_cpu = home.used() - used;
    let (took, sessions) = (began.elapsed(), u32::try_from(rooms.len()).unwrap_or(u32::MAX));
    let each = f64::from(sessions.max(1));
    sleep(REST_AFTER).await;
    let resting = home.used();
    sleep(rest).await;
    let rested = home.used() - resting;
    let weight = home.weigh().await;

    let (mut clicked, mut taken) = (Vec::new(), Vec::new());
    let calling = Instant::now();
    let (mut touched, mut late) = (0, false);
    for room in &rooms {
        late = calling.elapsed() > CALLED_WITHIN;
        if late {
            break;
        }
        clicked.extend(tally.time(home.click(room)).await);
        taken.extend(tally.time(home.snapshot(room)).await);
        touched += 1;
    }
    for _ in touched..rooms.len() {
        tally.failed(&Fault::new("not called any more: the time was over", "run it on a machine with less to do"));
    }
    let all = rooms.iter().map(|room| timed(home.click(room)));
    let mut together = Vec::new();
    for (took, result) in futures_util::future::join_all(all).await {
        together.extend(tally.count(result).map(|()| ms(took)));
    }
    for (number, room) in rooms.iter().enumerate() {
        // Not a call that counts: it is how the calls before are judged.
        let sent = 1 + u32::from(number < touched);
        match home.greeted(room).await {
            Ok(times) if times == sent => {}
            Ok(times) => tally.failed(&Fault::new(format!("a page saw {times} clicks of {sent}"), "")),
            Err(fault) => tally.failed(&fault),
        }
    }
    let (took, within) = (took.as_secs_f64(), OPENED_WITHIN.as_secs());
    let stopped = match short.get() {
        Some(Short::Memory(free)) => Some(format!(
            "stopped with {sessions} of {asked} sessions open after {took:.0} s: {free} MiB of memory are free, and {FREE_MIB_MIN} must stay so"
        )),
        Some(Short::Time) => Some(format!(
            "stopped with {sessions} of {asked} sessions open: opening took longer than {within} s, the machine has too much to do"
        )),
        None => late.then(|| {
            format!(
                "{touched} of {sessions} sessions were clicked in {} s, the machine has too much to do",
                CALLED_WITHIN.as_secs()
            )
        }),
    };
    let level = Level {
        sessions,
        browsers: 0,
        open: Spread::of(opened),
        first_page: Spread::of(first),
        click: Spread::of(clicked),
        snapshot: Spread::of(taken),
        click_all: Spread::of(together),
        opening_cpu_ms: opening_cpu.map(|time| ms(time) / each),
        rest_cores: rested.map(|time| time.as_secs_f64() / rest.as_secs_f64()),
        chromium_mib_each: home::mib(weight.chromium) / each,
        own_mib_each: weight.own.zip(before.own).map(|(after, before)| (home::mib(after) - home::mib(before)) / each),
        calls: tally.calls,
        failed: tally.failed,
        failures: tally.failures,
    };
    (level, stopped)
}

/// What there was too little of to open more.
#[derive(Debug, Clone, Copy)]
enum Short {
    /// So many MiB were free.
    Memory(u64),
    Time,
}

/// A session with the page in it: how long until the session, and until the page, was there.
async fn open<H: Home>(home: &H, number: u32, url: &str) -> Outcome<(Room, Duration, Duration)> {
    let began = Instant::now();
    let mut room = home.open(number).await?;
    let open = began.elapsed();
    home.goto(&mut room, url).await?;
    Ok((room, open, began.elapsed()))
}

async fn timed(call: impl Future<Output = Outcome<()>>) -> (Duration, Outcome<()>) {
    let began = Instant::now();
    let result = call.await;
    (began.elapsed(), result)
}

/// Calls and what became of them.
#[derive(Default)]
struct Tally {
    calls: u64,
    failed: u64,
    failures: BTreeMap<String, u64>,
}

impl Tally {
    /// How long a call took, when it went well.
    async fn time(&mut self, call: impl Future<Output = Outcome<()>>) -> Option<f64> {
        let (took, result) = timed(call).await;
        self.count(result).map(|()| ms(took))
    }

    fn count(&mut self, result: Outcome<()>) -> Option<()> {
        match result {
            Ok(()) => {
                self.calls += 1;
                Some(())
            }
            Err(fault) => {
                self.failed(&fault);
                None
            }
        }
    }

    fn failed(&mut self, fault: &Fault) {
        self.calls += 1;
        self.failed += 1;
        let words: String = fault.what.lines().next().unwrap_or_default().chars().take(160).collect();
        if self.failures.len() < FAILURES_MAX || self.failures.contains_key(&words) {
            *self.failures.entry(words).or_default() += 1;
        }
    }
}

impl Used {
    fn map(self, each: impl Fn(Duration) -> f64) -> Cost {
        Cost { service: each(self.service), browsers: each(self.browsers) }
    }
}

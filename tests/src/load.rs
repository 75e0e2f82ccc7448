//! The load test: agents through MCP and viewers through WebSocket, against a running service.
//!
//! Two loops: a closed one (`--agents`: each agent begins its next session when its last is over, which finds out how much goes through)
//! and an open one (`--scenario`: sessions come on a schedule whatever the service does, which finds out how long who comes waits).
//!
//! It must never make a figure better than it is: a step's time is counted whether it went well or not, a session counts only when
//! every step did, and in the open loop all waits count from the moment the session was meant to come.

pub mod compare;
mod crowd;
mod deeds;
mod numbers;
mod open;
mod page;
mod plot;
mod report;
mod scenario;
mod timeline;
mod traces;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use helmwatch_protocol::{PoolView, SessionList};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub use deeds::settings_of_faults;
pub use numbers::{KindCounts, Numbers, Spread};
pub use open::Open;
pub use page::page;
pub use report::{MemoryReport, NoiseReport, Report, ViewerReport};
pub use scenario::{ARRIVALS_MAX, Arrival, Kind, LENGTH_MAX, Noise, Phase, RATE_MAX, Scenario, Schedule, Wish};
pub use timeline::{Growth, Sample};
pub use traces::{Leftover, SETTLES_WITHIN};

use report::{Place, Rest};
use timeline::{Look, Weight};
use traces::Traces;

use crate::machine::Machine;
use crate::mcp::{Era, McpClient};
use crate::processes::Process;
use crate::steps::{self, Trouble};
use crate::viewer::{Live, Viewer, now_us};
use crate::{Fault, Outcome};

/// Between two looks at memory: reading it costs the kernel some milliseconds a process.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Whole sessions of each tenant before a scenario's baseline.
const WARM_UP_SESSIONS: u32 = 4;

/// A refused agent comes back after this long: the service's own word would be better, but a tool's text has no number to trust.
const COME_BACK_AFTER: Duration = Duration::from_millis(250);

/// A viewer with nothing to watch looks again after this long.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Address of the service, as in `http://127.0.0.1:7800`.
    pub base: String,
    /// A key with `agent`, and `view` for viewers and memory per session, and `admin` for moving the limit.
    pub key: Option<String>,
    /// Protocol era of the agents.
    pub era: Era,
    /// Agents at once.
    pub agents: u32,
    /// Viewers at once.
    pub viewers: u32,
    /// When it ends.
    pub until: Until,
    /// Address of the form page, as the service's Chromium reaches it.
    pub form_url: String,
    /// The service's own process, for memory.
    pub process: Option<Process>,
    /// Limits to set while it runs: after how long, and to what.
    pub set_limit: Vec<(Duration, u32)>,
    /// An open loop; `agents` and `until` then mean nothing.
    pub open: Option<Open>,
    /// The folder that holds the folder of the service's profiles, when nobody else uses it.
    pub profiles: Option<PathBuf>,
    /// After the last session, the time for everything to come back to the baseline ([`SETTLES_WITHIN`]).
    pub settles_within: Duration,
}

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After so many whole sessions.
    Sessions(u64),
    /// After so long; sessions begun are ended.
    Elapsed(Duration),
}

/// What all tasks share.
struct Run {
    plan: Plan,
    numbers: Numbers,
    started: AtomicU64,
    ended: AtomicBool,
    progress: tokio::sync::watch::Sender<u64>,
    http: reqwest::Client,
}

/// Runs the plan; `progress` is told the number of whole sessions as it grows.
///
/// # Errors
/// When the service cannot be reached or refuses the key, and when not one session could be ended.
pub async fn run(plan: Plan, progress: tokio::sync::watch::Sender<u64>) -> Outcome<Report> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        // Its connections are among those counted before and after: none is kept.
        .pool_max_idle_per_host(0)
        .build()
        .map_err(|error| Fault::of("no HTTP client", error))?;
    let run = Arc::new(Run {
        plan,
        numbers: Numbers::default(),
        started: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        progress,
        http,
    });
    run.reach().await?;
    if run.plan.open.is_some() {
        warm_up(&run).await?;
    }
    let machine = Machine::look().await;
    let before = Traces::baseline(&run).await?;
    let idle = run.plan.process.map(|process| (process.tree_memory(), process.memory()));
    let began = Instant::now();
    let done = CancellationToken::new();
    let mut beside = JoinSet::new();
    for _ in 0..run.plan.viewers {
        beside.spawn(watch(Arc::clone(&run), done.clone()));
    }
    beside.spawn(look(Arc::clone(&run), done.clone(), began));
    beside.spawn(move_limit(Arc::clone(&run), done.clone(), began));

    let mut agents = JoinSet::new();
    if let Some(open) = &run.plan.open {
        open::drive(&run, open, began).await;
    } else {
        for number in 0..run.plan.agents {
            agents.spawn(agent(Arc::clone(&run), number, began));
        }
    }
    let mut fault = None;
    while let Some(ended) = agents.join_next().await {
        if let Ok(Err(failed)) = ended {
            run.ended.store(true, Ordering::Relaxed);
            fault = Some(failed);
        }
    }
    let took = began.elapsed();
    done.cancel();
    while beside.join_next().await.is_some() {}
    if let Some(fault) = fault {
        return Err(fault);
    }
    // Without its process, a service is not only ours: others come and go.
    let left = if run.plan.process.is_some() { Some(before.settle(&run).await) } else { None };
    let open_after = run.list().await.map_or(0, |list| list.sessions.len());
    let rest = idle.zip(run.plan.process).map(|((tree_before, own_before), process)| Rest {
        tree_before,
        own_before,
        own_after: process.memory(),
    });
    let place = Place { machine, pool: run.pool().await };
    Ok(Report::new(&run.plan, &run.numbers, took, rest, open_after, left, place))
}

impl Run {
    /// Is there a service at all, and does it take the key?
    async fn reach(&self) -> Outcome<()> {
        let url = format!("{}/readyz", self.plan.base);
        let answer = self.http.get(&url).send().await.map_err(|error| {
            Fault::new(
                format!("nothing answers at {}: {error}", self.plan.base),
                "start the service (helmwatch serve), name another with --url, or leave --url out to have one started",
            )
        })?;
        if !answer.status().is_success() {
            return Err(Fault::new(
                format!("{url} answers {}", answer.status()),
                "wait until the service is ready, or look at its log",
            ));
        }
        if self.list().await.is_none() {
            return Err(Fault::new(
                "the service refuses the key",
                "give a key with the scopes agent and view (and admin for --set-limit) with --key or HELMWATCH_KEY",
            ));
        }
        Ok(())
    }

    async fn get(&self, path: &str) -> Option<reqwest::Response> {
        let mut request = self.http.get(format!("{}{path}", self.plan.base));
        if let Some(key) = &self.plan.key {
            request = request.bearer_auth(key);
        }
        request.send().await.ok().filter(|answer| answer.status().is_success())
    }

    async fn list(&self) -> Option<SessionList> {
        self.get("/v1/sessions").await?.json().await.ok()
    }

    async fn pool(&self) -> Option<PoolView> {
        self.get("/v1/pool").await?.json().await.ok()
    }

    /// A client of its own, as every agent is one.
    async fn client(&self, key: Option<&str>) -> Outcome<McpClient> {
        McpClient::connect(&format!("{}/mcp", self.plan.base), key, self.plan.era).await
    }

    /// May another session begin?
    fn another(&self, began: Instant) -> bool {
        if self.ended.load(Ordering::Relaxed) {
            return false;
        }
        match self.plan.until {
            Until::Sessions(count) => self.started.fetch_add(1, Ordering::Relaxed) < count,
            Until::Elapsed(limit) => began.elapsed() < limit,
        }
    }
}

/// One agent: small sessions, one after another.
async fn agent(run: Arc<Run>, number: u32, began: Instant) -> Outcome<()> {
    let client = run.client(run.plan.key.as_deref()).await?;
    let mut round = 0_u64;
    while run.another(began) {
        round += 1;
        let name = format!("load-{}-{number}-{round}", std::process::id());
        loop {
            match session(&run, &client, &name).await {
                Ok(()) => break,
                Err(Trouble::Busy(_)) => {
                    run.numbers.refused();
                    if matches!(run.plan.until, Until::Elapsed(limit) if began.elapsed() > limit) {
                        break;
                    }
                    sleep(COME_BACK_AFTER).await;
                }
                Err(Trouble::Failed(step, what)) => {
                    run.numbers.failed(step, &what);
                    break;
                }
            }
        }
    }
    // The run is over: what the service says to the goodbye changes nothing.
    drop(client.close().await);
    Ok(())
}

/// One whole small session; it is closed whatever happened in it.
async fn session(run: &Run, client: &McpClient, name: &str) -> Result<(), Trouble> {
    let numbers = &run.numbers;
    let mut timed = |tool: &'static str, took: Duration| numbers.step(tool, took);
    let asked = Instant::now();
    steps::step(client, "session_open", json!({ "name": name }), &mut timed).await?;
    let opened = Instant::now();
    let inside = steps::inside(client, name, &run.plan.form_url, &mut timed).await;
    let closed = steps::step(client, "session_close", json!({ "session": name }), &mut timed).await;
    inside?;
    closed?;
    numbers.whole(opened - asked, opened.elapsed());
    run.progress.send_modify(|count| *count += 1);
    Ok(())
}

/// One viewer: watches an open session to its end, then the next.
async fn watch(run: Arc<Run>, done: CancellationToken) {
    let mut turn = 0_usize;
    while !done.is_cancelled() {
        let sessions = run.list().await.map(|list| list.sessions).unwrap_or_default();
        turn += 1;
        let Some(session) = sessions.get(turn % sessions.len().max(1)) else {
            tokio::select! { () = done.cancelled() => return, () = sleep(LOOK_AGAIN_AFTER) => continue }
        };
        let path = format!("/v1/sessions/{}/live", session.id);
        let Ok(mut viewer) = Viewer::connect(&run.plan.base, &path, run.plan.key.as_deref()).await else { continue };
        let began = Instant::now();
        let mut frames = 0;
        loop {
            let next = tokio::select! { () = done.cancelled() => break, next = viewer.next() => next };
            match next {
                Ok(Some(Live::Frame(header, picture))) => {
                    frames += 1;
                    let age = Duration::from_micros(now_us().saturating_sub(header.captured_at_us));
                    run.numbers.frame(age, picture.len());
                    let ack = helmwatch_protocol::ViewerMessage::Ack { seq: header.sequence };
                    if viewer.send(&ack).await.is_err() {
                        break;
                    }
                }
                Ok(Some(Live::Event(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
        run.numbers.watched(began.elapsed(), frames);
    }
}

/// Looks at the pool, and weighs the process tree where it is known, once a second.
async fn look(run: Arc<Run>, done: CancellationToken, began: Instant) {
    loop {
        tokio::select! { () = done.cancelled() => return, () = sleep(SAMPLE_EVERY) => {} }
        let Some(pool) = run.pool().await else { continue };
        let process = run.plan.process;
        let weight = tokio::task::spawn_blocking(move || {
            process.map(|process| Weight {
                tree: process.tree_memory(),
                own: process.memory(),
                own_cpu: process.cpu(),
                browsers_cpu: process.tree_cpu().saturating_sub(process.cpu()),
                threads: count(process.threads().len()),
                fds: count(process.open_files().len()),
            })
        });
        let Ok(weight) = weight.await else { continue };
        let (in_use, waiting, limit) = (pool.in_use, pool.waiting, pool.max_sessions);
        run.numbers.looked(Look { at: began.elapsed(), in_use, waiting, limit, weight });
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Some whole sessions before the baseline is taken, so that what the service makes once (threads, connections to its store, caches) is
/// in it. None of them counts.
async fn warm_up(run: &Run) -> Outcome<()> {
    let open = run.plan.open.as_ref();
    let keys = [run.plan.key.as_deref(), open.and_then(|open| open.noisy_key.as_deref())];
    for (number, key) in keys.into_iter().enumerate().take(if keys[1].is_some() { 2 } else { 1 }) {
        for turn in 0..WARM_UP_SESSIONS {
            let client = run.client(key).await?;
            let name = format!("load-{}-warm-{number}-{turn}", std::process::id());
            let mut timed = |_: &'static str, _: Duration| {};
            let went = async {
                steps::step(&client, "session_open", json!({ "name": name }), &mut timed).await?;
                steps::inside(&client, &name, &run.plan.form_url, &mut timed).await?;
                steps::step(&client, "session_close", json!({ "session": name }), &mut timed).await
            };
            if let Err(trouble) = went.await {
                return Err(Fault::new(
                    format!("a session before the run failed: {trouble:?}"),
                    "the service must be able to open the form page (--egress-allow) and have a place free",
                ));
            }
            drop(client.close().await);
        }
    }
    Ok(())
}

/// Moves the pool's limit at the planned moments.
async fn move_limit(run: Arc<Run>, done: CancellationToken, began: Instant) {
    let mut moves = run.plan.set_limit.clone();
    moves.sort_unstable();
    for (after, limit) in moves {
        tokio::select! { () = done.cancelled() => return, () = sleep_until(began + after) => {} }
        let mut request = run.http.patch(format!("{}/v1/pool", run.plan.base)).json(&json!({ "max_sessions": limit }));
        if let Some(key) = &run.plan.key {
            request = request.bearer_auth(key);
        }
        let said = match request.send().await {
            Ok(answer) if answer.status().is_success() => "moved".to_owned(),
            Ok(answer) => format!("refused with {}: give a key with the scope admin", answer.status()),
            Err(error) => format!("no answer: {error}"),
        };
        run.numbers.limit(began.elapsed(), limit, said);
    }
}

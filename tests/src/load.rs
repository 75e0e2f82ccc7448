//! The load test: agents through MCP and viewers through WebSocket, against a running service.
//!
//! It must never make a figure better than it is: a step's time is counted whether it went well or not, and a session counts only when
//! every step did.

mod numbers;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use helmwatch_protocol::{PoolView, SessionList};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub use numbers::{Numbers, Spread};
pub use report::{MemoryReport, Report, ViewerReport};

use crate::mcp::{Era, McpClient};
use crate::processes::Process;
use crate::steps::{self, Trouble};
use crate::viewer::{Live, Viewer, now_us};
use crate::{Fault, Outcome};

/// Between two looks at memory: reading it costs the kernel some milliseconds a process.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

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
        .build()
        .map_err(|error| Fault::of("no HTTP client", error))?;
    let idle = plan.process.map(Process::tree_memory);
    let run = Arc::new(Run {
        plan,
        numbers: Numbers::default(),
        started: AtomicU64::new(0),
        ended: AtomicBool::new(false),
        progress,
        http,
    });
    run.reach().await?;
    let done = CancellationToken::new();
    let mut beside = JoinSet::new();
    for _ in 0..run.plan.viewers {
        beside.spawn(watch(Arc::clone(&run), done.clone()));
    }
    if run.plan.process.is_some() {
        beside.spawn(weigh(Arc::clone(&run), done.clone()));
    }
    beside.spawn(move_limit(Arc::clone(&run), done.clone()));

    let began = Instant::now();
    let mut agents = JoinSet::new();
    for number in 0..run.plan.agents {
        agents.spawn(agent(Arc::clone(&run), number, began));
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
    let open_after = run.list().await.map_or(0, |list| list.sessions.len());
    Ok(Report::new(&run.plan, &run.numbers, took, idle, open_after))
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
    let client = McpClient::connect(&format!("{}/mcp", run.plan.base), run.plan.key.as_deref(), run.plan.era).await?;
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

/// Weighs the process tree while sessions are open.
async fn weigh(run: Arc<Run>, done: CancellationToken) {
    let Some(process) = run.plan.process else { return };
    loop {
        tokio::select! { () = done.cancelled() => return, () = sleep(SAMPLE_EVERY) => {} }
        let Some(pool) = run.pool().await else { continue };
        let tree = tokio::task::spawn_blocking(move || (process.tree_memory(), process.memory())).await;
        if let Ok((tree, own)) = tree {
            run.numbers.weighed(tree, own, pool.in_use);
        }
    }
}

/// Moves the pool's limit at the planned moments.
async fn move_limit(run: Arc<Run>, done: CancellationToken) {
    let began = Instant::now();
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

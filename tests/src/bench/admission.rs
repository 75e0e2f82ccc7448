//! How long a full pool takes to say so, over HTTP and over MCP.
//!
//! All places are taken and as many wait as may, so each request goes the whole way to the line and is turned away there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ms;
use super::target::Target;
use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// Callers that wait while others are turned away.
const WAITING: u64 = 64;
/// Requests before any is measured: connections open, code is loaded.
const WARM: u32 = 50;
/// What was asked: a refusal within so long.
const ASKED_MS: f64 = 10.0;

/// How the refusals spread, milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Refusals {
    pub count: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// The figures of this part.
#[derive(Debug, Clone, Serialize)]
pub struct Admission {
    pub http: Refusals,
    pub mcp: Refusals,
}

/// Fills a pool and asks it for more, `requests` times over each way, one after the other.
///
/// # Errors
/// When the service does not start, or does not refuse.
pub async fn admission(requests: u32, say: impl Fn(&str)) -> Outcome<Admission> {
    let site = Site::start().await?;
    let config =
        format!("[pool]\nmax_sessions = 1\nmax_waiting = {WAITING}\nwait_ms_max = 3600000\nwarm_sessions = 0\n");
    let service = Service::start(Options::allowing([site.address()]).config(&config)).await?;
    let key = service.create_key("agent", &["agent"], None).await?;
    let agent = Arc::new(McpClient::connect(&service.mcp_url(), Some(&key), Era::Modern).await?);
    let opened = open(&agent, "only").await?;
    if opened.is_error {
        return Err(Fault::new(format!("no session: {}", opened.text), "look at the service's log"));
    }
    let mut waiting = JoinSet::new();
    for number in 0..WAITING {
        let agent = Arc::clone(&agent);
        waiting.spawn(async move { open(&agent, &format!("w{number}")).await.map(drop) });
    }
    until("a full room", Duration::from_secs(30), async || {
        let (_, view) = service.api("GET", "/v1/pool", Some(&key), None).await.ok()?;
        (view["waiting"] == WAITING).then_some(())
    })
    .await?;
    say(&format!("a full pool, {requests} requests over HTTP"));
    let http = over_http(&service, &key, requests).await?;
    say(&format!("a full pool, {requests} requests over MCP"));
    let mcp = over_mcp(&agent, requests).await?;
    waiting.shutdown().await;
    service.stop().await?;
    Ok(Admission { http, mcp })
}

async fn open(agent: &McpClient, name: &str) -> Outcome<crate::mcp::ToolAnswer> {
    agent.call("session_open", json!({ "name": name })).await.map_err(|refused| Fault::of("session_open", refused))
}

async fn over_http(service: &Service, key: &str, requests: u32) -> Outcome<Refusals> {
    let http =
        reqwest::Client::builder().tcp_nodelay(true).build().map_err(|error| Fault::of("no HTTP client", error))?;
    let url = format!("{}/v1/sessions", service.base());
    let mut took = Vec::new();
    for number in 0..WARM + requests {
        let began = Instant::now();
        let answer = http.post(&url).bearer_auth(key).json(&json!({})).send().await;
        let answer = answer.map_err(|error| Fault::of("POST /v1/sessions", error))?;
        let (status, after) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        answer.bytes().await.map_err(|error| Fault::of("POST /v1/sessions", error))?;
        if status != 429 || !after {
            return Err(Fault::new(
                format!("status {status}, Retry-After: {after}"),
                "a full pool answers 429 with it",
            ));
        }
        if number >= WARM {
            took.push(ms(began.elapsed()));
        }
    }
    Ok(Refusals::of(took))
}

async fn over_mcp(agent: &McpClient, requests: u32) -> Outcome<Refusals> {
    let mut took = Vec::new();
    for number in 0..WARM + requests {
        let began = Instant::now();
        let answer = open(agent, &format!("more{number}")).await?;
        if number >= WARM {
            took.push(ms(began.elapsed()));
        }
        if !answer.is_error || !answer.text.contains("Try again in ") {
            return Err(Fault::new(answer.text, "a full pool says when to try again"));
        }
    }
    Ok(Refusals::of(took))
}

impl Refusals {
    fn of(mut took: Vec<f64>) -> Self {
        took.sort_by(f64::total_cmp);
        let at = |part: usize| took.get((took.len() * part / 100).min(took.len().saturating_sub(1))).copied();
        Self {
            count: took.len(),
            p50_ms: at(50).unwrap_or_default(),
            p99_ms: at(99).unwrap_or_default(),
            max_ms: took.last().copied().unwrap_or_default(),
        }
    }
}

impl Admission {
    /// What was to be reached.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let within = |what: &str, refusals: Refusals| {
            let Refusals { p99_ms, .. } = refusals;
            Target::new(what, "p99 <= 10 ms", format!("{p99_ms:.2} ms"), p99_ms <= ASKED_MS)
        };
        vec![within("a full pool answers 429", self.http), within("a full pool refuses over MCP", self.mcp)]
    }
}

impl fmt::Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (way, refusals) in [("429 over HTTP", self.http), ("its refusal over MCP", self.mcp)] {
            let Refusals { count, p50_ms, p99_ms, max_ms } = refusals;
            writeln!(
                f,
                "a full pool answers {way} in p50 {p50_ms:.2}, p99 {p99_ms:.2}, max {max_ms:.2} ms over {count} requests"
            )?;
        }
        Ok(())
    }
}

//! How long from a person's yes to the agent's call going on, with the decision synced to disk in between.

use std::io::Write as _;
use std::time::Duration;

use helmwatch_protocol::{CallState, LiveEvent};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::breath;
use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::viewer::Viewer;
use crate::wait::until;
use crate::{Fault, Outcome};

const SOON: Duration = Duration::from_secs(20);
/// Synced writes to know the disk by.
const SYNCS: u32 = 50;

/// Milliseconds, sorted.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// From sending the yes to the event that the call runs again, over two sockets.
    pub resumed_ms: Vec<f64>,
    /// From sending the yes to its answer.
    pub answered_ms: Vec<f64>,
    /// One small synced write to the same disk.
    pub sync_ms: Vec<f64>,
}

impl Resumed {
    /// Two lines.
    #[must_use]
    pub fn lines(&self) -> String {
        let row = |all: &[f64]| {
            format!(
                "p50 {:.1}, p95 {:.1}, max {:.1} ms",
                at(all, 0.5),
                at(all, 0.95),
                all.last().copied().unwrap_or_default()
            )
        };
        format!(
            "approval click to the agent's call resumed, decision synced: {} ({} approvals, asked: p95 ≤ 20 ms)\n  the click's own answer: {}; one synced 4 KiB write on this disk: {}",
            row(&self.resumed_ms),
            self.resumed_ms.len(),
            row(&self.answered_ms),
            row(&self.sync_ms)
        )
    }

    /// The 95th percentile of the whole way.
    #[must_use]
    pub fn p95_ms(&self) -> f64 {
        at(&self.resumed_ms, 0.95)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list"
)]
fn at(sorted: &[f64], part: f64) -> f64 {
    let place = ((sorted.len() as f64 * part).ceil() as usize).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

/// Approves `count` calls one after the other.
///
/// # Errors
/// When a service does not start, or a call is not held or does not go on.
pub async fn resumed(count: u32) -> Outcome<Resumed> {
    let site = Site::start().await?;
    let service = Service::start(Options::allowing([site.address()])).await?;
    let key = service.admin_key().to_owned();
    let agent = McpClient::connect(&service.mcp_url(), Some(&key), Era::Modern).await?;
    let refused = |refused| Fault::of("a call", refused);
    agent.call("browser_navigate", json!({ "url": site.url("/once/again") })).await.map_err(refused)?;
    let (_, list) = service.api("GET", "/v1/sessions", Some(&key), None).await?;
    let session = list["sessions"][0]["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/v1/sessions/{session}/live?fps=1&width=64");
    let mut viewer =
        Viewer::connect(&service.base(), &path, Some(&key)).await.map_err(|why| Fault::of("viewer", why))?;
    // A connection that stands, as a browser's does.
    let http = reqwest::Client::builder().tcp_nodelay(true).build().map_err(|error| Fault::of("HTTP client", error))?;
    let mut taken = Resumed::default();
    for _ in 0..count {
        let call = agent.call("browser_click", json!({ "target": "#order" }));
        let deciding = async {
            let pending = until("a held call", SOON, async || {
                let url = format!("{}/v1/approvals?state=pending", service.base());
                let body: Value = http.get(url).bearer_auth(&key).send().await.ok()?.json().await.ok()?;
                body["approvals"][0]["id"].as_str().map(str::to_owned)
            });
            let id = pending.await?;
            viewer.event(|event| is(event, CallState::Waiting)).await?;
            breath().await;
            let began = Instant::now();
            let url = format!("{}/v1/approvals/{id}", service.base());
            let answering = async {
                let answer = http.post(url).bearer_auth(&key).json(&json!({ "decision": "approve" })).send().await;
                let status = answer.map_err(|error| Fault::of("the yes", error))?.status();
                Ok::<_, Fault>((status, began.elapsed()))
            };
            let resuming = async {
                viewer.event(|event| is(event, CallState::Running)).await?;
                Ok::<_, Fault>(began.elapsed())
            };
            let ((status, answered), resumed) = tokio::try_join!(answering, resuming)?;
            if !status.is_success() {
                return Err(Fault::of("the yes", status));
            }
            Ok((answered, resumed))
        };
        let (answer, decided) = tokio::join!(call, deciding);
        let (answered, resumed) = decided?;
        let answer = answer.map_err(refused)?;
        if answer.is_error {
            return Err(Fault::of("the approved call", answer.text));
        }
        taken.answered_ms.push(answered.as_secs_f64() * 1000.0);
        taken.resumed_ms.push(resumed.as_secs_f64() * 1000.0);
    }
    taken.sync_ms = syncs(service.data().path())?;
    for all in [&mut taken.answered_ms, &mut taken.resumed_ms, &mut taken.sync_ms] {
        all.sort_by(f64::total_cmp);
    }
    service.stop().await?;
    Ok(taken)
}

fn is(event: &LiveEvent, state: CallState) -> bool {
    matches!(event, LiveEvent::Call { call } if call.state == state && call.tool == "browser_click")
}

fn syncs(folder: &std::path::Path) -> Outcome<Vec<f64>> {
    let fault = |error| Fault::of("a synced write", error);
    let mut file = std::fs::File::create(folder.join("sync.test")).map_err(fault)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&[7; 4096]).map_err(fault)?;
        file.sync_data().map_err(fault)?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

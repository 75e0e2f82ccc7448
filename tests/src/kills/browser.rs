//! SIGKILL of a browser in the middle of a call: how soon the call fails, how soon the next session is there, and that nobody else notices.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{HELD_WITHIN, TOLD_MAX, quantile};
use crate::mcp::{Era, McpClient};
use crate::processes::Process;
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Deaths {
    /// From SIGKILL to the answer of the call that ran, milliseconds.
    pub failed_ms: Vec<f64>,
    /// From SIGKILL to the first answer of a page in a new session, milliseconds.
    pub ready_ms: Vec<f64>,
    /// Calls of another browser's session that were not answered as always.
    pub others: u32,
    /// Calls that failed with other words, or not at all.
    pub wrong: u32,
    /// Processes left at the end, and children that ended and were never counted.
    pub left: usize,
    pub told: Vec<String>,
}

impl Deaths {
    /// Everybody was told, nobody else noticed, nothing is left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.others == 0 && self.wrong == 0 && self.left == 0
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        let times = |times: &[f64]| {
            let at = |part| quantile(times, part);
            format!("p50 {:.0}, p99 {:.0}, max {:.0} ms", at(0.5), at(0.99), at(1.0))
        };
        format!(
            "{} browsers killed: the pending call failed after {} (asked: p99 <= 250), the next session was ready after {} (asked: p99 <= 1000); \
             {} others disturbed, {} wrong, {} processes left",
            self.failed_ms.len(),
            times(&self.failed_ms),
            times(&self.ready_ms),
            self.others,
            self.wrong,
            self.left
        )
    }

    fn tell(&mut self, what: String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(what);
        }
    }
}

/// Kills so many browsers of one service, each below a session with a call under way.
///
/// # Errors
/// When the service does not start or a session cannot be opened.
pub async fn browsers(kills: u32, progress: watch::Sender<u32>) -> Outcome<Deaths> {
    let site = Site::start().await?;
    let options = Options::allowing([site.address()]).policy("open");
    let service = Service::start(options.config("[pool]\nisolation = \"session\"\nwarm_sessions = 0\n")).await?;
    let key = service.admin_key().to_owned();
    let client = McpClient::connect(&service.mcp_url(), Some(&key), Era::Modern).await?;
    let mut deaths = Deaths::default();
    go(&client, "other", &site.url("/form")).await?;
    let others = browsers_of(&service);
    for round in 0..kills {
        let name = format!("round{round}");
        go(&client, &name, &site.url("/form")).await?;
        let calls = site.count("GET", "/never");
        let endless = json!({ "session": name, "function": "() => fetch('/never')" });
        let call = client.call("browser_evaluate", endless);
        let mut killed_at = Instant::now();
        let (answer, victims) = tokio::join!(
            async {
                let answer = call.await;
                (answer, Instant::now())
            },
            async {
                until("the call", HELD_WITHIN, async || (site.count("GET", "/never") > calls).then_some(())).await?;
                // Which of them is this session's is not told: all go that came after the other's.
                let victims: Vec<Process> =
                    browsers_of(&service).into_iter().filter(|one| !others.contains(one)).collect();
                killed_at = Instant::now();
                for victim in &victims {
                    kill(Pid::from_raw(victim.pid), Signal::SIGKILL).map_err(|error| Fault::of("SIGKILL", error))?;
                }
                Ok::<_, Fault>(victims)
            }
        );
        let victims = victims?;
        let (answer, failed_at) = answer;
        deaths.failed_ms.push((failed_at - killed_at).as_secs_f64() * 1000.0);
        if victims.is_empty() {
            deaths.wrong += 1;
            deaths.tell(format!("{name}: it has no browser of its own"));
        }
        match answer {
            Ok(answer) if answer.is_error && answer.text.contains("The browser is gone") => {}
            other => {
                deaths.wrong += 1;
                deaths.tell(format!("{name}: {other:?}"));
            }
        }
        let next = format!("next{round}");
        if let Err(fault) = go(&client, &next, "about:blank").await {
            deaths.wrong += 1;
            deaths.tell(format!("{next}: {fault}"));
        }
        deaths.ready_ms.push(killed_at.elapsed().as_secs_f64() * 1000.0);
        client.call("session_close", json!({ "session": next })).await.map_err(|error| Fault::of("close", error))?;
        let title = json!({ "session": "other", "function": "() => document.title" });
        match client.call("browser_evaluate", title).await {
            Ok(answer) if !answer.is_error && answer.text.contains("\"Form\"") => {}
            other => {
                deaths.others += 1;
                deaths.tell(format!("{name}, the other session: {other:?}"));
            }
        }
        progress.send_modify(|count| *count += 1);
    }
    let counted = until("zombies", HELD_WITHIN, async || (service.process().zombies() == 0).then_some(())).await;
    deaths.left += if counted.is_ok() { 0 } else { service.process().zombies() };
    deaths.left += service.stop().await?.left.len();
    Ok(deaths)
}

fn browsers_of(service: &Service) -> Vec<Process> {
    service.children().into_iter().filter(|one| one.is_browser()).collect()
}

/// Opens a session on a page and has the page answer.
async fn go(client: &McpClient, session: &str, url: &str) -> Outcome<()> {
    let calls = [
        ("session_open", json!({ "name": session })),
        ("browser_navigate", json!({ "session": session, "url": url, "snapshot": "none" })),
        ("browser_evaluate", json!({ "session": session, "function": "() => 1" })),
    ];
    for (tool, arguments) in calls {
        let answer = client.call(tool, arguments).await.map_err(|error| Fault::of(tool, error))?;
        if answer.is_error {
            return Err(Fault::new(format!("{tool}: {}", answer.text), "read the service's log"));
        }
    }
    Ok(())
}

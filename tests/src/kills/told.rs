//! SIGTERM at random moments, of the start and of work: nobody new is let in, what runs comes to its end, the end is a good one, and
//! nothing is left.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{HELD_WITHIN, Random, TOLD_MAX, quantile};
use crate::mcp::{Era, McpClient};
use crate::processes::Process;
use crate::service::{Options, Service, clean_environment, executable};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// Longest start that is broken off: above what one takes on a busy machine.
const START_MS_MAX: u64 = 1_500;
/// The service's own grace for what still runs.
const GRACE_MS: u64 = 2_000;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Stops {
    /// From SIGTERM to the first refusal of a new session, milliseconds; of those that were at work and still answered.
    pub refused_ms: Vec<f64>,
    /// From SIGTERM to the end of the service, milliseconds.
    pub ended_ms: Vec<f64>,
    /// Services told while they started.
    pub starting: u32,
    /// Services told twice.
    pub twice: u32,
    /// Ends that were no good ones, and refusals without a time to come back.
    pub bad: u32,
    /// Processes that did not go.
    pub left: usize,
    /// Folders they left.
    pub folders: usize,
    /// What was wrong, the first few.
    pub told: Vec<String>,
}

impl Stops {
    /// All ended well and left nothing.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.bad == 0 && self.left == 0 && self.folders == 0
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{} services told to end ({} while they started, {} twice): new sessions refused after p50 {:.0}, p99 {:.0} ms; \
             ended after p50 {:.0}, p99 {:.0}, max {:.0} ms; {} bad ends, {} processes left, {} folders left",
            self.ended_ms.len(),
            self.starting,
            self.twice,
            quantile(&self.refused_ms, 0.5),
            quantile(&self.refused_ms, 0.99),
            quantile(&self.ended_ms, 0.5),
            quantile(&self.ended_ms, 0.99),
            quantile(&self.ended_ms, 1.0),
            self.bad,
            self.left,
            self.folders
        )
    }

    fn wrong(&mut self, what: String) {
        self.bad += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(what);
        }
    }
}

/// Tells so many services, one after the other, all with one folder for browsers.
///
/// # Errors
/// When a service does not start, or does not end.
pub async fn stops(count: u32, seed: u64, progress: watch::Sender<u32>) -> Outcome<Stops> {
    let site = Site::start().await?;
    let folder = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
    let open = fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711));
    open.map_err(|error| Fault::of("its rights", error))?;
    let (mut random, mut stops) = (Random(seed), Stops::default());
    for _ in 0..count {
        if random.below(3) == 0 {
            starting(folder.path(), &mut random, &mut stops).await?;
        } else {
            working(&site, folder.path(), &mut random, &mut stops).await?;
        }
        let left = folders(folder.path());
        if left > 0 {
            stops.folders = stops.folders.max(left);
            stops.wrong(format!("{left} folders were left"));
        }
        progress.send_modify(|count| *count += 1);
    }
    Ok(stops)
}

/// One that is told while it starts.
async fn starting(folder: &Path, random: &mut Random, stops: &mut Stops) -> Outcome<()> {
    let data = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
    let mut command = Command::new(executable()?);
    clean_environment(&mut command);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data.path());
    command.env("TMPDIR", folder).env("HELMWATCH_ADMIN_KEY", "hw_test_a_key_that_is_long_enough");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| Fault::of("helmwatch does not start", error))?;
    // The moment is what is tried.
    sleep(Duration::from_millis(random.below(START_MS_MAX))).await;
    let Some(pid) = child.id().map(u32::cast_signed) else { return Err(Fault::of("helmwatch", "ended at once")) };
    let tree = Process::of(pid).map(Process::tree).unwrap_or_default();
    let told_at = Instant::now();
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| Fault::of("signal", error))?;
    let ended = tokio::time::timeout(HELD_WITHIN, child.wait()).await;
    let status = ended.map_err(|_| Fault::of("a start that was told to end", "goes on"))?;
    let status = status.map_err(|error| Fault::of("wait", error))?;
    stops.starting += 1;
    stops.ended_ms.push(told_at.elapsed().as_secs_f64() * 1000.0);
    // Before it listens for the signal it is ended by it, and has started nothing.
    let before_it_listened = status.signal() == Some(Signal::SIGTERM as i32) && tree.len() <= 1;
    if !status.success() && !before_it_listened {
        stops.wrong(format!("a start that was told to end: {status}"));
    }
    let gone = until("the last process", HELD_WITHIN, async || tree.iter().all(|one| !one.alive()).then_some(()));
    if gone.await.is_err() {
        stops.left += tree.iter().filter(|one| one.alive()).count();
    }
    Ok(())
}

/// One that is told while it works.
async fn working(site: &Site, folder: &Path, random: &mut Random, stops: &mut Stops) -> Outcome<()> {
    let config = format!("[shutdown]\ngrace_ms = {GRACE_MS}\n");
    let mut options = Options::allowing([site.address()]).policy("open").config(&config);
    options.environment.push(("TMPDIR".to_owned(), folder.display().to_string()));
    let service = Service::start(options).await?;
    let (url, key) = (format!("{}?session=one", service.mcp_url()), service.admin_key().to_owned());
    let client = McpClient::connect(&url, Some(&key), Era::Modern).await?;
    let page = json!({ "url": site.url("/animation"), "snapshot": "none" });
    let working =
        async { while client.call("browser_navigate", page.clone()).await.is_ok_and(|answer| !answer.is_error) {} };
    let (wait, twice) = (Duration::from_millis(random.below(400)), random.below(3) == 0);
    // Tools and pages are at work when it is told, and until they hear of it.
    let mut working = Box::pin(working);
    if tokio::time::timeout(wait, &mut working).await.is_ok() {
        stops.wrong("its agent's calls ended before it was told".to_owned());
    }
    let (pid, children, told_at) = (Pid::from_raw(service.process().pid), service.children(), Instant::now());
    kill(pid, Signal::SIGTERM).map_err(|error| Fault::of("signal", error))?;
    let http = reqwest::Client::new();
    let refused = async {
        loop {
            let opening = http.post(format!("{}/v1/sessions", service.base())).bearer_auth(&key).json(&json!({}));
            match opening.send().await {
                Ok(answer) if answer.status().is_success() => {}
                answer => return answer.ok(),
            }
        }
    };
    let (refused, ()) = tokio::join!(refused, working);
    if let Some(answer) = refused {
        stops.refused_ms.push(told_at.elapsed().as_secs_f64() * 1000.0);
        if answer.status().as_u16() != 503 || !answer.headers().contains_key("retry-after") {
            stops.wrong(format!("a new session was refused with {}", answer.status()));
        }
    }
    if twice {
        stops.twice += 1;
        // It may be gone: that is what is asked of it.
        let _gone = kill(pid, Signal::SIGTERM);
    }
    let ended = service.ends(children).await?;
    stops.ended_ms.push(told_at.elapsed().as_secs_f64() * 1000.0);
    stops.left += ended.left.len();
    if !ended.status.success() {
        stops.wrong(format!("told to end at work: {}", ended.status));
    }
    Ok(())
}

fn folders(folder: &Path) -> usize {
    let bases = fs::read_dir(folder).into_iter().flatten().flatten();
    bases.filter_map(|base| fs::read_dir(base.path()).ok()).map(Iterator::count).sum()
}

//! SIGKILL of the service with browsers at work: how long its last process lives on, and what the next start finds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{HELD_WITHIN, Random, TOLD_MAX, quantile};
use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// From SIGKILL to the end of the last process, milliseconds.
    pub gone_ms: Vec<f64>,
    /// Processes that were alive at the kills.
    pub processes: usize,
    /// Processes that did not go.
    pub left: usize,
    /// Folders the last start and its end left.
    pub folders: usize,
    pub told: Vec<String>,
}

impl Ends {
    /// Nothing is left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.left == 0 && self.folders == 0
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        let at = |part| quantile(&self.gone_ms, part);
        format!(
            "{} services killed with {} processes: the last was gone after p50 {:.0}, p99 {:.0}, max {:.0} ms (asked: 2000); {} processes left, {} folders left",
            self.gone_ms.len(),
            self.processes,
            at(0.5),
            at(0.99),
            at(1.0),
            self.left,
            self.folders
        )
    }
}

/// Kills so many services at random points of a little work, all with one folder for browsers.
///
/// # Errors
/// When a service does not start.
pub async fn services(kills: u32, seed: u64, progress: watch::Sender<u32>) -> Outcome<Ends> {
    let site = Site::start().await?;
    let folder = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
    let open = fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711));
    open.map_err(|error| Fault::of("its rights", error))?;
    let options = || {
        let mut options = Options::allowing([site.address()]).policy("open");
        options.environment.push(("TMPDIR".to_owned(), folder.path().display().to_string()));
        options
    };
    let mut random = Random(seed);
    let mut ends = Ends::default();
    for _ in 0..kills {
        let service = Service::start(options()).await?;
        let (url, key) = (format!("{}?session=one", service.mcp_url()), service.admin_key().to_owned());
        let client = McpClient::connect(&url, Some(&key), Era::Modern).await?;
        let page = json!({ "url": site.url("/animation"), "snapshot": "none" });
        let working = async {
            loop {
                if client.call("browser_navigate", page.clone()).await.is_err() {
                    return;
                }
            }
        };
        let wait = std::time::Duration::from_millis(random.below(400));
        // The moment is what is tried.
        if tokio::time::timeout(wait, working).await.is_ok() {
            ends.told.truncate(TOLD_MAX - 1);
            ends.told.push("the service ended before it was killed".to_owned());
        }
        let children = service.children();
        ends.processes += children.len();
        let killed_at = Instant::now();
        let ended = service.kill();
        let watched = until("the last process", HELD_WITHIN, async || {
            children.iter().all(|one| !one.alive()).then_some(killed_at.elapsed())
        });
        let (ended, gone) = tokio::join!(ended, watched);
        ends.left += ended?.left.len();
        ends.gone_ms.push(gone?.as_secs_f64() * 1000.0);
        progress.send_modify(|count| *count += 1);
    }
    let ended = Service::start(options()).await?.stop().await?;
    ends.left += ended.left.len();
    ends.folders = fs::read_dir(folder.path())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|base| fs::read_dir(base.path()).ok())
        .map(Iterator::count)
        .sum();
    Ok(ends)
}

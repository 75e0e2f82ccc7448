//! What `deadpool` needs to know of a browser.

use std::sync::Arc;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use metrics::{counter, histogram};
use tokio::time::Instant;

use crate::browser::{BrowserError, Chromium, LaunchOptions};
use crate::telemetry::{Tasks, names};

/// Starts browsers.
pub(super) struct Manager {
    options: Arc<LaunchOptions>,
    tasks: Tasks,
}

impl Manager {
    pub fn new(options: Arc<LaunchOptions>, tasks: Tasks) -> Self {
        Self { options, tasks }
    }
}

impl managed::Manager for Manager {
    type Type = Arc<Chromium>;
    type Error = BrowserError;

    async fn create(&self) -> Result<Arc<Chromium>, BrowserError> {
        let began = Instant::now();
        let launched = Chromium::open(Arc::clone(&self.options), &self.tasks).await;
        let outcome = if launched.is_ok() { "ok" } else { "failed" };
        counter!(names::BROWSER_LAUNCHES, "outcome" => outcome).increment(1);
        histogram!(names::BROWSER_LAUNCH_SECONDS).record(began.elapsed().as_secs_f64());
        launched.map(Arc::new)
    }

    /// Browsers leave the pool for good when their berth retires, so nothing is ever recycled; should one come back all the same, it is
    /// refused rather than handed to somebody else.
    async fn recycle(&self, _: &mut Arc<Chromium>, _: &Metrics) -> RecycleResult<BrowserError> {
        Err(RecycleError::message("browsers are not reused"))
    }
}

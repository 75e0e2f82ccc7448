//! What `deadpool` needs to know of a browser.

use std::sync::Arc;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

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
        let span = tracing::info_span!(
            "browser launch",
            process.pid = Empty,
            helmwatch.browser.version = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
        );
        let launched = Chromium::open(Arc::clone(&self.options), &self.tasks).instrument(span.clone()).await;
        match &launched {
            Ok(chromium) => {
                span.record("process.pid", chromium.pid());
                span.record("helmwatch.browser.version", chromium.version());
            }
            Err(_) => {
                span.record("error.type", "launch");
                span.record("otel.status_code", "ERROR");
            }
        }
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

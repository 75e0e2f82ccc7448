//! The way lines take to the disk: one bounded queue, one writer, many lines a transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{AuditStore, Kind, Line};
use crate::auth::{NotKept, NotKeptReason, Tenant, WallClock};

/// How much waits to be written, and for how long an action waits for its line.
#[derive(Debug, Clone)]
pub struct LogLimits {
    pub queue_lines_max: usize,
    /// Lines of one transaction.
    pub batch_lines_max: usize,
    /// How long an action waits until its line is on disk; then it does not happen.
    pub wait_max: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { queue_lines_max: 4_096, batch_lines_max: 256, wait_max: Duration::from_secs(5) }
    }
}

struct Item {
    line: Line,
    /// Who waits for it, when an action does.
    written: Option<oneshot::Sender<Result<(), NotKept>>>,
}

/// Takes lines. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    queue: mpsc::Sender<Item>,
    dropped: Arc<AtomicU64>,
    wait_max: Duration,
}

impl Log {
    /// Starts the writer in `tasks`. When `stop` is cancelled it writes what it has been given and ends.
    #[must_use]
    pub fn start(
        store: Arc<dyn AuditStore>,
        limits: &LogLimits,
        clock: WallClock,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (queue, items) = mpsc::channel(limits.queue_lines_max.max(1));
        let dropped = Arc::new(AtomicU64::new(0));
        let writer =
            Writer { store, items, dropped: Arc::clone(&dropped), clock, batch: limits.batch_lines_max.max(1) };
        tasks.spawn(writer.run(stop));
        Self { queue, dropped, wait_max: limits.wait_max }
    }

    /// One that keeps nothing.
    #[cfg(test)]
    pub(crate) fn to_nowhere() -> Self {
        let (queue, _) = mpsc::channel(1);
        Self { queue, dropped: Arc::default(), wait_max: Duration::ZERO }
    }

    /// For what only looks: never waits. When the queue is full the line is left out, counted, and a gap is written down.
    pub fn note(&self, line: Line) {
        if self.queue.try_send(Item { line, written: None }).is_err() {
            count_dropped(&self.dropped, 1);
        }
    }

    /// For what acts: answers when the line is on disk.
    ///
    /// # Errors
    /// [`NotKept`]: the line is not known to be on disk; what it stands for must not happen.
    pub async fn must(&self, line: Line) -> Result<(), NotKept> {
        let (written, wait) = oneshot::channel();
        let stored = timeout(self.wait_max, async {
            self.queue.send(Item { line, written: Some(written) }).await.ok()?;
            wait.await.ok()
        });
        match stored.await {
            Ok(Some(result)) => result,
            Ok(None) => Err(NotKept::new(NotKeptReason::Failed, "the audit log is closed")),
            Err(_) => {
                Err(NotKept::new(NotKeptReason::Busy, "the audit log is too slow: its queue did not move in time"))
            }
        }
    }

    /// Lines left out since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn count_dropped(dropped: &AtomicU64, count: u64) {
    dropped.fetch_add(count, Ordering::Relaxed);
    metrics::counter!("helmwatch_audit_dropped_total").increment(count);
}

struct Writer {
    store: Arc<dyn AuditStore>,
    items: mpsc::Receiver<Item>,
    dropped: Arc<AtomicU64>,
    clock: WallClock,
    batch: usize,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken) {
        // Dropped lines that the chain already tells of.
        let mut told = 0;
        let mut items = Vec::with_capacity(self.batch);
        loop {
            let taken = tokio::select! {
                biased;
                taken = self.items.recv_many(&mut items, self.batch) => taken,
                () = stop.cancelled(), if !self.items.is_closed() => {
                    self.items.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            told = self.write(&mut items, told).await;
        }
    }

    async fn write(&self, items: &mut Vec<Item>, told: u64) -> u64 {
        let dropped = self.dropped.load(Ordering::Relaxed);
        let gap = (dropped > told).then(|| {
            let text = format!("{} lines were left out before this one", dropped - told);
            Line::new(self.clock.now_ms(), Kind::Gap, Tenant::new(Tenant::DEFAULT), "service", text)
        });
        let (lines, waiting): (Vec<Line>, Vec<_>) = items.drain(..).map(|item| (item.line, item.written)).unzip();
        let result = self.store.append(gap.into_iter().chain(lines).collect()).await;
        let unwaited = waiting.iter().filter(|written| written.is_none()).count();
        for written in waiting.into_iter().flatten() {
            // Who waited may have left; the line stands all the same.
            drop(written.send(result.clone()));
        }
        match result {
            Ok(()) => dropped,
            Err(why) => {
                count_dropped(&self.dropped, unwaited as u64);
                tracing::error!(error = %why, hint = why.hint(), "audit lines could not be written");
                told
            }
        }
    }
}

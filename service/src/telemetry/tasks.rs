//! Tasks with a name, an owner and an end.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use metrics::{counter, gauge};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::names;

/// Owner of tasks. Every task of the service is spawned through one of these, so that it has a name, a panic in it is counted and
/// logged, and it ends with its owner.
///
/// Cloning gives another handle to the same owner. [`Tasks::child`] gives an owner of its own that ends with this one.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
    /// Trackers of the owners above: they wait for this owner's tasks too. As many as owners are nested (at most a handful).
    above: Vec<TaskTracker>,
    /// Where tasks run; `None`: on the runtime of whoever spawns them.
    on: Option<Handle>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// An owner at the top.
    #[must_use]
    pub fn new() -> Self {
        Self { tracker: TaskTracker::new(), cancel: CancellationToken::new(), above: Vec::new(), on: None }
    }

    /// An owner below this one: cancelled with it, waited for by it, but can be ended alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let mut above = self.above.clone();
        above.push(self.tracker.clone());
        Self { tracker: TaskTracker::new(), cancel: self.cancel.child_token(), above, on: self.on.clone() }
    }

    /// As [`Tasks::child`], with a thread of its own for its tasks: however many they are and however busy, the scheduler of the
    /// system sees to it that everybody else's have their turn. The thread ends when they have.
    ///
    /// # Errors
    /// When the system has no thread or descriptor left.
    pub fn aside(&self, name: &'static str) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let aside = Self { on: Some(runtime.handle().clone()), ..self.child() };
        let (cancel, tracker) = (aside.cancel.clone(), aside.tracker.clone());
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                cancel.cancelled().await;
                tracker.close();
                tracker.wait().await;
            });
        })?;
        Ok(aside)
    }

    /// Cancelled when this owner ends.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Runs `future` until it ends or this owner is cancelled, whichever is first: at cancellation it is dropped at the `.await` it
    /// stands at. The handle yields `None` when it was cancelled or panicked; dropping the handle changes nothing.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cancel = self.cancel.clone();
        self.track(name, async move { cancel.run_until_cancelled(future).await })
    }

    /// Runs a task that ends itself when the token it is given is cancelled: for those with something to put in order first.
    /// [`Tasks::end`] bounds how long that may take.
    pub fn spawn_with<F, M>(&self, name: &'static str, make: M) -> JoinHandle<Option<F::Output>>
    where
        M: FnOnce(CancellationToken) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let future = make(self.cancel.clone());
        self.track(name, async move { Some(future.await) })
    }

    /// Tells every task to end, without waiting.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Tells every task to end and waits until all have, at most `grace`. Says how many were left (0 is good).
    pub async fn end(&self, grace: Duration) -> usize {
        self.cancel.cancel();
        self.finish(grace).await
    }

    /// Waits until every task has ended by itself, at most `grace`; tells none to. Says how many are left (0 is good).
    pub async fn finish(&self, grace: Duration) -> usize {
        self.tracker.close();
        match tokio::time::timeout(grace, self.tracker.wait()).await {
            Ok(()) => 0,
            Err(_) => self.tracker.len(),
        }
    }

    /// Tasks alive, those of owners below included.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.tracker.len()
    }

    fn track<F, T>(&self, name: &'static str, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Option<T>> + Send + 'static,
        T: Send + 'static,
    {
        let above: Vec<_> = self.above.iter().map(TaskTracker::token).collect();
        let task = async move {
            let _above = above;
            let alive = gauge!(names::TASKS_ALIVE, "task" => name);
            alive.increment(1.0);
            let ended = AssertUnwindSafe(future).catch_unwind().await;
            alive.decrement(1.0);
            ended.unwrap_or_else(|panic| {
                counter!(names::TASK_PANICS, "task" => name).increment(1);
                tracing::error!(task = name, panic = panic_text(&*panic), "task panicked");
                None
            })
        };
        match &self.on {
            Some(handle) => self.tracker.spawn_on(task, handle),
            None => self.tracker.spawn(task),
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    /// F47: caught at the boundary of the task, and counted.
    #[tokio::test]
    async fn a_panic_ends_one_task_and_nothing_else() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let numbers = recorder.handle();
        let _counting = metrics::set_default_local_recorder(&recorder);
        let tasks = Tasks::new();
        let fell = tasks.spawn("falls", async { panic!("on purpose") });
        let stood = tasks.spawn("stands", async { 7 });
        assert_eq!(fell.await.unwrap(), None::<()>);
        assert_eq!(stood.await.unwrap(), Some(7));
        let counted = format!("{}{{task=\"falls\"}} 1", names::TASK_PANICS);
        assert!(numbers.render().lines().any(|line| line == counted), "{}", numbers.render());
        assert_eq!(tasks.end(Duration::from_secs(5)).await, 0);
    }

    #[tokio::test]
    async fn ending_the_parent_ends_and_awaits_the_children() {
        let parent = Tasks::new();
        let child = parent.child().child();
        let (begun, running) = oneshot::channel();
        let tidy = Arc::new(AtomicBool::new(false));
        let tidied = tidy.clone();
        child.spawn_with("tidies", |token| async move {
            begun.send(()).unwrap();
            token.cancelled().await;
            tokio::task::yield_now().await;
            tidied.store(true, Ordering::SeqCst);
        });
        let endless = child.spawn("endless", std::future::pending::<()>());
        running.await.unwrap();
        assert_eq!(parent.alive(), 2);
        assert_eq!(parent.end(Duration::from_secs(5)).await, 0);
        assert!(tidy.load(Ordering::SeqCst));
        assert_eq!(endless.await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_child_can_end_alone() {
        let parent = Tasks::new();
        let child = parent.child();
        let kept = parent.spawn("kept", std::future::pending::<()>());
        child.spawn("endless", std::future::pending::<()>());
        assert_eq!(child.end(Duration::from_secs(5)).await, 0);
        assert!(!kept.is_finished());
        assert_eq!(parent.alive(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_end_is_counted() {
        let tasks = Tasks::new();
        tasks.spawn_with("deaf", |_| std::future::pending::<()>());
        assert_eq!(tasks.end(Duration::from_secs(1)).await, 1);
    }

    #[tokio::test]
    async fn tasks_aside_run_on_a_thread_of_their_own_and_end_with_their_owner() {
        let tasks = Tasks::new();
        let aside = tasks.aside("aside").expect("a thread");
        let thread = || std::thread::current().name().unwrap_or_default().to_owned();
        let ran = aside.spawn("here", async move { thread() }).await.expect("it ran");
        assert_eq!(ran.as_deref(), Some("aside"));
        aside.spawn("for ever", std::future::pending::<()>());
        assert_eq!(tasks.end(Duration::from_secs(5)).await, 0);
    }
}

//! Where another task may come in between.
//!
//! In the program that is anywhere, and nothing is done here. Under test, where `shuttle` runs the waiting room, each such point is a choice of
//! its scheduler. Locks are held for a few lines and never over a point, so those of the standard library serve in both.

use std::future::Future;
use std::time::Duration;

/// Another task may run here.
#[cfg(not(test))]
pub(super) fn between() {}

/// What a future answers within this time, or nothing.
#[cfg(not(test))]
pub(super) async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(patience, future).await.ok()
}

/// Some time goes by.
#[cfg(not(test))]
pub(super) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

#[cfg(test)]
pub(super) use checked::{between, check, pause, within};

#[cfg(test)]
mod checked {
    use std::cell::Cell;

    use super::{Duration, Future};

    thread_local! {
        /// Does `shuttle` run on this thread? Its tasks are coroutines of one thread.
        static CHECKED: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs this under that many random schedules, and as many more that put off one task in favour of the others (PCT).
    pub fn check(schedules: usize, body: impl Fn() + Send + Sync + 'static + Copy) {
        CHECKED.set(true);
        shuttle::check_random(body, schedules);
        shuttle::check_pct(body, schedules, 3);
        CHECKED.set(false);
    }

    pub fn between() {
        if CHECKED.get() {
            shuttle::thread::yield_now();
        }
    }

    pub async fn pause(time: Duration) {
        if CHECKED.get() {
            shuttle::future::yield_now().await;
        } else {
            tokio::time::sleep(time).await;
        }
    }

    /// Under `shuttle` time passes when its scheduler wants it to, unless the patience has no end.
    pub async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
        if !CHECKED.get() {
            return tokio::time::timeout(patience, future).await.ok();
        }
        if patience == Duration::MAX {
            return Some(future.await);
        }
        let time = shuttle::future::spawn(async {});
        tokio::select! {
            biased;
            done = future => Some(done),
            _ = time => None,
        }
    }
}

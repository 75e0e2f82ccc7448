//! Work done in a session, one piece after the other.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::life::BROWSER_DIED;
use super::{Session, SessionError};

/// What happens to running work when its caller leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A look stops at once.
    Read,
    /// An action that has begun is carried through; every step in it has a deadline of its own.
    Act,
}

/// One piece of work, made to answer by itself.
pub(super) struct Job {
    pub handed_in: Instant,
    pub work: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The span of one turn, under the call it is for: the session's task knows of neither.
fn turn_of(asking: &Span, handed_in: Instant) -> Span {
    if asking.is_disabled() {
        return Span::none();
    }
    let waited_ms = u64::try_from(handed_in.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info_span!(parent: asking, "session turn", helmwatch.turn.waited_ms = waited_ms)
}

impl Session {
    /// Runs `work` after all that was handed in before it.
    ///
    /// # Errors
    /// `Busy` at once when too much waits; `Closed` when the session ends before the work does.
    pub async fn run<T: Send + 'static>(
        &self,
        patience: Patience,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, SessionError> {
        let (mut answer, answered) = oneshot::channel();
        let (handed_in, asking) = (Instant::now(), Span::current());
        let job = async move {
            // Whoever left before it began wants nothing done.
            if answer.is_closed() {
                return;
            }
            let work = work.instrument(turn_of(&asking, handed_in));
            let done = match patience {
                Patience::Act => work.await,
                Patience::Read => tokio::select! {
                    biased;
                    () = answer.closed() => return,
                    done = work => done,
                },
            };
            drop(answer.send(done));
        };
        self.jobs.try_send(Job { handed_in, work: Box::pin(job) }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SessionError::Busy(self.jobs.max_capacity()),
            mpsc::error::TrySendError::Closed(_) => self.closed_error(),
        })?;
        answered.await.map_err(|_| self.closed_error())
    }

    /// Why the session takes no more work.
    #[must_use]
    pub fn closed_error(&self) -> SessionError {
        match self.lock().reason.as_deref() {
            Some(BROWSER_DIED) => SessionError::Lost(self.name.clone()),
            reason => SessionError::Closed(reason.unwrap_or("it ended").to_owned()),
        }
    }
}

//! The front of this room: who watches, and how many may.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use helmwatch_protocol::SessionId;
use metrics::gauge;
use tokio::sync::Semaphore;

use super::behind::{Approvals, Sessions, ViewerId, Watched};
use super::feed::Feed;
use super::stage::Stages;
use super::viewer::Viewer;
use super::witness::Witness;
use crate::auth::Caller;
use crate::config::LiveConfig;
use crate::telemetry::{Tasks, names};

/// Why a viewer is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// `live.viewers_max` look at this session already.
    #[error("as many people as may look at this session already")]
    Session,
    /// `live.viewers_total_max` sockets are open already.
    #[error("as many viewers as may be are connected already")]
    Service,
}

/// All viewers of the service.
pub struct Hub {
    pub(super) config: LiveConfig,
    pub(super) approvals: Arc<dyn Approvals>,
    pub(super) stages: Stages,
    /// Turns at scaling: `live.scalers_max`.
    pub(super) scalers: Arc<Semaphore>,
    pub(super) witness: Witness,
    pub(super) tasks: Tasks,
    /// Viewers by session; entries go when the last one leaves.
    watching: Mutex<Watching>,
    next_id: AtomicU64,
}

#[derive(Default)]
struct Watching {
    by_session: HashMap<SessionId, usize>,
    total: usize,
}

/// A viewer's place, given back when dropped.
pub(super) struct Seat {
    hub: Arc<Hub>,
    session: Option<SessionId>,
    pub(super) id: ViewerId,
}

impl Hub {
    /// `tasks` own the tasks that pass input on.
    #[must_use]
    pub fn new(config: LiveConfig, approvals: Arc<dyn Approvals>, witness: Witness, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self {
            scalers: Arc::new(Semaphore::new(config.scalers_max)),
            config,
            approvals,
            witness,
            stages: Stages::default(),
            tasks,
            watching: Mutex::default(),
            next_id: AtomicU64::new(1),
        })
    }

    /// Lets a person look at a session they may see.
    ///
    /// # Errors
    /// [`NoRoom`] when a limit is reached.
    pub fn watch(self: &Arc<Self>, session: Arc<dyn Watched>, caller: Caller) -> Result<Viewer, NoRoom> {
        let seat = self.seat(Some(session.id()))?;
        Ok(Viewer::new(Arc::clone(self), session, caller, seat))
    }

    /// Lets a person follow all sessions they may see.
    ///
    /// # Errors
    /// [`NoRoom`] when a limit is reached.
    pub fn feed(self: &Arc<Self>, sessions: Arc<dyn Sessions>, caller: Caller) -> Result<Feed, NoRoom> {
        let seat = self.seat(None)?;
        Ok(Feed::new(Arc::clone(self), sessions, caller, seat))
    }

    fn seat(self: &Arc<Self>, session: Option<SessionId>) -> Result<Seat, NoRoom> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if watching.total >= self.config.viewers_total_max {
            return Err(NoRoom::Service);
        }
        if let Some(session) = &session {
            let here = watching.by_session.get(session).copied().unwrap_or(0);
            if here >= self.config.viewers_max {
                return Err(NoRoom::Session);
            }
            watching.by_session.insert(session.clone(), here + 1);
        }
        watching.total += 1;
        gauge!(names::LIVE_VIEWERS, "kind" => kind(session.as_ref())).increment(1.0);
        Ok(Seat { hub: Arc::clone(self), session, id: self.next_id.fetch_add(1, Ordering::Relaxed) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut watching = self.hub.watching.lock().unwrap_or_else(PoisonError::into_inner);
        watching.total -= 1;
        if let Some(session) = &self.session
            && let Some(count) = watching.by_session.get_mut(session)
        {
            *count -= 1;
            if *count == 0 {
                watching.by_session.remove(session);
            }
        }
        gauge!(names::LIVE_VIEWERS, "kind" => kind(self.session.as_ref())).decrement(1.0);
    }
}

fn kind(session: Option<&SessionId>) -> &'static str {
    if session.is_some() { "session" } else { "feed" }
}

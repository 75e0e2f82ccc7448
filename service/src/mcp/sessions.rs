//! Sessions of the older protocol eras (`Mcp-Session-Id`): each bound to the key that opened it, and counted.
//!
//! `rmcp` keeps the sessions; it neither asks whose an id is nor stops at any number of them. Both are done here. A foreign
//! id must read exactly like an unknown one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, SessionConfig,
};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId, SessionManager};

use super::McpConfig;
use super::asking::Asking;
use crate::auth::KeyId;

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The whole service has as many as it may.
    Service { limit: usize },
    /// This key has as many as one key may.
    Key { limit: usize },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("no caller stands behind the request")]
    Nobody,
    #[error("no room for one more session: {0:?}")]
    Full(Full),
    #[error(transparent)]
    Inner(#[from] LocalSessionManagerError),
}

/// The sessions, and whose they are.
pub(super) struct BoundSessions {
    inner: LocalSessionManager,
    room: Arc<Room>,
    /// One entry for each open session, gone with it: bounded by `room`. Locked for one look-up at a time.
    seats: Mutex<HashMap<SessionId, Seat>>,
}

impl BoundSessions {
    pub(super) fn new(config: &McpConfig) -> Self {
        let mut session = SessionConfig::default();
        session.keep_alive = Some(config.legacy_idle_max);
        let mut inner = LocalSessionManager::default();
        inner.session_config = session;
        Self {
            inner,
            room: Arc::new(Room {
                total_max: config.legacy_sessions_max,
                per_key_max: config.legacy_sessions_per_key_max,
                taken: Mutex::default(),
            }),
            seats: Mutex::default(),
        }
    }

    /// Is there a session of this id that `owner` opened?
    pub(super) fn owns(&self, owner: &KeyId, id: &str) -> bool {
        self.seats().get(id).is_some_and(|seat| seat.owner == *owner)
    }

    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.room.taken.lock().expect("no panic under the lock").values().sum()
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Seat>> {
        // The map is whole after every statement that touches it, so a panic elsewhere does not spoil it.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionManager for BoundSessions {
    type Error = SessionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        let asking = Asking::current().ok_or(SessionError::Nobody)?;
        let seat = self.room.seat(&asking.owner).map_err(|full| {
            asking.full.get_or_init(|| full);
            SessionError::Full(full)
        })?;
        let (id, transport) = self.inner.create_session().await?;
        self.seats().insert(id.clone(), seat);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        Ok(self.inner.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        let owned = Asking::current().is_some_and(|asking| self.owns(&asking.owner, id));
        Ok(owned && self.inner.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        // Also called by the session's own task when it ends by itself, where nobody asks; who may `DELETE` is checked
        // before `rmcp` sees the request.
        self.seats().remove(id);
        Ok(self.inner.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.inner.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        Ok(self.inner.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.inner.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.inner.resume(id, last_event_id).await?)
    }
}

/// How many seats there are, and who has how many.
struct Room {
    total_max: usize,
    per_key_max: usize,
    /// Only keys that have a seat are in it.
    taken: Mutex<HashMap<KeyId, usize>>,
}

impl Room {
    fn seat(self: &Arc<Self>, owner: &KeyId) -> Result<Seat, Full> {
        let mut taken = self.taken();
        if taken.values().sum::<usize>() >= self.total_max {
            return Err(Full::Service { limit: self.total_max });
        }
        if taken.get(owner).is_some_and(|count| *count >= self.per_key_max) {
            return Err(Full::Key { limit: self.per_key_max });
        }
        *taken.entry(owner.clone()).or_default() += 1;
        Ok(Seat { owner: owner.clone(), room: Arc::clone(self) })
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, HashMap<KeyId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One session's place. Given back when dropped, so a request that is dropped half-way leaves none behind.
struct Seat {
    owner: KeyId,
    room: Arc<Room>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(total_max: usize, per_key_max: usize) -> Arc<Room> {
        Arc::new(Room { total_max, per_key_max, taken: Mutex::default() })
    }

    #[test]
    fn one_key_cannot_take_every_seat_and_a_seat_comes_back() {
        let room = room(3, 2);
        let (one, other) = (KeyId::new("one"), KeyId::new("other"));
        let first = room.seat(&one).expect("room");
        let _second = room.seat(&one).expect("room");
        assert_eq!(room.seat(&one).err(), Some(Full::Key { limit: 2 }));
        let _third = room.seat(&other).expect("room for another key");
        assert_eq!(room.seat(&other).err(), Some(Full::Service { limit: 3 }));
        drop(first);
        assert!(room.seat(&one).is_ok());
    }

    #[tokio::test]
    async fn outside_of_a_request_nobody_gets_or_has_a_session() {
        let sessions = BoundSessions::new(&McpConfig::default());
        assert!(matches!(sessions.create_session().await, Err(SessionError::Nobody)));
        let id = Asking::new(KeyId::new("one"))
            .around(async { sessions.create_session().await.map(|(id, _transport)| id).expect("a session") })
            .await;
        assert!(!sessions.has_session(&id).await.expect("an answer"));
    }

    #[tokio::test]
    async fn a_session_is_its_openers_alone() {
        let sessions = BoundSessions::new(&McpConfig::default());
        let (id, _transport) =
            Asking::new(KeyId::new("one")).around(async { sessions.create_session().await.expect("a session") }).await;
        for (key, expected) in [("one", true), ("other", false)] {
            let asking = Asking::new(KeyId::new(key));
            let has = asking.around(async { sessions.has_session(&id).await.expect("an answer") }).await;
            assert_eq!(has, expected, "{key}");
        }
        sessions.close_session(&id).await.expect("closed");
        assert_eq!(sessions.open(), 0);
    }
}

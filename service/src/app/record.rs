//! Keeps what becomes of sessions: their history, and an end for the approvals of those that are gone.

use std::collections::HashMap;
use std::sync::Arc;

use helmwatch_protocol::{FeedEvent, SessionId, SessionView};
use metrics::gauge;
use tokio::sync::broadcast::error::RecvError;

use crate::approval::{Desk, Notice, Reach};
use crate::audit::{Kind, Line, Log};
use crate::auth::{KeyId, Links, Tenant, WallClock};
use crate::session::Registry;
use crate::store::{PastSession, Store};
use crate::telemetry::names;

/// Tells each session how many of its cards wait for a person, so that a waiting one is seen as waiting also when its agent has
/// gone to do something else.
pub(super) async fn count_cards(desk: Desk, registry: Arc<Registry>) {
    let mut news = desk.subscribe(Reach::All);
    while let Some(notice) = news.next().await {
        let changed = match notice {
            Notice::Changed(card) => vec![card.session.clone()],
            Notice::Grant(_) => continue,
            Notice::Missed => registry.ids(),
        };
        for session in changed {
            registry.approvals_pending(&session, desk.pending_count(&session));
        }
        let pending = u32::try_from(desk.pending_within(&Reach::All).len()).unwrap_or(u32::MAX);
        gauge!(names::APPROVALS_PENDING).set(pending);
    }
}

/// Ends the links of sessions that are over. Runs until the registry is gone.
pub(super) async fn end_links(links: Links, registry: Arc<Registry>) {
    let mut feed = registry.feed();
    loop {
        match feed.recv().await {
            Ok(FeedEvent::SessionClosed { id }) => links.forget(&id),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => links.keep_only(&registry.ids()),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Writes sessions down as they come and go.
pub(super) struct Recorder {
    pub store: Store,
    pub desk: Desk,
    pub audit: Log,
    pub clock: WallClock,
}

impl Recorder {
    /// Runs until the registry is gone.
    pub async fn run(self, registry: Arc<Registry>) {
        let mut feed = registry.feed();
        let mut open: HashMap<SessionId, SessionView> = HashMap::new();
        loop {
            match feed.recv().await {
                Ok(FeedEvent::Session { session }) => {
                    if open.insert(session.id.clone(), session.clone()).is_none()
                        && let Some(owner) = registry.owner_of(&session.id)
                    {
                        self.opened(&session, owner.key().clone()).await;
                    }
                }
                Ok(FeedEvent::SessionClosed { id }) => {
                    if let Some(session) = open.remove(&id) {
                        self.closed(&session).await;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(
                        missed,
                        "the session history missed events; what it missed is closed at the next start"
                    );
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn opened(&self, session: &SessionView, owner: KeyId) {
        let past = PastSession {
            id: session.id.clone(),
            tenant: Tenant::new(&session.tenant),
            owner,
            name: session.name.clone(),
            opened_at: session.opened_at,
            closed_at: None,
            close_reason: None,
        };
        if let Err(error) = self.store.session_opened(&past).await {
            tracing::warn!(%error, "a session's opening was not written down");
        }
        self.audit.note(self.line(Kind::SessionOpened, session));
    }

    async fn closed(&self, session: &SessionView) {
        if let Err(error) = self.desk.withdraw(&session.id, "the session ended").await {
            tracing::warn!(%error, "the approvals of a session that ended stay open until they expire");
        }
        if let Err(error) = self.store.session_closed(&session.id, self.clock.now_ms(), "closed").await {
            tracing::warn!(%error, "a session's end was not written down");
        }
        self.audit.note(self.line(Kind::SessionClosed, session));
    }

    fn line(&self, kind: Kind, session: &SessionView) -> Line {
        Line {
            session: Some(session.id.clone()),
            ..Line::new(
                self.clock.now_ms(),
                kind,
                Tenant::new(&session.tenant),
                session.owner.clone(),
                format!("session {}", session.name),
            )
        }
    }
}

//! All sessions and approvals one person may see, as they change: for the grid and the inbox.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use helmwatch_protocol::{FeedEvent, SessionId};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::behind::Sessions;
use super::ending::Ending;
use super::hub::{Hub, Seat};
use crate::approval::Notice;
use crate::auth::Caller;

/// One person's feed. Begins with the whole state; then every change, in order; too slow for them, it ends.
pub struct Feed {
    hub: Arc<Hub>,
    sessions: Arc<dyn Sessions>,
    caller: Caller,
    session_events: broadcast::Receiver<FeedEvent>,
    approval_news: BoxStream<'static, Notice>,
    /// Sessions this person was told of: an end is told only of these. As many as are open.
    told: HashSet<SessionId>,
    begun: bool,
    _seat: Seat,
}

impl Feed {
    pub(super) fn new(hub: Arc<Hub>, sessions: Arc<dyn Sessions>, caller: Caller, seat: Seat) -> Self {
        // Listening begins before the state is read: what happens in between is told twice rather than never.
        let (session_events, approval_news) = (sessions.feed(), hub.approvals.news(&caller));
        Self { hub, sessions, caller, session_events, approval_news, told: HashSet::new(), begun: false, _seat: seat }
    }

    /// The next thing to tell. Can be dropped at any time.
    ///
    /// # Errors
    /// Why the feed is over.
    pub async fn next(&mut self) -> Result<FeedEvent, Ending> {
        if !self.begun {
            self.begun = true;
            let sessions = self.sessions.list(&self.caller);
            self.told = sessions.iter().map(|session| session.id.clone()).collect();
            let approvals = self.hub.approvals.pending(&self.caller);
            let grants = self.hub.approvals.grants(&self.caller);
            return Ok(FeedEvent::State { sessions, approvals, grants });
        }
        loop {
            tokio::select! {
                event = self.session_events.recv() => {
                    if let Some(event) = self.of_session(over(event)?) {
                        return Ok(event);
                    }
                }
                news = self.approval_news.next() => match news {
                    Some(Notice::Changed(approval)) => return Ok(FeedEvent::Approval { approval: Box::new((*approval).clone()) }),
                    Some(Notice::Grant(grant)) => return Ok(FeedEvent::Grant { grant: (*grant).clone() }),
                    Some(Notice::Missed) => return Err(Ending::TooSlow),
                    None => return Err(Ending::ServiceEnds),
                },
            }
        }
    }

    fn of_session(&mut self, event: FeedEvent) -> Option<FeedEvent> {
        match event {
            FeedEvent::Session { session } if self.sessions.shows(&self.caller, &session.id) => {
                self.told.insert(session.id.clone());
                Some(FeedEvent::Session { session })
            }
            FeedEvent::SessionClosed { id } if self.told.remove(&id) => Some(FeedEvent::SessionClosed { id }),
            _ => None,
        }
    }
}

fn over<T>(event: Result<T, RecvError>) -> Result<T, Ending> {
    event.map_err(|error| match error {
        RecvError::Lagged(_) => Ending::TooSlow,
        RecvError::Closed => Ending::ServiceEnds,
    })
}

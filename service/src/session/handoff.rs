//! The agent asks a person to do something in its browser, and waits until they say Done or Failed.
//!
//! At most one question stands open in a session. While it does, calls of the agent that act are refused: the page is the person's.
//! Nobody's answer is a no, when its time is over or the session ends.

use std::time::Duration;

use helmwatch_protocol::{HandoffOutcome, HandoffView, SessionId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Session, SessionError, now_ms};
use crate::auth::Tenant;

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoffEnd {
    /// A person said so: their name, and their words for the agent.
    Answered { by: String, outcome: HandoffOutcome, reason: Option<String> },
    /// Nobody said anything in time.
    Expired,
    /// The agent asked something else meanwhile.
    Replaced,
}

/// That a question was asked, or is over: for those who tell people who do not look.
#[derive(Debug, Clone)]
pub struct HandoffNews {
    pub session: SessionId,
    pub session_name: String,
    pub tenant: Tenant,
    pub view: HandoffView,
    pub change: HandoffChange,
}

/// What happened to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoffChange {
    Asked,
    Ended(HandoffEnd),
    /// Its session ended before anybody answered.
    SessionOver,
}

/// The question that stands open.
pub(super) struct Handoff {
    view: HandoffView,
    until: Instant,
    end: watch::Sender<Option<HandoffEnd>>,
}

impl Handoff {
    pub fn view(&self) -> &HandoffView {
        &self.view
    }

    pub fn until(&self) -> Instant {
        self.until
    }
}

/// Hears how one question ends.
#[derive(Debug, Clone)]
pub struct Answering {
    end: watch::Receiver<Option<HandoffEnd>>,
}

impl Answering {
    /// Waits for the end, at most `patience`; `None` when it stands open still.
    pub async fn wait(&mut self, patience: Duration) -> Option<HandoffEnd> {
        let ended = self.end.wait_for(Option::is_some);
        match tokio::time::timeout(patience, ended).await {
            Ok(Ok(end)) => end.clone(),
            // The session went with its question.
            Ok(Err(_)) => Some(HandoffEnd::Expired),
            Err(_) => None,
        }
    }
}

impl Session {
    /// Asks a person, or goes on waiting when the same is asked already. Another question takes the place of the one before.
    pub fn ask_person(&self, instructions: &str, patience: Duration) -> Answering {
        self.touch();
        let answering = {
            let mut state = self.lock();
            // Answered while nobody waited: an agent is held for a while only, and comes back.
            if let Some((_, end)) = state.handoff_ended.take_if(|(asked, _)| asked == instructions) {
                return Answering { end: watch::Sender::new(Some(end)).subscribe() };
            }
            if let Some(open) = state.handoff.as_ref().filter(|open| open.view.instructions == instructions) {
                return Answering { end: open.end.subscribe() };
            }
            if let Some(former) = state.handoff.take() {
                former.end.send_replace(Some(HandoffEnd::Replaced));
                self.tell_elsewhere(former.view, HandoffChange::Ended(HandoffEnd::Replaced));
            }
            state.handoffs += 1;
            let asked_at = now_ms();
            let expires_at = asked_at.saturating_add(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
            let view =
                HandoffView { number: state.handoffs, instructions: instructions.to_owned(), asked_at, expires_at };
            let end = watch::Sender::new(None);
            let answering = Answering { end: end.subscribe() };
            self.tell_elsewhere(view.clone(), HandoffChange::Asked);
            state.handoff = Some(Handoff { view, until: Instant::now() + patience, end });
            answering
        };
        self.handoffs.notify_one();
        self.tell();
        answering
    }

    /// The agent has heard how the question ended; asked again it is a new one.
    pub fn handoff_heard(&self) {
        self.lock().handoff_ended = None;
    }

    /// A person's word. The first one counts.
    ///
    /// # Errors
    /// `NothingAsked` when no such question stands open.
    pub fn answer_handoff(
        &self,
        number: u32,
        by: &str,
        outcome: HandoffOutcome,
        reason: Option<String>,
    ) -> Result<(), SessionError> {
        let end = HandoffEnd::Answered { by: by.to_owned(), outcome, reason };
        if self.end_handoff(end, |open| open.view.number == number) { Ok(()) } else { Err(SessionError::NothingAsked) }
    }

    /// The question that stands open.
    #[must_use]
    pub fn handoff(&self) -> Option<HandoffView> {
        self.lock().handoff.as_ref().map(|open| open.view.clone())
    }

    /// Ends the question whose time is over.
    pub(super) fn expire_handoff(&self) {
        self.end_handoff(HandoffEnd::Expired, |open| open.until <= Instant::now());
    }

    /// The session is over, and its question with it: whoever waits hears of it.
    pub(super) fn forget_handoff(&self) {
        let open = self.lock().handoff.take();
        if let Some(open) = open {
            self.tell_elsewhere(open.view, HandoffChange::SessionOver);
        }
    }

    fn tell_elsewhere(&self, view: HandoffView, change: HandoffChange) {
        let (session, session_name) = (self.id.clone(), self.name.clone());
        let news = HandoffNews { session, session_name, tenant: self.owner.tenant().clone(), view, change };
        // Nobody listening is no fault.
        drop(self.handoff_news.send(news));
    }

    fn end_handoff(&self, end: HandoffEnd, is_it: impl FnOnce(&Handoff) -> bool) -> bool {
        let ended = {
            let mut state = self.lock();
            let ended = if state.handoff.as_ref().is_some_and(is_it) { state.handoff.take() } else { None };
            if let Some(ended) = &ended {
                state.handoff_ended = Some((ended.view.instructions.clone(), end.clone()));
            }
            ended
        };
        let Some(ended) = ended else { return false };
        ended.end.send_replace(Some(end.clone()));
        self.tell_elsewhere(ended.view, HandoffChange::Ended(end));
        self.handoffs.notify_one();
        self.touch();
        self.tell();
        true
    }
}

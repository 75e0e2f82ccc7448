//! What a session's pages send by themselves: which call was under way, what is held, and what its agent hears of it.
//!
//! Who judges and asks is somebody else's business ([`SendingJudge`]); kept here is what must live as long as the session.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use helmwatch_protocol::ApprovalId;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::{CallNumber, Session};
use crate::browser::{Doorkeeper, Sending};
use crate::policy::TargetFacts;

/// Requests of one session that may stand at the door while people look at them; one more is refused at once.
const HELD_MAX: usize = 8;
/// Requests of one session judged at a time; a page that sends more at once is refused the rest.
const JUDGED_MAX: usize = 64;
/// Calls kept that acted, to tell which of them a request is of.
const ACTED_MAX: usize = 8;
/// How long what an approved call began may go on sending after its answer, unless the agent does something else before.
const FOLLOWS_FOR: Duration = Duration::from_secs(5);
/// How long a call waits for its requests to be judged. Judging one has a shorter end of its own.
const JUDGED_WITHIN: Duration = Duration::from_secs(5);
/// Requests whose like is refused without asking, after a person's no.
const REFUSED_MAX: usize = 32;
/// How long such a no holds: a page that tries again is not a new question.
const REFUSED_FOR: Duration = Duration::from_secs(5 * 60);
/// Lines its agent has not been told; of more the oldest are forgotten.
const NEWS_MAX: usize = 16;

/// Judges what pages send.
pub trait SendingJudge: Send + Sync + 'static {
    /// A request stands at the door. Must not block.
    fn came(&self, session: Arc<Session>, sending: Sending, judging: Judging);
}

/// A call that acts, and whether a person said yes to it.
#[derive(Debug, Clone)]
pub struct Acting {
    pub number: CallNumber,
    /// For people: `Click button "Next"`.
    pub summary: String,
    pub approved: bool,
    pub targets: Vec<TargetFacts>,
    /// The tab it acts on.
    tab: Option<u16>,
    /// The newest tab there was; what it opens has higher numbers.
    newest_tab: u16,
    /// Set when it is over.
    ended: Option<Instant>,
}

/// While it lives, the call acts.
pub struct ActingGuard {
    session: Arc<Session>,
    number: CallNumber,
}

impl Drop for ActingGuard {
    fn drop(&mut self) {
        let mut outbox = self.session.outbox();
        if let Some(acting) = outbox.acted.iter_mut().rev().find(|one| one.number == self.number) {
            acting.ended = Some(Instant::now());
        }
    }
}

/// While it lives, a request is being judged, and the call it is of waits for that.
pub struct Judging {
    session: Weak<Session>,
    /// The call it is of; `None` when none was under way.
    pub cause: Option<Acting>,
}

impl Drop for Judging {
    fn drop(&mut self) {
        if let Some(session) = self.session.upgrade() {
            let number = self.cause.as_ref().map(|acting| acting.number);
            let mut outbox = session.outbox();
            if let Some(at) = outbox.judged.iter().position(|one| *one == number) {
                outbox.judged.swap_remove(at);
            }
            drop(outbox);
            session.outbox_changed.send_modify(|count| *count += 1);
        }
    }
}

/// How a held request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendingEnd {
    /// A person said yes, and it went.
    Sent,
    Denied {
        by: String,
        reason: Option<String>,
    },
    Expired,
    /// It never was, or is no longer, a question: why, in one line without a stop.
    Over(String),
}

/// A request that is held for a person.
#[derive(Debug)]
pub struct HeldSending {
    /// The call it is of.
    cause: Option<CallNumber>,
    /// For people: `Send POST to https://shop.example/buy after Click button "Next"`.
    pub summary: String,
    /// Tells it from another.
    digest: [u8; 32],
    state: watch::Sender<(Option<ApprovalId>, Option<SendingEnd>)>,
}

impl HeldSending {
    /// Its card, once there is one.
    #[must_use]
    pub fn card(&self) -> Option<ApprovalId> {
        self.state.borrow().0.clone()
    }

    /// There is a card.
    pub fn asked(&self, card: ApprovalId) {
        self.state.send_modify(|state| state.0 = Some(card));
    }

    /// Is there a call that hears how it ends?
    #[must_use]
    pub fn is_of_a_call(&self) -> bool {
        self.cause.is_some()
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<SendingEnd> {
        self.state.borrow().1.clone()
    }

    /// Waits for its end.
    pub async fn ended(&self) -> SendingEnd {
        let mut state = self.state.subscribe();
        // The sender lives in `self`.
        let ended = state.wait_for(|state| state.1.is_some()).await.ok().and_then(|state| state.1.clone());
        ended.unwrap_or_else(|| SendingEnd::Over("it is no longer known".to_owned()))
    }
}

/// Why a request is not even asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHeld {
    /// A person has said no to the same.
    Refused,
    /// The same is being asked already.
    Asked,
    /// Too many stand at the door.
    Full(usize),
}

#[derive(Default)]
pub(super) struct Outbox {
    /// Calls that act or acted, oldest first; at most [`ACTED_MAX`].
    acted: VecDeque<Acting>,
    /// One entry a request that is being judged: the call it is of. At most [`JUDGED_MAX`].
    judged: Vec<Option<CallNumber>>,
    /// All that are held; at most [`HELD_MAX`].
    standing: Vec<Arc<HeldSending>>,
    /// Those of them whose call has not taken them yet.
    held: Vec<Arc<HeldSending>>,
    refused: VecDeque<([u8; 32], Instant)>,
    /// Requests a person let go, by Chromium's id: their redirects go too.
    let_go: VecDeque<String>,
    news: VecDeque<String>,
}

impl Outbox {
    /// The call a request of this tab is of, now.
    fn cause(&self, tab: Option<u16>) -> Option<Acting> {
        let of = |acting: &&Acting| match tab {
            Some(tab) => acting.tab == Some(tab) || tab > acting.newest_tab,
            // A worker of the site's own: its pages share it.
            None => true,
        };
        let newest = self.acted.back()?;
        let follows = |acting: &&Acting| match acting.ended {
            None => true,
            Some(ended) => acting.approved && ended.elapsed() < FOLLOWS_FOR,
        };
        Some(newest).filter(follows).filter(of).cloned()
    }
}

/// A session as the browser room asks for it.
pub(super) struct Keeper {
    pub session: Weak<Session>,
    pub judge: Option<Weak<dyn SendingJudge>>,
}

impl Doorkeeper for Keeper {
    fn came(&self, sending: Sending) {
        let judge = self.judge.as_ref().and_then(Weak::upgrade);
        let (Some(session), Some(judge)) = (self.session.upgrade(), judge) else { return sending.refuse() };
        match session.judging(&sending) {
            Some(judging) => judge.came(session, sending, judging),
            None => {
                tracing::warn!(session = %session.id(), "a page sends more at once than is judged; one request was refused");
                sending.refuse();
            }
        }
    }
}

impl Session {
    /// Says that a call acts from now on, until the guard is dropped.
    pub fn acting(
        self: &Arc<Self>,
        number: CallNumber,
        summary: String,
        approved: bool,
        targets: Vec<TargetFacts>,
    ) -> ActingGuard {
        let tabs = self.tabs();
        let acting = Acting {
            number,
            summary,
            approved,
            targets,
            tab: self.current_tab().map(|tab| tab.number()),
            newest_tab: tabs.iter().map(|tab| tab.number()).max().unwrap_or(0),
            ended: None,
        };
        let mut outbox = self.outbox();
        outbox.acted.retain(|one| one.number != number);
        if outbox.acted.len() == ACTED_MAX {
            outbox.acted.pop_front();
        }
        outbox.acted.push_back(acting);
        ActingGuard { session: Arc::clone(self), number }
    }

    fn judging(self: &Arc<Self>, sending: &Sending) -> Option<Judging> {
        let mut outbox = self.outbox();
        if outbox.judged.len() >= JUDGED_MAX {
            return None;
        }
        let cause = outbox.cause(sending.page.as_ref().map(|page| page.number()));
        outbox.judged.push(cause.as_ref().map(|acting| acting.number));
        Some(Judging { session: Arc::downgrade(self), cause })
    }

    /// Waits until what a call has sent so far is judged, and answers what of it is held and not yet taken.
    pub async fn held_of(&self, number: CallNumber) -> Vec<Arc<HeldSending>> {
        for page in self.tabs() {
            if let Err(error) = page.sent().await {
                tracing::debug!(%error, "a tab went while it was sending");
            }
        }
        let mut changed = self.outbox_changed.subscribe();
        let judged = changed.wait_for(|_| !self.outbox().judged.contains(&Some(number)));
        if timeout(JUDGED_WITHIN, judged).await.is_err() {
            tracing::warn!(session = %self.id, "a request is being judged for too long");
        }
        self.outbox().held.extract_if(.., |held| held.cause == Some(number)).collect()
    }

    /// Returns when something a call has sent is held.
    pub async fn something_held(&self, number: CallNumber) {
        let mut changed = self.outbox_changed.subscribe();
        let held = |outbox: &Outbox| outbox.held.iter().any(|held| held.cause == Some(number));
        // The sender lives in `self`.
        drop(changed.wait_for(|_| held(&self.outbox())).await);
    }

    /// Holds a request.
    ///
    /// # Errors
    /// Why it is refused without a question.
    pub fn hold(&self, cause: Option<&Acting>, summary: String, digest: [u8; 32]) -> Result<Arc<HeldSending>, NotHeld> {
        let held = Arc::new(HeldSending {
            cause: cause.map(|acting| acting.number),
            summary,
            digest,
            state: watch::Sender::new((None, None)),
        });
        {
            let mut outbox = self.outbox();
            outbox.refused.retain(|(_, at)| at.elapsed() < REFUSED_FOR);
            if outbox.refused.iter().any(|(refused, _)| *refused == digest) {
                return Err(NotHeld::Refused);
            }
            // Nobody took these: their call is over, or there was none.
            outbox.held.retain(|held| held.end().is_none());
            if outbox.standing.iter().any(|held| held.digest == digest) {
                return Err(NotHeld::Asked);
            }
            if outbox.standing.len() >= HELD_MAX {
                return Err(NotHeld::Full(HELD_MAX));
            }
            outbox.standing.push(Arc::clone(&held));
            if held.cause.is_some() {
                outbox.held.push(Arc::clone(&held));
            }
        }
        // Whoever waits for the page looks up: it will not come to rest.
        self.context.note_held();
        self.outbox_changed.send_modify(|count| *count += 1);
        Ok(held)
    }

    /// A held request came to its end. Its agent hears of it from its call, or with its next answer where no call waits for it.
    pub fn sending_ended(&self, held: &Arc<HeldSending>, end: SendingEnd) {
        {
            let mut outbox = self.outbox();
            outbox.standing.retain(|one| !Arc::ptr_eq(one, held));
            if matches!(end, SendingEnd::Denied { .. }) {
                if outbox.refused.len() == REFUSED_MAX {
                    outbox.refused.pop_front();
                }
                outbox.refused.push_back((held.digest, Instant::now()));
            }
        }
        held.state.send_modify(|state| state.1 = Some(end));
        self.outbox_changed.send_modify(|count| *count += 1);
    }

    /// A person let a request go; where its answer sends it on, it goes too.
    pub fn let_go(&self, network_id: &str) {
        let mut outbox = self.outbox();
        if outbox.let_go.len() == REFUSED_MAX {
            outbox.let_go.pop_front();
        }
        outbox.let_go.push_back(network_id.to_owned());
    }

    /// Did a person let an earlier step of this request go?
    #[must_use]
    pub fn was_let_go(&self, network_id: &str) -> bool {
        self.outbox().let_go.iter().any(|one| one == network_id)
    }

    /// Notes a line for its agent's next answer.
    pub fn tell_of_sending(&self, line: String) {
        let mut outbox = self.outbox();
        if outbox.news.len() == NEWS_MAX {
            outbox.news.pop_front();
        }
        outbox.news.push_back(line);
    }

    /// What its agent has not heard yet of what its pages sent by themselves.
    pub fn take_sending_news(&self) -> Vec<String> {
        self.outbox().news.drain(..).collect()
    }

    /// Its context's requests come to it from now on.
    pub(super) fn keep_door(self: &Arc<Self>, judge: Option<Weak<dyn SendingJudge>>) {
        let keeper = Arc::new(Keeper { session: Arc::downgrade(self), judge });
        let weak: Weak<dyn Doorkeeper> = Arc::downgrade(&(Arc::clone(&keeper) as Arc<dyn Doorkeeper>));
        if self.keeper.set(keeper).is_ok() {
            self.context.keep_door(weak);
        }
    }

    /// Runs what goes on after a call is answered; it ends with the service.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn(name, work));
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        // Every change under this lock is one step.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock around it, for the session.
pub(super) type OutboxLock = Mutex<Outbox>;

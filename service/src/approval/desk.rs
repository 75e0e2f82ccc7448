//! The desk: where calls are held, and where people answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use helmwatch_protocol::{ApprovalId, ApprovalView, GrantWish, SessionId};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::advance::task_died;
use super::board::{Board, CallMark};
use super::card::cut;
use super::feed::NEWS_MAX;
use super::limits::DeskLimits;
use super::machine::Event;
use super::running::Running;
use super::ticket::{Finish, Outcome, Permit, Ticket};
use super::{AskError, BeginError, Card, DecideError, EditRefused, Edited, Ledger, Reach, Record, State, Yes};
use crate::auth::{Human, KeyId, NotKept, NotKeptReason, WallClock};

/// Longest reason a person may write, in characters.
pub(super) const REASON_CHARS_MAX: usize = 1_000;

/// What a person says to a held call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Approve,
    /// Yes, and the same rule asks no more in this session for a while.
    ApproveAndGrant(GrantWish),
    Deny,
    /// Yes to the call with these changes.
    Edit(Map<String, Value>),
    /// No: they do it themselves.
    TakeOver,
}

/// Holds calls until a person answers. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub ledger: Arc<dyn Ledger>,
    pub limits: DeskLimits,
    pub clock: WallClock,
    /// Every step of a life runs in a task of its own: a client that leaves midway cannot leave it half done.
    pub tasks: TaskTracker,
    /// Held for a few lines only, never over an await.
    board: Mutex<Board>,
    /// A card was added: the clock task looks when it is due.
    pub added: Notify,
}

impl Desk {
    /// Opens the desk: first ends what a former process left open (restart is no), then starts the clock task in `tasks`,
    /// which ends when `stop` is cancelled.
    ///
    /// # Errors
    /// [`NotKept`] when the ledger cannot be read or written; the service must not take calls then.
    pub async fn open(
        ledger: Arc<dyn Ledger>,
        limits: DeskLimits,
        clock: WallClock,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, NotKept> {
        let board = Mutex::new(Board::new(NEWS_MAX));
        let desk = Self { inner: Arc::new(Inner { ledger, limits, clock, tasks, board, added: Notify::new() }) };
        desk.recover().await?;
        let (clock_desk, tasks) = (desk.clone(), desk.inner.tasks.clone());
        tasks.spawn(async move {
            if stop.run_until_cancelled(clock_desk.keep_time()).await.is_none() {
                tracing::debug!("approval clock stopped");
            }
        });
        Ok(desk)
    }

    /// Puts a call before a person. The card is on disk before anyone sees it. The same call that already waits gets the
    /// ticket it has.
    ///
    /// # Errors
    /// [`AskError`]: too many are open, or it could not be stored. The call must not run then.
    pub async fn ask(&self, mut card: Card) -> Result<Ticket, AskError> {
        card.cut();
        let mark =
            CallMark { session: &card.session, owner: &card.owner, tool: &card.tool, digest: &card.arguments_digest };
        let open = self.board().find(mark).filter(|record| record.state == State::Pending).map(ticket);
        if let Some(ticket) = open {
            return Ok(ticket);
        }
        let desk = self.clone();
        let stored = self.inner.tasks.spawn(async move { desk.store(card).await }).await;
        stored.unwrap_or_else(|_| Err(AskError::NotKept(task_died())))
    }

    async fn store(&self, mut card: Card) -> Result<Ticket, AskError> {
        let picture = card.picture.take().filter(|picture| {
            let fits = picture.jpeg.len() <= self.inner.limits.picture_bytes_max;
            if !fits {
                tracing::warn!(
                    bytes = picture.jpeg.len(),
                    "approval picture left out: larger than approval.picture_bytes_max"
                );
            }
            fits
        });
        let asked_at = self.inner.clock.now_ms();
        let ttl = card.ttl;
        let record = Record {
            id: new_id(),
            card,
            picture_size: picture.as_ref().map(|picture| [picture.width, picture.height]),
            state: State::Pending,
            asked_at,
            expires_at: asked_at.saturating_add(milliseconds(ttl)),
            use_by: None,
            decided_at: None,
            decided_by: None,
            decision_reason: None,
            note: None,
            yes: Vec::new(),
            edit: None,
            grant: None,
        };
        self.board().reserve(record.clone(), ttl, &self.inner.limits)?;
        match self.inner.ledger.insert(&record, picture.map(|picture| picture.jpeg)).await {
            Ok(()) => {
                self.board().confirm(&record.id);
                self.inner.added.notify_one();
                tracing::info!(approval = %record.id, session = %record.card.session, rule = %record.card.rule, "approval asked");
                Ok(ticket(&record))
            }
            Err(why) => {
                self.board().release(&record.id);
                tracing::error!(error = %why, "approval not asked: it could not be stored");
                Err(AskError::NotKept(why))
            }
        }
    }

    /// The ticket of a call that is made again: of a card that is open or approved, or that ended before the call heard of it.
    #[must_use]
    pub fn find_continuation(
        &self,
        session: &SessionId,
        owner: &KeyId,
        tool: &str,
        digest: &[u8; 32],
    ) -> Option<Ticket> {
        self.board().find(CallMark { session, owner, tool, digest }).map(ticket)
    }

    /// Waits for the answer, at most `hold`. Dropping the future changes nothing: the card stays open for the call made again.
    pub async fn wait(&self, id: &ApprovalId, hold: Duration) -> Outcome {
        let until = Instant::now() + hold;
        let Some(mut state) = self.board().get(id).map(|entry| entry.state.subscribe()) else {
            return Outcome::Unknown;
        };
        loop {
            if *state.borrow_and_update() != State::Pending {
                return self.tell(id);
            }
            let Some(deadline) = self.board().get(id).map(|entry| entry.deadline) else { return Outcome::Unknown };
            if tokio::time::timeout_at(until.min(deadline), state.changed()).await.is_ok() {
                continue;
            }
            if Instant::now() < deadline {
                let open = self.board().get(id).map(|entry| ticket(&entry.record));
                return open.map_or(Outcome::Unknown, Outcome::Waiting);
            }
            // Late is no, also when the ledger cannot write it down now: the clock task tries again.
            if let Err(why) = self.advance(id, Event::Tick).await {
                tracing::warn!(error = %why, "expiry not stored yet");
                return Outcome::Expired;
            }
        }
    }

    /// What the call hears now that its card is no longer pending; an end is told once.
    fn tell(&self, id: &ApprovalId) -> Outcome {
        let mut board = self.board();
        let Some(entry) = board.get_mut(id) else { return Outcome::Unknown };
        let record = &entry.record;
        let by = record.decided_by.clone().unwrap_or_default();
        let outcome = match record.state {
            State::Pending => return Outcome::Waiting(ticket(record)),
            State::Approved | State::Edited => {
                let view = record.edit.clone();
                let edited =
                    view.zip(entry.edited.as_deref()).map(|(view, all)| Edited { view, arguments: all.clone() });
                if record.state == State::Edited && edited.is_none() {
                    // In doubt nothing runs: what was approved is not there any more.
                    return Outcome::Unknown;
                }
                return Outcome::Approved(Box::new(Permit {
                    id: id.clone(),
                    fingerprint: record.card.fingerprint.clone(),
                    by,
                    asking: record.card.asking.clone(),
                    yes: record.yes.clone(),
                    edited,
                }));
            }
            State::Denied => Outcome::Denied { by, reason: record.decision_reason.clone() },
            State::Expired => Outcome::Expired,
            // Only a person who takes over withdraws with a name.
            State::Withdrawn if record.decided_by.is_some() => {
                Outcome::TakenOver { by, reason: record.decision_reason.clone() }
            }
            state => Outcome::Over { state: state.wire(), reason: record.note.clone() },
        };
        entry.told = record.state.is_final();
        outcome
    }

    /// A person's decision. When this answers `Ok` it is on disk, and then the waiting call wakes. Where several people are asked,
    /// a yes that is not the last one answers `Ok` with a card that is pending still. The decision is carried through even if the
    /// future is dropped.
    ///
    /// # Errors
    /// [`DecideError`]: unknown or another tenant's, already over (late counts as over), said before by this person, not for this
    /// person to say, an edit or a grant that cannot be, or not stored.
    pub async fn decide(
        &self,
        human: &Human,
        id: &ApprovalId,
        answer: Answer,
        reason: Option<String>,
    ) -> Result<ApprovalView, DecideError> {
        let record = self.find(&Reach::of(human.caller()), id).await.map_err(DecideError::NotKept)?;
        let record = record.ok_or(DecideError::NotFound)?;
        if record.state != State::Pending {
            return Err(DecideError::AlreadyDecided(Box::new(record.view())));
        }
        let caller = human.caller();
        let by = caller.name().to_owned();
        let reason = reason.map(|mut text| {
            cut(&mut text, REASON_CHARS_MAX);
            text
        });
        let asking = &record.card.asking;
        let says_yes = !matches!(answer, Answer::Deny | Answer::TakeOver);
        if says_yes && !asking.admits(&by, caller.key().as_str()) {
            return Err(DecideError::NotAsked { deciders: asking.deciders() });
        }
        let use_for_ms = milliseconds(self.inner.limits.approved_for);
        let at = self.inner.clock.now_ms();
        let yes = Yes { key: caller.key().clone(), by: by.clone(), at, reason: reason.clone() };
        let mut edited = None;
        let event = match answer {
            Answer::Approve => Event::Approve { yes, use_for_ms, grant: None },
            Answer::ApproveAndGrant(wish) => {
                let grant = self.grant_of(&record, &yes, wish).map_err(DecideError::Grant)?;
                Event::Approve { yes, use_for_ms, grant: Some(Box::new(grant)) }
            }
            Answer::Deny => Event::Deny { by, reason },
            Answer::TakeOver => Event::TakeOver { by, reason },
            Answer::Edit(changes) => {
                let made = edit_of(&record, &changes).map_err(DecideError::Edit)?;
                edited = Some(Arc::new(made.arguments));
                Event::Edit { yes, use_for_ms, edit: made.view }
            }
        };
        let stepped = self.advance_with(id, event, edited).await.map_err(DecideError::NotKept)?;
        let (done, record) = stepped.ok_or(DecideError::NotFound)?;
        let view = record.view();
        match done {
            Some(State::Expired) | None => Err(DecideError::AlreadyDecided(Box::new(view))),
            Some(_) => Ok(view),
        }
    }

    /// Lets an approved call go: stored as running before this answers. Of several that try, one gets it.
    ///
    /// # Errors
    /// [`BeginError`]: too late, withdrawn, taken by another, or not stored. The call must not run then.
    pub async fn begin(&self, permit: Box<Permit>) -> Result<Running, BeginError> {
        let id = permit.id;
        match self.advance(&id, Event::Begin).await.map_err(BeginError::NotKept)? {
            Some((Some(State::Running), _)) => Ok(Running::new(self.clone(), id)),
            Some((_, record)) => Err(BeginError::NotApproved(Box::new(record.view()))),
            None => {
                let why = NotKept::new(NotKeptReason::Failed, "the approval is gone from the ledger");
                Err(BeginError::NotKept(why))
            }
        }
    }

    /// An approved call was found impossible before it began: the page had changed.
    ///
    /// # Errors
    /// [`NotKept`]; the approval then goes stale by itself.
    pub async fn abandon(&self, permit: Box<Permit>, why: &str) -> Result<(), NotKept> {
        self.finish(&permit.id, Finish::Stale, Some(why.to_owned())).await
    }

    pub(super) async fn finish(&self, id: &ApprovalId, how: Finish, note: Option<String>) -> Result<(), NotKept> {
        let state = match how {
            Finish::Executed => State::Executed,
            Finish::Stale => State::Stale,
            Finish::OutcomeUnknown => State::OutcomeUnknown,
        };
        if let Some(entry) = self.board().get_mut(id) {
            // The call hears its own end from the tool, not from here.
            entry.told = true;
            entry.unkept = Some((state, note.clone()));
        }
        self.advance(id, Event::Finish { state, note }).await.map(drop)
    }

    /// In a task that nobody waits for; the clock task tries again what could not be stored.
    pub(super) fn finish_detached(&self, id: ApprovalId, how: Finish, note: String) {
        let desk = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(why) = desk.finish(&id, how, Some(note)).await {
                tracing::error!(approval = %id, error = %why, "the end of an approved call is not stored yet");
            }
        });
    }

    /// A session or its agent is gone: its open cards are withdrawn, its unused approvals go stale, its grants end.
    ///
    /// # Errors
    /// [`NotKept`]: some could not be stored; they expire by themselves.
    pub async fn withdraw(&self, session: &SessionId, reason: &str) -> Result<(), NotKept> {
        let of_session = |record: &Record| record.card.session == *session && !record.state.is_final();
        let ids: Vec<ApprovalId> = self
            .board()
            .iter()
            .filter(|entry| of_session(&entry.record))
            .map(|entry| entry.record.id.clone())
            .collect();
        let mut result = Ok(());
        for id in ids {
            let withdrawn = self.advance(&id, Event::Withdraw { reason: reason.to_owned() }).await;
            result = result.and(withdrawn.map(drop));
        }
        // After the cards: none of them can bring a grant any more.
        result.and(self.end_grants_where("service", reason, |grant| grant.session == *session).await)
    }

    /// What one card asks about is gone; nothing happens when it is over already.
    ///
    /// # Errors
    /// [`NotKept`]: it could not be stored; the card expires by itself.
    pub async fn withdraw_one(&self, id: &ApprovalId, reason: &str) -> Result<(), NotKept> {
        self.advance(id, Event::Withdraw { reason: reason.to_owned() }).await.map(drop)
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        // Every change to the board is one assignment at a time; a panic elsewhere leaves it whole.
        self.inner.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a person's changes make of a held call.
fn edit_of(record: &Record, changes: &Map<String, Value>) -> Result<Edited, EditRefused> {
    let refused = |what: &str| EditRefused {
        code: "not_editable",
        what: what.to_owned(),
        hint: "Approve it as it is, or deny it and write to the agent what it should do instead.".to_owned(),
    };
    if record.card.asking.approvers > 1 {
        return Err(refused("Several people are asked, and all must say yes to the same call."));
    }
    let editing = record.card.editing.as_ref().ok_or_else(|| refused("This call cannot be changed."))?;
    editing.0.edit(changes)
}

fn ticket(record: &Record) -> Ticket {
    Ticket { id: record.id.clone(), expires_at: record.expires_at }
}

fn new_id() -> ApprovalId {
    ApprovalId::from_random(&random_word()).expect("base64url of 16 bytes is 22 plain characters")
}

pub(super) fn random_word() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

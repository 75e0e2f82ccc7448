//! What pages send by themselves passes the same policy as calls do, at the browser's door.
//!
//! A page that submits from a script after an innocent click, from a frame, a worker or a timer: the request stands still while it is
//! judged here, and, where the policy asks, until a person has decided. What a call causes that a person approved is not asked
//! again; what a person causes who drives is theirs. The call under way waits for its request as it would for itself: it is answered
//! "waiting" after the hold, and the same call made again goes on waiting and is not carried out a second time.
//!
//! In doubt a request is refused: [`Sending`] is, when it is dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use helmwatch_protocol::{ApprovalState, CallState};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

use super::answer::Answer;
use super::first::First;
use super::gate::{Call, Gate, InSession};
use super::held::{self, PROGRESS_EVERY};
use super::look::Known;
use super::terms::Terms;
use super::{Progress, Reply, ToolError, describe, now_ms, response};
use crate::approval::{Card, Finish, Outcome};
use crate::audit::{Kind, Line};
use crate::policy::{Asking, CallFacts, Effect, Policy, RequestFacts, Verdict};
use crate::session::{
    Acting, Departure, HeldSending, Judging, Mark, NotHeld, Page, Patience, Sending, SendingEnd, SendingJudge, Session,
};

/// Calls that went away while what they sent was held, of all sessions; of more the oldest are forgotten, and would be carried out
/// anew.
const AWAY_MAX: usize = 256;
/// The longest a call is let run on while something of it is held: then, if its page answers nothing, it is answered without it.
const RUNS_ON_FOR: Duration = Duration::from_secs(3);

/// The gate as sessions ask it.
pub(super) struct Judge(pub Weak<Gate>);

impl SendingJudge for Judge {
    fn came(&self, session: Arc<Session>, sending: Sending, judging: Judging) {
        let Some(gate) = self.0.upgrade() else { return sending.refuse() };
        let judged = Arc::clone(&session);
        session.spawn("sending", async move { judge(&gate, &judged, sending, judging).await });
    }
}

/// A call that is done but for what it sent.
pub(super) struct Sent {
    pub outcome: Result<Answer, ToolError>,
    pub held: Vec<Arc<HeldSending>>,
    /// The tab it acted on, as it stood before.
    pub page: Option<(Arc<Page>, Mark)>,
    /// Did a person say yes to it?
    pub approved: bool,
    /// What the agent is told before all else.
    pub said: Option<String>,
}

/// Such calls whose agent was told to come back.
#[derive(Default)]
pub(super) struct Away(Mutex<VecDeque<(AwayMark, Sent)>>);

#[derive(PartialEq, Eq)]
struct AwayMark {
    session: helmwatch_protocol::SessionId,
    tool: &'static str,
    digest: [u8; 32],
}

impl Away {
    fn keep(&self, mark: AwayMark, sent: Sent) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == AWAY_MAX {
            kept.pop_front();
        }
        kept.push_back((mark, sent));
    }

    /// The call that is made again, if it is one of them.
    pub fn back(&self, call: &Call<'_>, place: &InSession) -> Option<Sent> {
        let mark = mark(call, place);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(one, _)| *one == mark)?;
        kept.remove(at).map(|(_, sent)| sent)
    }

    /// Forgets those of a session that is over.
    pub fn forget(&self, session: &Session) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(mark, _)| mark.session != *session.id());
    }
}

fn mark(call: &Call<'_>, place: &InSession) -> AwayMark {
    AwayMark { session: place.session.id().clone(), tool: call.tool, digest: call.digest }
}

/// What becomes of one request.
async fn judge(gate: &Gate, session: &Arc<Session>, sending: Sending, judging: Judging) {
    if sending.by_person {
        return release(sending).await;
    }
    let cause = judging.cause.clone();
    let step = sending.redirected && sending.network_id.as_deref().is_some_and(|id| session.was_let_go(id));
    let approved = step || cause.as_ref().is_some_and(|acting| acting.approved);
    let departure = Departure::read(&sending, cause.as_ref()).await;
    let policy = gate.policy.get();
    let summary =
        describe::sending(&sending.method, &sending.url, cause.as_ref().map(|acting| acting.summary.as_str()));
    match decide(&policy, session, &sending, &departure) {
        Verdict::Allow { .. } => release(sending).await,
        Verdict::Ask { .. } if approved => {
            if let Some(id) = &sending.network_id {
                session.let_go(id);
            }
            release(sending).await;
        }
        Verdict::Deny { rule, message } => {
            sending.refuse();
            let why = format!("the rule \"{}\" does not allow it: {}", rule, response::one_line(&message));
            refused(gate, session, cause.as_ref(), &summary, &why);
        }
        Verdict::Ask { rule, message, ttl, asking } => {
            match gate.desk.let_through(session.id(), &asking, &summary).await {
                Ok(Some(_)) => return release(sending).await,
                Ok(None) => {}
                // What cannot be written down is asked about.
                Err(error) => tracing::warn!(%error, "a grant could not be used"),
            }
            let digest = digest(&sending);
            let held = match session.hold(cause.as_ref(), summary.clone(), digest) {
                Ok(held) => held,
                Err(not_held) => {
                    sending.refuse();
                    let why = match not_held {
                        NotHeld::Refused => "a person has said no to the same a moment ago".to_owned(),
                        NotHeld::Asked => "the same is being asked already".to_owned(),
                        NotHeld::Full(most) => format!("{most} requests of this session wait for people already"),
                    };
                    return refused(gate, session, cause.as_ref(), &summary, &why);
                }
            };
            // Held: the call it is of sees it from here on.
            drop(judging);
            let asked = Asked { rule, message, ttl, asking, digest };
            ask(gate, session, sending, &departure, &held, asked).await;
        }
    }
}

/// What the policy says of a request.
fn decide(policy: &Policy, session: &Session, sending: &Sending, departure: &Departure) -> Verdict {
    let values: Vec<String> = departure.fields.iter().map(|field| field.value.clone()).collect();
    policy.decide(&CallFacts {
        caller: session.owner().facts(),
        tool: CallFacts::REQUEST_TOOL,
        effect: Effect::Send,
        page_url: Some(sending.from_url.as_str()).filter(|url| !url.is_empty()),
        to_url: Some(&sending.url),
        targets: &departure.targets,
        values: &values,
        uploads: departure.uploads,
        request: Some(RequestFacts { method: &sending.method, kind: departure.kind }),
    })
}

async fn release(sending: Sending) {
    if let Err(error) = sending.release().await {
        tracing::debug!(%error, "a request that may go is gone already");
    }
}

/// A request was refused without a question: people see it on the timeline, and its agent hears of it.
fn refused(gate: &Gate, session: &Session, cause: Option<&Acting>, summary: &str, why: &str) {
    let number = session.call_begun(CallFacts::REQUEST_TOOL, summary);
    session.call_moved(number, CallState::Refused, Some(why));
    session.tell_of_sending(format!("- {summary}: refused, because {why}"));
    note(gate, session, &format!("{summary}: {why}"), "refused");
    tracing::info!(session = %session.id(), of_call = cause.is_some(), "a page's request was refused");
}

fn note(gate: &Gate, session: &Session, text: &str, outcome: &str) {
    gate.audit.note(Line {
        session: Some(session.id().clone()),
        subject: Some(CallFacts::REQUEST_TOOL.to_owned()),
        outcome: outcome.to_owned(),
        ..Line::new(now_ms(), Kind::Call, session.owner().tenant().clone(), session.owner().key().as_str(), text)
    });
}

/// What a rule asks of a person.
struct Asked {
    rule: String,
    message: String,
    ttl: Duration,
    asking: Asking,
    digest: [u8; 32],
}

/// Puts a held request before a person and does what they say.
async fn ask(
    gate: &Gate,
    session: &Arc<Session>,
    sending: Sending,
    departure: &Departure,
    held: &Arc<HeldSending>,
    asked: Asked,
) {
    let number = session.call_begun(CallFacts::REQUEST_TOOL, &held.summary);
    session.call_moved(number, CallState::Waiting, None);
    let end = decided(gate, session, sending, departure, held, asked).await;
    let (state, outcome, why) = match &end {
        SendingEnd::Sent => (CallState::Done, "ok", None),
        SendingEnd::Denied { by, reason } => {
            let reason = reason.as_deref().filter(|reason| !reason.is_empty()).map(response::one_line);
            (
                CallState::Refused,
                "refused",
                Some(reason.map_or_else(|| format!("{by} denied it"), |reason| format!("{by} denied it: {reason}"))),
            )
        }
        SendingEnd::Expired => (CallState::Refused, "refused", Some("nobody approved it in time".to_owned())),
        SendingEnd::Over(why) => (CallState::Refused, "refused", Some(why.clone())),
    };
    session.call_moved(number, state, why.as_deref());
    let ended = why.map_or_else(|| format!("{}: sent", held.summary), |why| format!("{}: {why}", held.summary));
    if !held.is_of_a_call() {
        session.tell_of_sending(format!("- {}", response::one_line(&ended)));
    }
    note(gate, session, &ended, outcome);
    session.sending_ended(held, end);
}

async fn decided(
    gate: &Gate,
    session: &Arc<Session>,
    sending: Sending,
    departure: &Departure,
    held: &Arc<HeldSending>,
    asked: Asked,
) -> SendingEnd {
    let (gone, closing) = (sending.gone(), session.closing());
    let picture = match &sending.page {
        Some(page) => held::picture(page).await,
        None => None,
    };
    // What a person typed into secret fields is nobody's to read, wherever a page puts it.
    let mut fields = describe::sent(&sending.method, &sending.url, &departure.fields);
    for field in &mut fields {
        field.value = session.covered(&field.value).into_owned();
    }
    let card = Card {
        session: session.id().clone(),
        session_name: session.name().to_owned(),
        tenant: session.owner().tenant().clone(),
        owner: session.owner().key().clone(),
        tool: CallFacts::REQUEST_TOOL.to_owned(),
        summary: held.summary.clone(),
        origin: held::origin(&sending.url),
        url: sending.from_url.clone(),
        rule: asked.rule,
        reason: asked.message,
        asking: asked.asking,
        editable: Vec::new(),
        editing: None,
        fields,
        outline: None,
        picture,
        // What is sent stands still: there is nothing that could change until it goes.
        fingerprint: String::new(),
        arguments_digest: asked.digest,
        ttl: asked.ttl.min(gate.settings.ask_ttl_max),
    };
    let id = match gate.desk.ask(card).await {
        Ok(ticket) => ticket.id,
        Err(error) => return SendingEnd::Over(format!("it could not be asked: {error}")),
    };
    held.asked(id.clone());
    if !held.is_of_a_call() {
        session.tell_of_sending(format!("- {}: waiting for a person to approve it ({id})", held.summary));
    }
    let outcome = loop {
        let over = |why: &'static str| async {
            if let Err(error) = gate.desk.withdraw_one(&id, why).await {
                tracing::warn!(%error, "the card of a request that is gone stays open until it expires");
            }
            SendingEnd::Over(why.to_owned())
        };
        tokio::select! {
            biased;
            () = closing.cancelled() => return over("the session ended").await,
            () = gone.cancelled() => return over("its page gave it up").await,
            outcome = gate.desk.wait(&id, PROGRESS_EVERY) => match outcome {
                Outcome::Waiting(_) => {}
                outcome => break outcome,
            },
        }
    };
    match outcome {
        Outcome::Approved(permit) => {
            // The rules of now, not of when it was asked.
            let no = match decide(&gate.policy.get(), session, &sending, departure) {
                Verdict::Deny { rule, .. } => Some(format!("the rule \"{rule}\" does not allow it any more")),
                Verdict::Ask { asking, .. } if !permit.answers(&asking) => {
                    Some("the rules ask more now than was answered".to_owned())
                }
                Verdict::Ask { .. } | Verdict::Allow { .. } => None,
            };
            if let Some(why) = no {
                if let Err(error) = gate.desk.abandon(permit, &why).await {
                    tracing::warn!(%error, "a stale approval could not be stored; it goes stale by itself");
                }
                return SendingEnd::Over(why);
            }
            let running = match gate.desk.begin(permit).await {
                Ok(running) => running,
                Err(error) => return SendingEnd::Over(error.to_string()),
            };
            if let Some(network_id) = &sending.network_id {
                session.let_go(network_id);
            }
            let (how, end) = match sending.release().await {
                Ok(()) => (Finish::Executed, SendingEnd::Sent),
                Err(error) if error.is_gone() => {
                    (Finish::OutcomeUnknown, SendingEnd::Over("the browser went while it was let go".to_owned()))
                }
                Err(_) => (Finish::Stale, SendingEnd::Over("its page gave it up".to_owned())),
            };
            if let Err(error) = running.finish(how).await {
                tracing::error!(%error, "the end of an approved request could not be stored yet");
            }
            end
        }
        Outcome::Denied { by, reason } => SendingEnd::Denied { by, reason },
        Outcome::TakenOver { by, .. } => {
            SendingEnd::Over(format!("{by} took over the browser instead of approving it"))
        }
        Outcome::Expired => SendingEnd::Expired,
        Outcome::Over { state: ApprovalState::Expired, .. } => SendingEnd::Expired,
        Outcome::Over { reason, .. } => SendingEnd::Over(reason.unwrap_or_else(|| "its question is over".to_owned())),
        Outcome::Waiting(_) | Outcome::Unknown => SendingEnd::Over("its question is no longer known".to_owned()),
    }
}

/// Tells a request from others: what it carries, where to, and from where.
fn digest(sending: &Sending) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [sending.method.as_bytes(), sending.url.as_bytes(), sending.from_url.as_bytes(), &sending.body] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Returns when a call should be answered although it still runs: what it waits for is held, and comes when a person says so.
pub(super) async fn stuck(session: &Session, page: Option<&Page>, known: &Known, number: crate::session::CallNumber) {
    session.something_held(number).await;
    // These wait for what a script of the page comes to.
    let scripted = matches!(known.tool, "browser_evaluate" | "browser_webmcp_call");
    loop {
        sleep_until(Instant::now() + RUNS_ON_FOR).await;
        let responds = match page {
            Some(page) => page.responds().await,
            None => true,
        };
        if scripted || !responds {
            return;
        }
    }
}

/// What is said of a call that did not come to its own end.
pub(super) fn cut_off() -> Result<Answer, ToolError> {
    Ok(Answer::result("What the page came to was not waited for: it waited for what it sent.").and_snapshot())
}

/// Waits for people to decide about what a call has sent, as long as a call may be held, and then answers it.
pub(super) async fn finish(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    mut sent: Sent,
) -> (Reply, Option<ToolError>) {
    let until = Instant::now() + gate.settings.hold;
    let failed = |error: ToolError| (response::refusal(&error), Some(error));
    loop {
        place.session.call_moved(place.number, CallState::Waiting, None);
        let deciding = wait(gate, call, place, &sent.held, until);
        let Some(ends) = deciding.instrument(tracing::info_span!("sending wait")).await else {
            let error = waiting(gate, &sent.held);
            gate.away.keep(mark(call, place), sent);
            return failed(error);
        };
        if let Some(error) = problem(&sent.held, &ends) {
            return failed(error);
        }
        place.session.call_moved(place.number, CallState::Running, None);
        match again(gate, call, place, known.clone(), sent).await {
            Ok(First::Sent(more)) => sent = *more,
            Ok(other) => return other.over(),
            Err(error) => return failed(error),
        }
    }
}

/// What was let go goes on: the page comes to rest, and the call is answered, unless it has sent more that is held.
async fn again(gate: &Gate, call: &Call<'_>, place: &InSession, known: Known, sent: Sent) -> Result<First, ToolError> {
    let (session, number, terms): (_, _, Terms) = (Arc::clone(&place.session), place.number, call.terms);
    let turn = async move {
        let Sent { outcome, page, approved, said, .. } = sent;
        let acting = session.acting(number, known.verb.clone(), approved, Vec::new());
        let page = match page {
            Some((page, mark)) => {
                let mark = page.mark_again(mark);
                if let Err(error) = page.settle(mark).await {
                    tracing::debug!(%error, "a tab went with what it sent");
                }
                Some((page, mark))
            }
            None => None,
        };
        let held = session.held_of(number).await;
        drop(acting);
        if held.is_empty() {
            let mut first = First::done(&session, &known, outcome, terms).await;
            if let Some(said) = said {
                first.say_first(said);
            }
            first
        } else {
            First::Sent(Box::new(Sent { outcome, held, page, approved, said }))
        }
    };
    gate.turn(call, place, Patience::Act, turn).await
}

/// `None`: the hold is over, or the client left.
async fn wait(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    held: &[Arc<HeldSending>],
    until: Instant,
) -> Option<Vec<SendingEnd>> {
    let mut ends = std::pin::pin!(join_all(held.iter().map(|held| held.ended())));
    let url = format!("{}/#/s/{}", gate.settings.public_url, place.session.id());
    let mut step = 1.0;
    loop {
        if let Some(progress) = &call.context.progress {
            let message =
                format!("Waiting for a person to approve what the page sends ({}). They decide at {url}", ids(held));
            // A client that reads slowly misses a word, nothing else.
            drop(progress.try_send(Progress { step, message }));
        }
        let next = until.min(Instant::now() + PROGRESS_EVERY);
        tokio::select! {
            biased;
            ends = &mut ends => return Some(ends),
            () = call.context.cancelled.cancelled() => return None,
            () = sleep_until(next) => {}
        }
        if Instant::now() >= until {
            return None;
        }
        step += 1.0;
    }
}

fn ids(held: &[Arc<HeldSending>]) -> String {
    let ids: Vec<String> = held.iter().filter_map(|held| Some(held.card()?.to_string())).collect();
    if ids.is_empty() { "being asked".to_owned() } else { ids.join(", ") }
}

fn waiting(gate: &Gate, held: &[Arc<HeldSending>]) -> ToolError {
    ToolError::new(
        "waiting_for_approval",
        format!(
            "Waiting for approval {}: a person has not decided yet about what the page sends. The call was carried out, this was not sent: {}.",
            ids(held),
            held.iter().map(|held| held.summary.as_str()).collect::<Vec<_>>().join("; "),
        ),
        format!(
            "Call again with the same arguments to continue waiting; it will not be carried out twice. People decide at {}.",
            gate.settings.public_url
        ),
    )
}

/// The first that did not go.
fn problem(held: &[Arc<HeldSending>], ends: &[SendingEnd]) -> Option<ToolError> {
    let (held, end) = held.iter().zip(ends).find(|(_, end)| **end != SendingEnd::Sent)?;
    let id = held.card().map(|id| format!(" ({id})")).unwrap_or_default();
    let what = &held.summary;
    Some(match end {
        SendingEnd::Sent => return None,
        SendingEnd::Denied { by, reason } => {
            let reason = reason.as_deref().filter(|reason| !reason.is_empty()).map(response::one_line);
            let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            ToolError::new(
                "denied",
                format!(
                    "The call was carried out, but {by} denied what the page was about to send{id}{reason}. Not sent: {what}."
                ),
                "Do not try it again by another way; do something else or ask the person.",
            )
        }
        SendingEnd::Expired => ToolError::new(
            "approval_expired",
            format!(
                "The call was carried out, but nobody approved in time what the page was about to send{id}. Not sent: {what}."
            ),
            "Call again to ask anew, when somebody is there to answer.",
        ),
        SendingEnd::Over(why) => ToolError::new(
            "stale",
            format!(
                "The call was carried out, but what the page was about to send did not go{id}: {why}. Not sent: {what}."
            ),
            "Take a snapshot (browser_snapshot), and call again if it is still right; it will be asked anew.",
        ),
    })
}

//! A call held for a person, from the question to its end.

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::{ApprovalState, CallState, approval_link};
use tokio::time::timeout;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::act::act;
use super::editor::{self, HeldCall};
use super::first::First;
use super::gate::{self, Call, Gate, InSession};
use super::look::{Known, Seen, decide, look, look_closer};
use super::prepared::{Run, Work};
use super::{Progress, Reply, ToolError, describe, own_client, response, sending};
use crate::approval::{Card, Editing, Finish, Outcome, Permit, Picture, Ticket};
use crate::policy::{Asking, Verdict};
use crate::session::{Page, Patience, PictureFormat, Shot};

/// The picture on a card is worth this wait, not more; a card without one is still a card.
const PICTURE_WAIT: Duration = Duration::from_secs(3);
/// JPEG quality of a card's picture.
const PICTURE_QUALITY: u8 = 75;
/// How often a waiting client hears that it still waits. Known clients give up after 60 s of silence.
pub(super) const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// A card that is on disk.
pub(super) struct Held {
    ticket: Ticket,
}

impl Held {
    /// The card of the same call made before, if it is still of use.
    pub fn again(gate: &Gate, call: &Call<'_>, place: &InSession) -> Option<Self> {
        let key = call.context.caller.key();
        let ticket = gate.desk.find_continuation(place.session.id(), key, call.tool, &call.digest)?;
        Some(Self { ticket })
    }

    /// Puts the call before a person. When this answers, the card is on disk.
    #[allow(clippy::too_many_arguments, reason = "the parts of one verdict, used once")]
    pub async fn ask(
        gate: &Gate,
        call: &Call<'_>,
        place: &InSession,
        known: &Known,
        seen: Seen,
        rule: String,
        message: String,
        ttl: Duration,
        asking: Asking,
    ) -> Result<Self, ToolError> {
        let session = &place.session;
        let picture = match &seen.page {
            Some(page) => picture(page).await,
            None => None,
        };
        let held = Arc::new(HeldCall {
            tool: Arc::clone(&call.read_by),
            arguments: call.arguments.clone(),
            known: known.clone(),
            owner: session.owner().clone(),
            page_url: seen.page_url.clone(),
            readings: seen.readings.clone(),
            asking: asking.clone(),
            policy: Arc::clone(&gate.policy),
        });
        let card = Card {
            session: session.id().clone(),
            session_name: session.name().to_owned(),
            tenant: session.owner().tenant().clone(),
            owner: session.owner().key().clone(),
            tool: call.tool.to_owned(),
            summary: describe::sentence(&known.verb, &seen.readings, known.to_url.as_deref()),
            origin: origin(known.to_url.as_deref().unwrap_or(&seen.page_url)),
            url: seen.page_url.clone(),
            rule,
            reason: message,
            asking,
            editable: held.editable(),
            editing: Some(Editing(held)),
            fields: describe::fields(known.effect, &seen.readings, &known.values),
            outline: seen.readings.last().map(|reading| reading.rect),
            picture,
            fingerprint: fingerprint(&seen),
            arguments_digest: call.digest,
            ttl: ttl.min(gate.settings.ask_ttl_max),
        };
        let ticket = gate.desk.ask(card).await.map_err(|error| {
            ToolError::new("approval_unavailable", format!("The call was not run: {error}."), error.hint())
        })?;
        Ok(Self { ticket })
    }
}

/// Waits for the decision, as long as a call may be held, and does what it says.
pub(super) async fn finish(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    run: Run,
    held: Held,
) -> (Reply, Option<ToolError>) {
    place.session.call_moved(place.number, CallState::Waiting, None);
    if let Some(question) = own_client::asks_again(gate, call, &held.ticket).await {
        let error = refused(gate, &held.ticket, Outcome::Waiting(held.ticket.clone()));
        return (Reply { question: Some(question), ..response::refusal(&error) }, Some(error));
    }
    let span = tracing::info_span!(
        "approval wait",
        helmwatch.approval.id = %held.ticket.id,
        helmwatch.approval.outcome = Empty,
    );
    let waiting = async {
        tokio::select! {
            biased;
            outcome = wait(gate, call, &held.ticket) => outcome,
            never = own_client::asked_meanwhile(gate, call, &held.ticket) => match never {},
            () = call.context.cancelled.cancelled() => Outcome::Waiting(held.ticket.clone()),
            () = place.session.ended() => withdrawn(gate, place).await,
        }
    };
    let outcome = waiting.instrument(span.clone()).await;
    span.record("helmwatch.approval.outcome", outcome.word());
    drop(span);
    let error = match outcome {
        Outcome::Approved(permit) => return Box::pin(approved(gate, call, place, known, run, permit)).await,
        other => refused(gate, &held.ticket, other),
    };
    (response::refusal(&error), Some(error))
}

/// The agent hears of the end when nobody can say yes any more, not before.
async fn withdrawn(gate: &Gate, place: &InSession) -> Outcome {
    const WHY: &str = "the session ended";
    if let Err(error) = gate.desk.withdraw(place.session.id(), WHY).await {
        tracing::warn!(%error, "the approvals of a session that ended stay open until they expire");
    }
    Outcome::Over { state: ApprovalState::Withdrawn, reason: Some(WHY.to_owned()) }
}

async fn wait(gate: &Gate, call: &Call<'_>, ticket: &Ticket) -> Outcome {
    let id = &ticket.id;
    let url = approval_link(&gate.settings.public_url, id);
    let mut left = gate.settings.hold;
    let mut step = 1.0;
    loop {
        if let Some(progress) = &call.context.progress {
            let message = format!("Waiting for a person to approve this call ({id}). They decide at {url}");
            // A client that reads slowly misses a word, nothing else.
            drop(progress.try_send(Progress { step, message }));
        }
        let part = left.min(PROGRESS_EVERY);
        match gate.desk.wait(id, part).await {
            Outcome::Waiting(_) if left > part => {
                left -= part;
                step += 1.0;
            }
            other => return other,
        }
    }
}

/// The call as it is to run: the agent's, or what a person made of it.
struct ToRun {
    known: Known,
    run: Run,
    /// Says to the agent what a person changed.
    said: Option<String>,
}

impl ToRun {
    fn of(call: &Call<'_>, known: Known, run: Run, permit: &Permit) -> Result<Self, ToolError> {
        let Some(edited) = &permit.edited else { return Ok(Self { known, run, said: None }) };
        let prepared = call.read_by.prepare(edited.arguments.clone())?;
        let changed = editor::known_of(&known, &prepared);
        let Work::Page(run) = prepared.work else {
            return Err(ToolError::new("stale", "What a person made of this call cannot be run here.", "Call again."));
        };
        let said = format!("{} changed this call before it ran: {}.", permit.by, edited.view.what);
        Ok(Self { known: changed, run, said: Some(said) })
    }
}

/// The second turn: the page is compared with what the person saw, and only then does anything run.
async fn approved(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    run: Run,
    permit: Box<Permit>,
) -> (Reply, Option<ToolError>) {
    place.session.call_moved(place.number, CallState::Running, None);
    let (session, desk, terms, number) = (Arc::clone(&place.session), gate.desk.clone(), call.terms, place.number);
    let again = known.clone();
    // The rules of now, not of when it was asked.
    let policy = gate.policy.get();
    let asked = known.clone();
    let to_run = ToRun::of(call, known, run, &permit);
    let turn = async move {
        let changed = |why: &str| {
            ToolError::new(
                "stale",
                format!("A person approved this call, but {why}, so it was not run."),
                "Take a snapshot (browser_snapshot), and call again if it is still right; it will be asked anew.",
            )
        };
        let ToRun { mut known, run, said } = match to_run {
            Ok(to_run) => to_run,
            Err(error) => {
                let what = error.what.trim_end_matches('.').to_owned();
                return give_up(&desk, permit, changed(&format!("what they made of it cannot be run ({what})"))).await;
            }
        };
        if let Some(controller) = session.controller() {
            return give_up(&desk, permit, changed(&format!("{} drives the browser now", controller.name))).await;
        }
        let looked = async {
            let mut seen = look(&session, &known).await?;
            look_closer(&mut seen).await?;
            Ok::<Seen, ToolError>(seen)
        };
        let seen = match looked.await {
            Ok(seen) => seen,
            Err(error) => {
                let stale =
                    changed(&format!("the page can no longer be acted on ({})", error.what.trim_end_matches('.')));
                return give_up(&desk, permit, stale).await;
            }
        };
        if fingerprint(&seen) != permit.fingerprint {
            return give_up(&desk, permit, changed("the page has changed since")).await;
        }
        match decide(&policy, session.owner(), &known, &seen) {
            Verdict::Deny { rule, message } => {
                return give_up(&desk, permit, gate::not_allowed(&rule, &message)).await;
            }
            Verdict::Ask { asking, .. } if !permit.answers(&asking) => {
                return give_up(&desk, permit, changed("the rules ask more now than was answered")).await;
            }
            Verdict::Ask { .. } | Verdict::Allow { .. } => {}
        }
        if said.is_some() {
            known.hidden = editor::typed_secrets(&asked, &known, &seen.readings);
            let what = describe::sentence(&known.verb, &seen.readings, known.to_url.as_deref());
            session.call_named(number, &format!("{what} (changed by {})", permit.by));
        }
        // From here on it is on disk that the call may have run.
        let running = match desk.begin(permit).await {
            Ok(running) => running,
            Err(error) => {
                let error = ToolError::new("stale", format!("The call was not run: {error}."), error.hint());
                return First::Done(response::refusal(&error), Some(error));
            }
        };
        let mut first = act(&session, &known, seen, run, terms, number, true).await;
        let how = match first.error() {
            Some(error) if error.code == "browser_gone" || error.code == "renderer_crashed" => Finish::OutcomeUnknown,
            _ => Finish::Executed,
        };
        if let Err(error) = running.finish(how).await {
            tracing::error!(%error, "the end of an approved call could not be stored yet");
        }
        if let Some(said) = said {
            first.say_first(said);
        }
        first
    };
    match gate.turn(call, place, Patience::Act, turn).await {
        Ok(First::Sent(sent)) => Box::pin(sending::finish(gate, call, place, again, *sent)).await,
        Ok(done) => done.over(),
        Err(error) => (response::refusal(&error), Some(error)),
    }
}

async fn give_up(desk: &crate::approval::Desk, permit: Box<Permit>, error: ToolError) -> First {
    if let Err(not_kept) = desk.abandon(permit, &error.what).await {
        tracing::warn!(error = %not_kept, "a stale approval could not be stored; it goes stale by itself");
    }
    First::Done(response::refusal(&error), Some(error))
}

fn refused(gate: &Gate, ticket: &Ticket, outcome: Outcome) -> ToolError {
    let id = &ticket.id;
    match outcome {
        Outcome::Waiting(_) | Outcome::Approved(_) => ToolError::new(
            "waiting_for_approval",
            format!("Waiting for approval {id}: a person has not decided yet, and nothing was done."),
            format!(
                "Call again with the same arguments to continue waiting. People decide at {}",
                approval_link(&gate.settings.public_url, id)
            ),
        ),
        Outcome::Denied { by, reason } => ToolError::new(
            "denied",
            match reason.filter(|reason| !reason.is_empty()) {
                Some(reason) => format!("{by} denied this call ({id}): {}", response::one_line(&reason)),
                None => format!("{by} denied this call ({id}); nothing was done."),
            },
            "Do not try it again by another way; do something else or ask the person.",
        ),
        Outcome::TakenOver { by, reason } => ToolError::new(
            "taken_over",
            match reason.filter(|reason| !reason.is_empty()) {
                Some(reason) => format!(
                    "{by} took over the browser instead of approving this call ({id}), which was not run: {}",
                    response::one_line(&reason)
                ),
                None => format!("{by} took over the browser instead of approving this call ({id}), which was not run."),
            },
            "When they have handed back, take a snapshot (browser_snapshot) and look at what they did before going on.",
        ),
        Outcome::Expired => ToolError::new(
            "approval_expired",
            format!("Nobody approved this call in time ({id}); nothing was done."),
            "Call again to ask anew, when somebody is there to answer.",
        ),
        Outcome::Over { state, reason } => ToolError::new(
            "stale",
            format!(
                "Approval {id} is over ({}){}; nothing was done by this call.",
                match state {
                    ApprovalState::Executed => "already executed",
                    ApprovalState::OutcomeUnknown => "it is not known whether it took effect",
                    ApprovalState::Withdrawn => "withdrawn",
                    _ => "stale",
                },
                reason.map(|reason| format!(": {reason}")).unwrap_or_default()
            ),
            "Take a snapshot (browser_snapshot), and call again if it is still right; it will be asked anew.",
        ),
        Outcome::Unknown => ToolError::new(
            "stale",
            format!("Approval {id} is no longer known; nothing was done."),
            "Call again to ask anew.",
        ),
    }
}

/// The page, its address, and each element with its form's values and its place: what a person's yes is good for.
fn fingerprint(seen: &Seen) -> String {
    let page = seen.page.as_deref().map_or(0, Page::number);
    let mut parts = format!("{page}\n{}", seen.page_url);
    for reading in &seen.readings {
        parts.push('\n');
        parts.push_str(&reading.fingerprint);
        parts.push(' ');
        parts.push_str(reading.place.as_deref().unwrap_or_default());
    }
    parts
}

pub(super) async fn picture(page: &Page) -> Option<Picture> {
    let taken = timeout(PICTURE_WAIT, page.capture(Shot::Viewport, PictureFormat::Jpeg, PICTURE_QUALITY)).await;
    let (width, height) = page.viewport();
    match taken {
        Ok(Ok(jpeg)) => Some(Picture { jpeg, width, height }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "no picture for an approval");
            None
        }
        Err(_) => None,
    }
}

/// `https://example.org`, or the address as it is when it has none.
pub(super) fn origin(address: &str) -> String {
    url::Url::parse(address).map_or_else(
        |_| address.to_owned(),
        |url| match url.origin() {
            origin if origin.is_tuple() => origin.ascii_serialization(),
            _ => address.to_owned(),
        },
    )
}

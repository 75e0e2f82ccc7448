//! A call held for a person, from the question to its end.

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::{ApprovalState, CallState, approval_link};
use tokio::time::timeout;

use super::gate::{self, Call, Gate, InSession};
use super::look::{Known, Seen, decide, look};
use super::prepared::Run;
use super::{Progress, Reply, ToolError, describe, own_client, response};
use crate::approval::{Card, Finish, Grant, Outcome, Picture, Ticket};
use crate::policy::Verdict;
use crate::session::{Page, Patience, PictureFormat, Shot};

/// The picture on a card is worth this wait, not more; a card without one is still a card.
const PICTURE_WAIT: Duration = Duration::from_secs(3);
/// JPEG quality of a card's picture.
const PICTURE_QUALITY: u8 = 75;
/// How often a waiting client hears that it still waits. Known clients give up after 60 s of silence.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

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
    ) -> Result<Self, ToolError> {
        let session = &place.session;
        let picture = match &seen.page {
            Some(page) => picture(page).await,
            None => None,
        };
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
            fields: describe::fields(&seen.readings, &known.values),
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
    let outcome = {
        tokio::select! {
            biased;
            outcome = wait(gate, call, &held.ticket) => outcome,
            never = own_client::asked_meanwhile(gate, call, &held.ticket) => match never {},
            () = call.context.cancelled.cancelled() => Outcome::Waiting(held.ticket.clone()),
            () = place.session.ended() => withdrawn(gate, place).await,
        }
    };
    let error = match outcome {
        Outcome::Approved(grant) => return approved(gate, call, place, known, run, grant).await,
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

/// The second turn: the page is compared with what the person saw, and only then does anything run.
async fn approved(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    run: Run,
    grant: Grant,
) -> (Reply, Option<ToolError>) {
    place.session.call_moved(place.number, CallState::Running, None);
    let (session, desk, terms) = (Arc::clone(&place.session), gate.desk.clone(), call.terms);
    // The rules of now, not of when it was asked.
    let policy = gate.policy.get();
    let turn = async move {
        let changed = |why: &str| {
            ToolError::new(
                "stale",
                format!("A person approved this call, but {why}, so it was not run."),
                "Take a snapshot (browser_snapshot), and call again if it is still right; it will be asked anew.",
            )
        };
        let seen = match look(&session, &known).await {
            Ok(seen) => seen,
            Err(error) => {
                let stale =
                    changed(&format!("the page can no longer be acted on ({})", error.what.trim_end_matches('.')));
                return give_up(&desk, grant, stale).await;
            }
        };
        if fingerprint(&seen) != grant.fingerprint {
            return give_up(&desk, grant, changed("the page has changed since")).await;
        }
        if let Verdict::Deny { rule, message } = decide(&policy, session.owner(), &known, &seen) {
            return give_up(&desk, grant, gate::not_allowed(&rule, &message)).await;
        }
        // From here on it is on disk that the call may have run.
        let running = match desk.begin(grant).await {
            Ok(running) => running,
            Err(error) => {
                let error = ToolError::new("stale", format!("The call was not run: {error}."), error.hint());
                return (response::refusal(&error), Some(error));
            }
        };
        let (reply, error) = gate::act_approved(&session, &known, seen, run, terms).await;
        let how = match &error {
            Some(error) if error.code == "browser_gone" || error.code == "renderer_crashed" => Finish::OutcomeUnknown,
            _ => Finish::Executed,
        };
        if let Err(error) = running.finish(how).await {
            tracing::error!(%error, "the end of an approved call could not be stored yet");
        }
        (reply, error)
    };
    match gate.turn(call, place, Patience::Act, turn).await {
        Ok(done) => done,
        Err(error) => (response::refusal(&error), Some(error)),
    }
}

async fn give_up(desk: &crate::approval::Desk, grant: Grant, error: ToolError) -> (Reply, Option<ToolError>) {
    if let Err(not_kept) = desk.abandon(grant, &error.what).await {
        tracing::warn!(error = %not_kept, "a stale approval could not be stored; it goes stale by itself");
    }
    (response::refusal(&error), Some(error))
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

/// The page, its address, and each element with its form's values: what a person's yes is good for.
fn fingerprint(seen: &Seen) -> String {
    let page = seen.page.as_deref().map_or(0, Page::number);
    let mut parts = format!("{page}\n{}", seen.page_url);
    for reading in &seen.readings {
        parts.push('\n');
        parts.push_str(&reading.fingerprint);
    }
    parts
}

async fn picture(page: &Page) -> Option<Picture> {
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
fn origin(address: &str) -> String {
    url::Url::parse(address).map_or_else(
        |_| address.to_owned(),
        |url| match url.origin() {
            origin if origin.is_tuple() => origin.ascii_serialization(),
            _ => address.to_owned(),
        },
    )
}

//! What becomes of a call that a person carries out: they are asked, and the agent waits as it does for an approval.

use std::sync::Arc;
use std::time::Duration;

use helmwatch_protocol::{CallState, HandoffOutcome, handoff_link};
use tracing::Instrument as _;

use super::first::First;
use super::gate::{Call, Gate, InSession};
use super::look::Known;
use super::prepared::Wanted;
use super::terms::{SnapshotMode, Terms};
use super::{Answer, Progress, Reply, ToolError, response};
use crate::session::{Answering, HandoffEnd, Patience, SessionError};

/// How often a waiting client hears that it still waits.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// What the wait came to.
enum Waited {
    Ended(HandoffEnd),
    Still,
    SessionOver,
}

/// Asks, waits as long as a call may be held, and says how it ended and what has changed.
pub(super) async fn finish(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    wanted: Wanted,
) -> (Reply, Option<ToolError>) {
    let answering = place.session.ask_person(&wanted.instructions, wanted.patience);
    place.session.call_moved(place.number, CallState::Waiting, None);
    let waiting = async {
        tokio::select! {
            biased;
            waited = wait(gate, call, place, answering) => waited,
            () = call.context.cancelled.cancelled() => Waited::Still,
            () = place.session.ended() => Waited::SessionOver,
        }
    };
    let waited = waiting.instrument(tracing::info_span!("person wait")).await;
    if matches!(waited, Waited::Ended(_)) {
        place.session.handoff_heard();
    }
    let url = watch_url(gate, place);
    let error = match waited {
        Waited::Ended(HandoffEnd::Answered { by, outcome: HandoffOutcome::Done, reason }) => {
            place.session.call_moved(place.number, CallState::Running, None);
            return looked_at_again(gate, call, place, known, done(&by, reason)).await;
        }
        Waited::Ended(HandoffEnd::Answered { by, outcome: HandoffOutcome::Failed, reason }) => ToolError::new(
            "person_failed",
            match reason {
                Some(reason) => format!("{by} could not do it: {}", response::one_line(&reason)),
                None => format!("{by} could not do it."),
            },
            "Take a snapshot to see where the page stands; do something else, or ask for something they can do.",
        ),
        Waited::Ended(HandoffEnd::Expired) => ToolError::new(
            "nobody_came",
            "Nobody did it in time.",
            format!("Go on without, or call again when somebody is there. People look at {url}"),
        ),
        Waited::Ended(HandoffEnd::Replaced) => ToolError::new(
            "replaced",
            "Another call asked a person for something else meanwhile.",
            "Call again if this is still wanted; a session asks one thing at a time.",
        ),
        Waited::Still => ToolError::new(
            "waiting_for_person",
            "A person was asked and has not finished.",
            format!("Call again with the same arguments to go on waiting. They do it at {url}"),
        ),
        Waited::SessionOver => SessionError::Closed("it ended while a person was asked".to_owned()).into(),
    };
    (response::refusal(&error), Some(error))
}

async fn wait(gate: &Gate, call: &Call<'_>, place: &InSession, mut answering: Answering) -> Waited {
    let url = watch_url(gate, place);
    let mut left = gate.settings.hold;
    let mut step = 1.0;
    loop {
        if let Some(progress) = &call.context.progress {
            let message = format!("Waiting for a person. They do it at {url}");
            // A client that reads slowly misses a word, nothing else.
            drop(progress.try_send(Progress { step, message }));
        }
        let part = left.min(PROGRESS_EVERY);
        match answering.wait(part).await {
            Some(end) => return Waited::Ended(end),
            None if left > part => {
                left -= part;
                step += 1.0;
            }
            None => return Waited::Still,
        }
    }
}

/// The page may be quite another now: what changed is part of the answer.
async fn looked_at_again(
    gate: &Gate,
    call: &Call<'_>,
    place: &InSession,
    known: Known,
    result: String,
) -> (Reply, Option<ToolError>) {
    let session = Arc::clone(&place.session);
    // Who drove is who says that it is done; what they changed is the snapshot's part of this answer.
    drop(session.take_drive());
    let snapshot = match call.terms.snapshot {
        SnapshotMode::Inline => SnapshotMode::Diff,
        other => other,
    };
    let terms = Terms { snapshot, ..call.terms };
    let turn = async move { First::done(&session, &known, Ok(Answer::result(result).and_snapshot()), terms).await };
    match gate.turn(call, place, Patience::Read, turn).await {
        Ok(first) => first.over(),
        Err(error) => (response::refusal(&error), Some(error)),
    }
}

fn done(by: &str, reason: Option<String>) -> String {
    match reason {
        Some(said) => format!("{} has done it: {}", response::one_line(by), response::one_line(&said)),
        None => format!("{} has done it.", response::one_line(by)),
    }
}

fn watch_url(gate: &Gate, place: &InSession) -> String {
    handoff_link(&gate.settings.public_url, place.session.id())
}

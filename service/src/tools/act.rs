//! Carrying a call out, in the turn in which it was let through.

use std::sync::Arc;

use super::answer::Answer;
use super::first::First;
use super::look::{Known, Seen};
use super::prepared::Run;
use super::sending::{self, Sent};
use super::terms::Terms;
use super::traced::Watched;
use super::{ToolError, Turn, describe};
use crate::policy::Effect;
use crate::session::{CallNumber, Session};

/// Runs what may run, in this very turn; `approved` when a person said yes to it, or to its rule.
pub(super) async fn act(
    session: &Arc<Session>,
    known: &Known,
    seen: Seen,
    run: Run,
    terms: Terms,
    number: CallNumber,
    approved: bool,
) -> First {
    show(session, known, &seen).await;
    let turn = Turn {
        session: Arc::clone(session),
        tabs: session.tabs().iter().map(|tab| tab.number()).collect(),
        downloads: session.downloads_begun(),
        page: seen.page,
        readings: seen.readings,
        navigation_deadline: known.navigation_deadline,
        public_url: Arc::clone(&known.public_url),
        tokens_max: terms.tokens_max,
    };
    let readings = turn.readings.clone();
    let page = turn.page.clone().map(|page| (Arc::clone(&page), page.mark()));
    let watched = Watched::begin();
    Watched::acts(session, known);
    // What pages send from here on is this call's, until it is over.
    let acting = (known.effect != Effect::Read).then(|| {
        let summary = describe::sentence(&known.verb, &readings, known.to_url.as_deref());
        let targets = readings.iter().map(|reading| reading.facts.clone()).collect();
        session.acting(number, summary, approved, targets)
    });
    let outcome = tokio::select! {
        biased;
        outcome = run(turn) => outcome,
        () = sending::stuck(session, page.as_ref().map(|(page, _)| &**page), known, number), if acting.is_some() => sending::cut_off(),
    };
    let outcome = hide(outcome, &known.hidden);
    Watched::acted(session, known, &outcome);
    watched.ended(session, known, &readings, &outcome);
    let held = if acting.is_some() { session.held_of(number).await } else { Vec::new() };
    drop(acting);
    if !held.is_empty() {
        return First::Sent(Box::new(Sent { outcome, held, page, approved, said: None }));
    }
    First::done(session, known, outcome, terms).await
}

/// Takes out of an answer what a person typed for nobody else to read. What the page itself shows of it is the page's doing.
fn hide(outcome: Result<Answer, ToolError>, hidden: &[String]) -> Result<Answer, ToolError> {
    let blank =
        |text: &str| hidden.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "••••••"));
    if hidden.is_empty() {
        return outcome;
    }
    match outcome {
        Ok(answer) => Ok(Answer {
            code: answer.code.iter().map(|line| blank(line)).collect(),
            result: blank(&answer.result),
            ..answer
        }),
        Err(error) => Err(ToolError { what: blank(&error.what), hint: blank(&error.hint), ..error }),
    }
}

/// Shows people what is about to be done, where the agent asked for that. Nothing hangs on it.
async fn show(session: &Session, known: &Known, seen: &Seen) {
    let Some(shown) = session.shown_actions().filter(|_| known.effect != Effect::Read) else { return };
    let Some(page) = seen.page.as_ref().filter(|page| page.dialog().is_none()) else { return };
    let title = match shown.named {
        true => describe::sentence(&known.verb, &seen.readings, known.to_url.as_deref()),
        false => String::new(),
    };
    let at = seen.readings.first().map(|reading| reading.rect);
    if title.is_empty() && at.is_none() {
        return;
    }
    match page.show_action(&title, at, &shown.style, shown.duration).await {
        // The agent's own wish, like browser_wait_for: people are to see it before it happens.
        Ok(()) => tokio::time::sleep(shown.duration).await,
        Err(error) => tracing::debug!(%error, "an action could not be shown"),
    }
}

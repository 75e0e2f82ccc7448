//! An agent's side of a person's turn at the wheel: its calls wait, and its next answer says once what the person changed.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::diff::{Diff, diff};
use super::gate::{Call, InSession, cancelled};
use super::response::one_line;
use super::{Progress, ToolError, budget};
use crate::session::{Drive, Page, Session, SessionError, SnapshotOptions};

/// Word of the error of a call that was not run because a person changed the page while it waited.
pub(super) const NOT_RUN: &str = "changed_by_person";

/// How often a waiting client hears that it still waits.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);
/// Changed lines that are told, and bytes of them; who wants to know more takes a snapshot.
const LINES_MAX: usize = 40;
const BYTES_MAX: usize = 3 << 10;
/// Tabs that are told of one by one.
const TABS_MAX: usize = 8;
/// Longest address or name told, characters.
const TEXT_CHARS_MAX: usize = 200;

/// What a look after a person's turn came to.
pub(super) enum Seen {
    /// As the agent last saw it, or it never looked.
    Same,
    /// Otherwise, and by whom.
    Changed(String),
}

/// Waits until the page is the agent's; did a person drive when the call came?
///
/// # Errors
/// `held_by_person` at `until`; `cancelled` when the client leaves.
pub(super) async fn wait(call: &Call<'_>, place: &InSession, until: Instant) -> Result<bool, ToolError> {
    let session = &place.session;
    if !session.is_driven() {
        return Ok(false);
    }
    // Who has handed back already is not waited for long, and the call was not made behind their back.
    let drives = session.controller().is_some();
    let mut step = 1.0;
    loop {
        let by = session.controller().map_or_else(|| "A person".to_owned(), |who| short(&who.name));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(SessionError::Held(by).into());
        }
        if let Some(progress) = &call.context.progress {
            let message = format!("{by} drives this browser. Waiting until they hand back.");
            // A client that reads slowly misses a word, nothing else.
            drop(progress.try_send(Progress { step, message }));
        }
        step += 1.0;
        tokio::select! {
            biased;
            waited = timeout(left.min(PROGRESS_EVERY), session.undriven()) => if waited.is_ok() { return Ok(drives) },
            () = session.ended() => return Err(session.closed_error().into()),
            () = call.context.cancelled.cancelled() => return Err(cancelled()),
        }
    }
}

/// Looks at what people did since the agent last heard, and notes it for its next answer. `None` when nobody drove.
pub(super) async fn look(session: &Session) -> Option<Seen> {
    let drive = session.take_drive()?;
    let by = drive.by.iter().map(|name| short(name)).collect::<Vec<_>>().join(" and ");
    let seconds = drive.took.as_secs().max(1);
    let mut told = format!("- {by} drove this browser for {seconds} s and handed back.");
    let mut changed = tabs(&mut told, session, &drive);
    let page = session.current_tab();
    match page.as_deref().filter(|page| page.modals().is_empty() && !page.is_crashed()) {
        Some(page) => changed |= page_changed(&mut told, session, page).await,
        None => changed = true,
    }
    session.tell_of_drive(told);
    Some(if changed { Seen::Changed(by) } else { Seen::Same })
}

/// Why a call that waited is not run.
pub(super) fn not_run(by: &str) -> ToolError {
    ToolError::new(
        NOT_RUN,
        format!("{by} drove this browser while the call waited and changed the page, so it was not run."),
        "Read what changed below, and call again if it is still right.",
    )
}

/// What became of the tabs; is it anything?
fn tabs(told: &mut String, session: &Session, drive: &Drive) -> bool {
    let now: Vec<_> = session.tabs().iter().map(|page| (page.number(), page.url())).collect();
    let mut lines = Vec::new();
    for (number, url) in &now {
        match drive.tabs.iter().find(|(before, _)| before == number) {
            None => lines.push(format!("  - new tab: {}", short(url))),
            Some((_, before)) if before != url => lines.push(format!("  - {} is now {}", short(before), short(url))),
            Some(_) => {}
        }
    }
    for (number, url) in &drive.tabs {
        if now.iter().all(|(open, _)| open != number) {
            lines.push(format!("  - closed tab: {}", short(url)));
        }
    }
    let more = lines.len().saturating_sub(TABS_MAX);
    for line in lines.iter().take(TABS_MAX) {
        told.push('\n');
        told.push_str(line);
    }
    if more > 0 {
        told.push_str(&format!("\n  - {more} more tabs changed (browser_tabs lists them)"));
    }
    !lines.is_empty()
}

/// What became of the page, against the snapshot its agent last had; is it anything?
async fn page_changed(told: &mut String, session: &Session, page: &Page) -> bool {
    let snapshot = match page.snapshot(&SnapshotOptions::default()).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::debug!(%error, "no snapshot after a person drove");
            told.push_str("\n  The page could not be looked at: take a snapshot (browser_snapshot).");
            return true;
        }
    };
    let Some(before) = session.snapshot_told(page.number(), &snapshot.yaml) else {
        // Nothing to compare with, and so nothing told of it either.
        session.forget_snapshot();
        return false;
    };
    // Where the keyboard is, is no change of the page.
    if without_focus(&before) == without_focus(&snapshot.yaml) {
        told.push_str("\n  The page reads as in your last snapshot, and its refs are good.");
        return false;
    }
    match diff(&before, &snapshot.yaml) {
        Diff::Changed(lines) => {
            let (shown, left) = first_lines(&lines);
            told.push_str("\n  Changed since your last snapshot (+ new, - gone; other refs are good):\n```diff\n");
            told.push_str(&shown);
            told.push_str("\n```");
            if left > 0 {
                session.forget_snapshot();
                told.push_str(&format!("\n  {left} more lines changed: browser_snapshot shows the page."));
            }
        }
        Diff::Whole | Diff::Same => {
            session.forget_snapshot();
            let cut = budget::cut(&snapshot.yaml, BYTES_MAX, BYTES_MAX);
            told.push_str("\n  The page is another one; refs of your last snapshot are gone. It begins:\n```yaml\n");
            told.push_str(&cut.yaml);
            told.push_str("\n```");
        }
    }
    true
}

fn without_focus(yaml: &str) -> String {
    yaml.replace(" [active]", "")
}

/// As many lines as are told, and how many are not.
fn first_lines(lines: &str) -> (String, usize) {
    let mut shown = String::new();
    let mut count = 0;
    for line in lines.lines() {
        if count == LINES_MAX || shown.len() + line.len() > BYTES_MAX {
            break;
        }
        if count > 0 {
            shown.push('\n');
        }
        shown.push_str(line);
        count += 1;
    }
    (shown, lines.lines().count() - count)
}

/// Page text and people's names: one line, and not a long one.
fn short(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_change_is_cut_and_says_how_much_is_missing() {
        let lines: Vec<String> = (0..100).map(|number| format!("+ line {number}")).collect();
        let (shown, left) = first_lines(&lines.join("\n"));
        assert_eq!((shown.lines().count(), left), (LINES_MAX, 100 - LINES_MAX));
        assert_eq!(first_lines("+ one\n- two"), ("+ one\n- two".to_owned(), 0));
        let (shown, left) = first_lines(&"x".repeat(BYTES_MAX + 1));
        assert_eq!((shown.as_str(), left), ("", 1));
    }
}

//! What must be known before a call may act: of the call, of the page, of the elements it names; and what the policy says to it.

use std::sync::Arc;
use std::time::Duration;

use super::ToolError;
use super::prepared::WithModal;
use crate::policy::{CallFacts, Effect, Policy, Verdict};
use crate::session::{BrowserError, Modal, Owner, Page, Session, Target, TargetReading};

/// What must be known of a call in every turn it gets, also the second.
#[derive(Clone)]
pub(super) struct Known {
    pub tool: &'static str,
    pub effect: Effect,
    pub verb: String,
    pub targets: Vec<Target>,
    pub if_there: Vec<Target>,
    pub values: Vec<String>,
    pub to_url: Option<String>,
    pub modal: WithModal,
    pub uploads: bool,
    pub navigation_deadline: Duration,
    pub public_url: Arc<str>,
    /// Secrets a person typed into the call: the agent and its logs never read them.
    pub hidden: Vec<String>,
}

/// What a look at the page said.
pub(super) struct Seen {
    pub page: Option<Arc<Page>>,
    pub page_url: String,
    pub readings: Vec<TargetReading>,
}

/// Looks at the page a call would act on, and at its targets.
pub(super) async fn look(session: &Session, known: &Known) -> Result<Seen, ToolError> {
    let page = session.current_tab();
    modal_state(known, &page.as_deref().map(Page::modals).unwrap_or_default())?;
    let mut readings = Vec::with_capacity(known.targets.len());
    if let Some(page) = page.as_deref() {
        for target in &known.targets {
            readings.push(TargetReading::read(page, target).await?);
        }
        for target in &known.if_there {
            match TargetReading::read(page, target).await {
                Ok(reading) => readings.push(reading),
                // Nothing has the keyboard, nothing is at the point: the page as a whole gets it.
                Err(BrowserError::Page { code, .. }) if code == "not_found" => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let page_url = page.as_deref().map(Page::url).unwrap_or_default();
    Ok(Seen { page, page_url, readings })
}

/// Looks at the elements as a person sees them: for the card, and again before the held call runs. With a dialog open the page answers
/// nothing, and the dialog is what the call is about.
pub(super) async fn look_closer(seen: &mut Seen) -> Result<(), ToolError> {
    let Some(page) = seen.page.clone().filter(|page| page.dialog().is_none()) else { return Ok(()) };
    for reading in &mut seen.readings {
        reading.as_seen(&page).await?;
    }
    Ok(())
}

/// May the call run while these are open?
fn modal_state(known: &Known, open: &[Modal]) -> Result<(), ToolError> {
    let dialog = open.iter().any(|modal| matches!(modal, Modal::Dialog(_)));
    let chooser = open.contains(&Modal::FileChooser);
    let fits = match known.modal {
        WithModal::Fine => true,
        WithModal::ChooserFine => !dialog,
        WithModal::Refused => open.is_empty(),
        WithModal::AnswersDialog => dialog,
        WithModal::AnswersChooser => chooser && !dialog,
    };
    if fits {
        return Ok(());
    }
    let related = match known.modal {
        WithModal::AnswersDialog => Some("No dialog is open; go on with the other tools."),
        WithModal::AnswersChooser if !chooser => {
            Some("No file chooser is open; click the file input or its button first.")
        }
        _ => None,
    };
    if let Some(hint) = related {
        let what = format!("The tool \"{}\" can only be used when there is related modal state present.", known.tool);
        return Err(ToolError::new("no_modal_state", what, hint));
    }
    let (code, hint) = if dialog {
        ("dialog_open", "Answer the dialog first (browser_handle_dialog).")
    } else {
        ("file_chooser_open", "Give the file chooser files, or none to cancel it, first (browser_file_upload).")
    };
    Err(ToolError::new(code, format!("Tool \"{}\" does not handle the modal state.", known.tool), hint))
}

/// What the policy says to a call on what was seen.
pub(super) fn decide(policy: &Policy, owner: &Owner, known: &Known, seen: &Seen) -> Verdict {
    let targets: Vec<_> = seen.readings.iter().map(|reading| reading.facts.clone()).collect();
    policy.decide(&CallFacts {
        caller: owner.facts(),
        tool: known.tool,
        effect: known.effect,
        page_url: Some(seen.page_url.as_str()).filter(|url| !url.is_empty()),
        to_url: known.to_url.as_deref(),
        targets: &targets,
        values: &known.values,
        uploads: known.uploads,
        request: None,
    })
}

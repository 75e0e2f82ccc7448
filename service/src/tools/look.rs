//! What must be known before a call may act: of the call, of the page, of the elements it names; and what the policy says to it.

use std::sync::Arc;
use std::time::Duration;

use super::ToolError;
use super::prepared::WithDialog;
use crate::policy::{CallFacts, Effect, Policy, Verdict};
use crate::session::{BrowserError, Page, Session, Target, TargetReading};

/// What must be known of a call in every turn it gets, also the second.
#[derive(Clone)]
pub(super) struct Known {
    pub tool: &'static str,
    pub effect: Effect,
    pub verb: String,
    pub targets: Vec<Target>,
    pub focused: Option<Target>,
    pub values: Vec<String>,
    pub to_url: Option<String>,
    pub dialog: WithDialog,
    pub navigation_deadline: Duration,
    pub public_url: Arc<str>,
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
    let dialog = page.as_deref().and_then(Page::dialog);
    match (dialog, known.dialog) {
        (Some(_), WithDialog::Refused) => {
            return Err(ToolError::new(
                "dialog_open",
                format!("Tool \"{}\" does not handle the modal state.", known.tool),
                "Answer the dialog first (browser_handle_dialog).",
            ));
        }
        (None, WithDialog::Needed) => {
            return Err(ToolError::new(
                "no_dialog",
                format!("The tool \"{}\" can only be used when there is related modal state present.", known.tool),
                "No dialog is open; go on with the other tools.",
            ));
        }
        _ => {}
    }
    let mut readings = Vec::with_capacity(known.targets.len());
    if let Some(page) = page.as_deref() {
        for target in &known.targets {
            readings.push(TargetReading::read(page, target).await?);
        }
        if let Some(focused) = &known.focused {
            match TargetReading::read(page, focused).await {
                Ok(reading) => readings.push(reading),
                // Nothing has the keyboard: then the key goes to the page as a whole.
                Err(BrowserError::Page { code, .. }) if code == "not_found" => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let page_url = page.as_deref().map(Page::url).unwrap_or_default();
    Ok(Seen { page, page_url, readings })
}

/// What the policy says to a call on what was seen.
pub(super) fn decide(policy: &Policy, known: &Known, seen: &Seen) -> Verdict {
    let targets: Vec<_> = seen.readings.iter().map(|reading| reading.facts.clone()).collect();
    policy.decide(&CallFacts {
        tool: known.tool,
        effect: known.effect,
        page_url: Some(seen.page_url.as_str()).filter(|url| !url.is_empty()),
        to_url: known.to_url.as_deref(),
        targets: &targets,
        values: &known.values,
        uploads: false,
    })
}

//! `alert`, `confirm`, `prompt`, `beforeunload`: while one is open the page runs nothing.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::{
    DialogType, EventJavascriptDialogOpening, HandleJavaScriptDialogParams,
};

use super::Page;
use super::state::cut;
use crate::browser::BrowserError;
use crate::browser::error::impossible;
use crate::browser::lock::lock;

/// Longest message kept, characters.
const MESSAGE_CHARS_MAX: usize = 1000;

/// An open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    pub kind: &'static str,
    /// Page text: data.
    pub message: String,
}

impl Dialog {
    pub(super) fn of(opening: &EventJavascriptDialogOpening) -> Self {
        let kind = match opening.r#type {
            DialogType::Alert => "alert",
            DialogType::Confirm => "confirm",
            DialogType::Prompt => "prompt",
            DialogType::Beforeunload => "beforeunload",
        };
        Self { kind, message: cut(&opening.message, MESSAGE_CHARS_MAX) }
    }
}

impl Page {
    /// Answers the open dialog (`Page.handleJavaScriptDialog`) and returns when the page runs again.
    ///
    /// # Errors
    /// `Page` when there is none.
    pub async fn answer_dialog(&self, accept: bool, text: Option<String>) -> Result<(), BrowserError> {
        let mut command = HandleJavaScriptDialogParams::builder().accept(accept);
        if let Some(text) = text {
            command = command.prompt_text(text);
        }
        let command = command.build().map_err(impossible)?;
        match self.session.execute(command).await {
            Ok(_) => {}
            Err(BrowserError::Refused { .. }) => {
                lock(&self.state).dialog = None;
                self.touch();
                return Err(BrowserError::Page {
                    code: "no_dialog".to_owned(),
                    message: "no dialog is open; take a snapshot to see the page".to_owned(),
                });
            }
            Err(error) => return Err(error),
        }
        self.until("closing the dialog", Duration::from_secs(5), |state| state.dialog.is_none().then_some(())).await
    }
}

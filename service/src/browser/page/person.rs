//! What only a person at the helm does to a tab: fingers, input methods, copying, walking through its history.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::input::{DispatchTouchEventReturns, ImeSetCompositionParams};
use chromiumoxide::cdp::browser_protocol::page::{
    GetNavigationHistoryParams, NavigateToHistoryEntryParams, ReloadParams,
};
use chromiumoxide::types::{Command, Method, MethodId};
use helmwatch_protocol::{Step, TouchKind};
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Frames asked for what is selected.
const FRAMES_ASKED_MAX: usize = 32;
/// How long one frame may take to say what is selected.
const SELECTION_WAIT: Duration = Duration::from_secs(1);

/// One finger on the page, CSS pixels of the tab's viewport.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finger {
    /// Stays with the finger while it is down.
    pub id: u8,
    pub x: f64,
    pub y: f64,
}

/// `Input.dispatchTouchEvent`; the typed command leaves an empty list of fingers out, which Chromium refuses.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TouchEvent<'a> {
    r#type: &'static str,
    touch_points: &'a [Finger],
    modifiers: i64,
}

impl Method for TouchEvent<'_> {
    fn identifier(&self) -> MethodId {
        "Input.dispatchTouchEvent".into()
    }
}

impl Command for TouchEvent<'_> {
    type Response = DispatchTouchEventReturns;
}

#[derive(Serialize)]
struct Nothing {}

/// What a document answers that is asked for its selection.
#[derive(Deserialize)]
struct Selected {
    here: bool,
    text: String,
}

impl Page {
    /// One touch event (`Input.dispatchTouchEvent`); for `End` the fingers that stay.
    ///
    /// # Errors
    /// `DialogOpen` when it opened one; as the connection.
    pub async fn touch_screen(&self, kind: TouchKind, fingers: &[Finger], modifiers: i64) -> Result<(), BrowserError> {
        let r#type = match kind {
            TouchKind::Start => "touchStart",
            TouchKind::Move => "touchMove",
            TouchKind::End => "touchEnd",
            TouchKind::Cancel => "touchCancel",
        };
        self.heard(self.session.execute(TouchEvent { r#type, touch_points: fingers, modifiers })).await.map(drop)
    }

    /// What an input method has so far (`Input.imeSetComposition`), with the selection in it; the finished word is inserted as text and
    /// takes its place. Empty cancels.
    ///
    /// # Errors
    /// As the connection.
    pub async fn compose(&self, text: &str, start: u32, end: u32) -> Result<(), BrowserError> {
        let composition = ImeSetCompositionParams::new(text, i64::from(start), i64::from(end));
        self.heard(self.session.execute(composition)).await.map(drop)
    }

    /// What is selected where the keyboard is; empty when nothing is.
    ///
    /// # Errors
    /// As the connection.
    pub async fn selected(&self) -> Result<String, BrowserError> {
        let mut frames: Vec<_> = {
            let state = lock(&self.state);
            state.frames.iter().map(|(id, frame)| (frame.number, FrameRef { id: id.clone() })).collect()
        };
        frames.sort_unstable_by_key(|(number, _)| *number);
        for (_, frame) in frames.into_iter().take(FRAMES_ASKED_MAX) {
            // A frame that is gone, or busy, has nothing to copy.
            match self.call(&frame, "selection", &Nothing {}, SELECTION_WAIT).await {
                Ok(Selected { here: true, text }) => return Ok(text),
                Err(error @ (BrowserError::DialogOpen | BrowserError::Gone { .. } | BrowserError::Closed)) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(String::new())
    }

    /// One step in the tab's history, or its document anew; returns when Chromium has taken the order.
    ///
    /// # Errors
    /// `Page` (`no_history`) when there is nothing there; as the connection.
    pub async fn walk(&self, step: Step) -> Result<(), BrowserError> {
        let by = match step {
            Step::Reload => return self.session.execute(ReloadParams::default()).await.map(drop),
            Step::Back => -1,
            Step::Forward => 1,
        };
        let history = self.session.execute(GetNavigationHistoryParams::default()).await?;
        let there = usize::try_from(history.current_index + by).ok().and_then(|at| history.entries.get(at));
        let Some(there) = there else {
            return Err(BrowserError::Page {
                code: "no_history".to_owned(),
                message: "there is no page in that direction".to_owned(),
            });
        };
        self.session.execute(NavigateToHistoryEntryParams::new(there.id)).await.map(drop)
    }
}

//! File choosers: what opens when a person presses an `input type=file`. Chromium tells of it instead of showing it, and
//! the input waits for files or for a "cancel".

use std::path::PathBuf;
use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::dom::{BackendNodeId, ResolveNodeParams, SetFileInputFilesParams};
use chromiumoxide::cdp::browser_protocol::page::{EventFileChooserOpened, FileChooserOpenedMode};
use chromiumoxide::cdp::js_protocol::runtime::{ExecutionContextId, RemoteObjectId};
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use super::state::PageState;
use crate::browser::BrowserError;
use crate::browser::error::impossible;
use crate::browser::lock::lock;

/// Choosers open at a time; a page that opens more has the oldest forgotten, as nobody could have answered it.
const CHOOSERS_MAX: usize = 8;

/// A chooser that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::browser) struct Chooser {
    /// Unique within the tab.
    number: u64,
    /// The frame its input belongs to.
    frame: String,
    node: BackendNodeId,
    several: bool,
    /// The input's name in our script, once it is held there: an input that is on no page lives only as long as somebody holds it.
    held: Option<String>,
}

#[derive(Serialize)]
struct On<'a> {
    target: &'a str,
}

#[derive(Deserialize)]
struct FileInput {
    directory: bool,
}

#[derive(Deserialize)]
struct Done {}

impl PageState {
    /// A chooser has opened; answers the number it got. One that belongs to no input (`showOpenFilePicker`) is cancelled by Chromium.
    pub fn chooser_opened(&mut self, opened: &EventFileChooserOpened) -> Option<u64> {
        let node = opened.backend_node_id?;
        if self.choosers.len() >= CHOOSERS_MAX {
            self.choosers.remove(0);
        }
        self.choosers_opened += 1;
        self.choosers.push(Chooser {
            number: self.choosers_opened,
            frame: opened.frame_id.as_ref().to_owned(),
            node,
            several: opened.mode == FileChooserOpenedMode::SelectMultiple,
            held: None,
        });
        Some(self.choosers_opened)
    }

    /// The documents of these frames are gone, and their choosers with them.
    pub fn choosers_gone(&mut self) {
        let frames = &self.frames;
        self.choosers.retain(|chooser| frames.contains_key(&chooser.frame));
    }

    /// The document of a frame is gone.
    pub fn choosers_gone_with(&mut self, frame: &str) {
        self.choosers.retain(|chooser| chooser.frame != frame);
        self.choosers_gone();
    }
}

impl Page {
    /// Holds the input of a chooser that has just opened, before the page's own script can let go of it.
    pub(super) fn hold_chooser(self: &Arc<Self>, number: u64) {
        let page = Arc::clone(self);
        self.tasks.spawn("file chooser", async move {
            if let Err(error) = page.chooser_place(Some(number)).await {
                tracing::debug!(%error, "a file chooser's input could not be held");
            }
        });
    }

    /// Where the input of the oldest open chooser is, or of that one.
    ///
    /// # Errors
    /// `Page` (`no_chooser`) when there is none or its input is gone.
    pub(super) async fn chooser_place(&self, number: Option<u64>) -> Result<Place, BrowserError> {
        let chooser = {
            let state = lock(&self.state);
            let wanted = |chooser: &&Chooser| number.is_none_or(|number| chooser.number == number);
            state.choosers.iter().find(wanted).cloned().ok_or_else(no_chooser)?
        };
        let frame = FrameRef { id: chooser.frame.clone() };
        if let Some(name) = chooser.held {
            return Ok(Place { frame, name });
        }
        let object = self.node_in_our_world(&frame, chooser.node).await?;
        let name = self.hold(&frame, object).await?;
        let mut state = lock(&self.state);
        if let Some(known) = state.choosers.iter_mut().find(|known| known.number == chooser.number) {
            known.held = Some(name.clone());
        }
        Ok(Place { frame, name })
    }

    /// A node by Chromium's number, as a handle in our world.
    pub(super) async fn node_in_our_world(
        &self,
        frame: &FrameRef,
        node: BackendNodeId,
    ) -> Result<RemoteObjectId, BrowserError> {
        let (world, session) = self.world(frame).await?;
        let resolve = ResolveNodeParams::builder()
            .backend_node_id(node)
            .execution_context_id(ExecutionContextId::new(world))
            .build();
        let resolved = self.unless_dialog(session.execute(resolve)).await?;
        resolved.object.object_id.ok_or_else(no_chooser)
    }

    /// The oldest open chooser: its number within the tab, and whether it takes more than one file.
    #[must_use]
    pub fn chooser(&self) -> Option<(u64, bool)> {
        lock(&self.state).choosers.first().map(|chooser| (chooser.number, chooser.several))
    }

    /// Gives files to the oldest open chooser (`DOM.setFileInputFiles`). A chooser that does not take them stays open.
    ///
    /// # Errors
    /// `Page` (`one_file`, `folder_input`, `no_chooser`) when it does not take them; as the connection.
    pub async fn choose_files(&self, files: &[PathBuf]) -> Result<(), BrowserError> {
        let chooser = lock(&self.state).choosers.first().cloned().ok_or_else(no_chooser)?;
        if files.len() > 1 && !chooser.several {
            return Err(refused("one_file", "this input takes a single file; call again with one path"));
        }
        let place = match self.chooser_place(Some(chooser.number)).await {
            Err(error) if !matches!(error, BrowserError::DialogOpen) => {
                self.chooser_over(chooser.number);
                return Err(error);
            }
            other => other?,
        };
        let about: FileInput =
            self.call(&place.frame, "file_input", &On { target: &place.name }, self.session.deadline()).await?;
        if about.directory {
            return Err(refused(
                "folder_input",
                "this input takes a whole folder, which cannot be given; cancel it (no paths) and look for another way to upload",
            ));
        }
        let object = self.handle(&place).await?;
        let (_, session) = self.world(&place.frame).await?;
        let paths: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        let give = SetFileInputFilesParams::builder().files(paths).object_id(object).build().map_err(impossible)?;
        let given = self.unless_dialog(session.execute(give)).await;
        // A handler of the page that opens a dialog has been told of the files.
        if matches!(given, Ok(_) | Err(BrowserError::DialogOpen)) {
            self.chooser_over(chooser.number);
        }
        given.map(drop)
    }

    /// Closes the oldest open chooser without files: the input hears `cancel`, as from a person.
    ///
    /// # Errors
    /// `Page` (`no_chooser`) when there is none; as the connection.
    pub async fn cancel_chooser(&self) -> Result<(), BrowserError> {
        let number = lock(&self.state).choosers.first().map(|chooser| chooser.number).ok_or_else(no_chooser)?;
        let place = self.chooser_place(Some(number)).await;
        self.chooser_over(number);
        let place = place?;
        let told: Result<Done, _> =
            self.call(&place.frame, "cancelled", &On { target: &place.name }, self.session.deadline()).await;
        told.map(drop)
    }

    fn chooser_over(&self, number: u64) {
        lock(&self.state).choosers.retain(|chooser| chooser.number != number);
        self.touch();
        // People who were asked for files see that they no longer are.
        if let Some(context) = self.context.upgrade() {
            context.touch();
        }
    }
}

fn no_chooser() -> BrowserError {
    refused("no_chooser", "no file chooser is open; click the file input first")
}

fn refused(code: &str, message: &str) -> BrowserError {
    BrowserError::Page { code: code.to_owned(), message: message.to_owned() }
}

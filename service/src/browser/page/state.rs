//! What is known of a tab, kept by its events.

use std::collections::HashMap;

use super::chooser::Chooser;
use super::console::Console;
use super::dialog::Dialog;
use super::frames::FrameState;
use super::network::Network;
use super::page_tools::PageTools;
use super::pointer::Pointer;
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;

/// Longest title kept, characters. A page may set one of 100 MB.
pub(super) const TITLE_CHARS_MAX: usize = 512;

/// Frames of one tab; frames beyond it are not looked into.
pub(super) const FRAMES_MAX: usize = 256;

pub(in crate::browser) struct PageState {
    pub url: String,
    pub title: String,
    pub crashed: bool,
    pub closed: bool,
    /// Set when the browser itself went.
    pub gone: Option<BrowserError>,
    pub main_frame: String,
    /// By frame id; at most [`FRAMES_MAX`].
    pub frames: HashMap<String, FrameState>,
    /// Number the next child frame gets: refs in it read `f1e2`.
    pub next_frame: u32,
    /// Of several at once Chromium answers for the newest alone.
    pub dialog: Option<Dialog>,
    /// Navigations of ours under way: a page that asks whether it may be left is.
    pub leaving: u32,
    /// File choosers that wait, oldest first; bounded.
    pub choosers: Vec<Chooser>,
    /// Counts them.
    pub choosers_opened: u64,
    pub pointer: Pointer,
    pub console: Console,
    pub network: Network,
    pub page_tools: PageTools,
    /// Counts navigations begun in any frame.
    pub navigations_begun: u64,
    /// Counts documents committed in the main frame.
    pub documents: u64,
    /// CSS pixels.
    pub viewport: (u32, u32),
}

impl PageState {
    pub fn new(target: &str, session: CdpSession, viewport: (u32, u32)) -> Self {
        // Chromium gives a tab's main frame the id of its target.
        let main_frame = target.to_owned();
        let frames = HashMap::from([(main_frame.clone(), FrameState::new(0, None, session))]);
        Self {
            url: "about:blank".to_owned(),
            title: String::new(),
            crashed: false,
            closed: false,
            gone: None,
            main_frame,
            frames,
            next_frame: 1,
            dialog: None,
            leaving: 0,
            choosers: Vec::new(),
            choosers_opened: 0,
            pointer: Pointer::default(),
            console: Console::default(),
            network: Network::default(),
            page_tools: PageTools::default(),
            navigations_begun: 0,
            documents: 0,
            viewport,
        }
    }

    /// Can the tab still do anything?
    pub fn fit(&self) -> Result<(), BrowserError> {
        match &self.gone {
            Some(error) => Err(error.clone()),
            None if self.crashed => Err(BrowserError::Crashed),
            None if self.closed => Err(BrowserError::Closed),
            None => Ok(()),
        }
    }

    pub fn main(&self) -> Option<&FrameState> {
        self.frames.get(&self.main_frame)
    }
}

/// At most `chars` characters of `text`, marked when it was longer.
pub(super) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

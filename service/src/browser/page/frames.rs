//! The frames of a tab, also those that live in another process.

use chromiumoxide::cdp::browser_protocol::page::FrameTree;

use super::state::{FRAMES_MAX, PageState};
use crate::browser::cdp::CdpSession;

/// One frame.
#[derive(Clone)]
pub(in crate::browser) struct FrameState {
    /// 0 for the first document of the tab; else the number in its refs. Each further document gets a new one, so that
    /// a ref of an earlier page can never name an element of a later one.
    pub number: u32,
    /// Documents that have come into it since we listen.
    commits: u32,
    pub parent: Option<String>,
    pub url: String,
    /// The CDP session of the process it lives in.
    pub session: CdpSession,
    /// Its document, as Chromium names the load of it.
    pub loader: String,
    pub dom_content_loaded: bool,
    pub loaded: bool,
    /// A navigation of it has begun and neither committed nor failed.
    pub navigating: bool,
    /// Which of the tab's navigations that was, counted from 1; 0 before the first.
    pub begun: u64,
    /// The isolated world our script lives in, for the current document.
    pub world: Option<i64>,
    /// What our script in the frame around calls the element that shows this one.
    pub owner: Option<String>,
}

impl FrameState {
    pub fn new(number: u32, parent: Option<String>, session: CdpSession) -> Self {
        Self {
            number,
            commits: 0,
            parent,
            url: String::new(),
            session,
            loader: String::new(),
            dom_content_loaded: false,
            loaded: false,
            navigating: false,
            begun: 0,
            world: None,
            owner: None,
        }
    }

    /// What its refs begin with: nothing for a tab's first document, `f3` for the third of the others.
    pub fn prefix(&self) -> String {
        if self.number == 0 { String::new() } else { format!("f{}", self.number) }
    }
}

/// A frame as others name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameRef {
    pub id: String,
}

impl PageState {
    /// Adds a child frame unless the tab has as many as are looked into.
    pub fn frame_attached(&mut self, id: &str, parent: &str, session: &CdpSession) {
        if self.frames.contains_key(id) || self.frames.len() >= FRAMES_MAX {
            return;
        }
        let frame = FrameState::new(self.next_frame, Some(parent.to_owned()), session.clone());
        self.next_frame += 1;
        self.frames.insert(id.to_owned(), frame);
    }

    /// A frame goes somewhere.
    pub fn navigation_begun(&mut self, id: &str) {
        if let Some(frame) = self.frames.get_mut(id) {
            self.navigations_begun += 1;
            frame.navigating = true;
            frame.begun = self.navigations_begun;
        }
    }

    /// Is a document still coming into a child frame that went somewhere after so many navigations of the tab?
    pub fn frames_come_since(&self, navigations: u64) -> bool {
        self.frames.values().any(|frame| {
            let comes = frame.navigating || frame.commits > 0 && !frame.dom_content_loaded;
            frame.parent.is_some() && frame.begun > navigations && comes
        })
    }

    /// Removes a frame and all below it.
    pub fn frame_detached(&mut self, id: &str) {
        if id == self.main_frame {
            return;
        }
        let mut gone = vec![id.to_owned()];
        while let Some(id) = gone.pop() {
            self.frames.remove(&id);
            self.page_tools_gone(&id);
            gone.extend(
                self.frames.iter().filter(|(_, frame)| frame.parent.as_deref() == Some(&id)).map(|(id, _)| id.clone()),
            );
        }
    }

    /// A new document is in the frame.
    pub fn frame_committed(&mut self, id: &str, loader: &str, url: &str, session: &CdpSession) {
        self.page_tools_gone(id);
        let next_frame = &mut self.next_frame;
        if let Some(frame) = self.frames.get_mut(id) {
            frame.commits += 1;
            if frame.commits > 1 {
                frame.number = *next_frame;
                *next_frame += 1;
            }
            if frame.loader != loader {
                frame.dom_content_loaded = false;
                frame.loaded = false;
            }
            loader.clone_into(&mut frame.loader);
            url.clone_into(&mut frame.url);
            frame.session = session.clone();
            frame.navigating = false;
            frame.world = None;
            frame.owner = None;
        }
        // Children of the old document go with it.
        let children: Vec<String> =
            self.frames.iter().filter(|(_, f)| f.parent.as_deref() == Some(id)).map(|(id, _)| id.clone()).collect();
        for child in children {
            self.frame_detached(&child);
        }
    }

    /// Takes in the frames that were there before we listened.
    pub fn frames_known(&mut self, tree: &FrameTree, session: &CdpSession) {
        let mut open = vec![tree];
        while let Some(node) = open.pop() {
            let id: &str = node.frame.id.as_ref();
            if let Some(parent) = &node.frame.parent_id {
                self.frame_attached(id, parent.as_ref(), session);
            }
            if let Some(frame) = self.frames.get_mut(id) {
                frame.session = session.clone();
                if frame.loader.is_empty() {
                    frame.loader = AsRef::<str>::as_ref(&node.frame.loader_id).to_owned();
                    frame.url.clone_from(&node.frame.url);
                }
            }
            open.extend(node.child_frames.iter().flatten());
        }
    }
}

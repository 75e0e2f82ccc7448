//! What a tab sends, between its renderer's word that it did and the door where that is looked at.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::GetFrameTreeParams;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Page;
use super::network::RequestBegun;
use super::state::PageState;
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;
use crate::browser::door::{Sending, SendingKind};
use crate::browser::lock::lock;

/// Requests followed on this way; of more it is not waited for.
const FOLLOWED_MAX: usize = 256;
/// How long it is waited for what was sent to come to the door.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Requests on their way out.
#[derive(Default)]
pub(in crate::browser) struct Leaving {
    /// Begun, and neither at the door nor over.
    under_way: HashSet<String>,
    /// The last that came to the door: its word can come before the renderer's.
    came: VecDeque<String>,
    /// Those that stand there, each with its frame; dropped, whoever holds them hears that they are gone.
    standing: HashMap<String, (String, DropGuard)>,
}

impl Leaving {
    /// The renderer says that it sends something that will stop.
    fn begun(&mut self, id: &str) {
        if self.under_way.len() < FOLLOWED_MAX && !self.came.iter().any(|one| one == id) {
            self.under_way.insert(id.to_owned());
        }
    }

    /// It is at the door.
    fn stopped(&mut self, id: &str, frame: &str, gone: CancellationToken) {
        self.under_way.remove(id);
        if self.came.len() == FOLLOWED_MAX {
            self.came.pop_front();
        }
        self.came.push_back(id.to_owned());
        if self.standing.len() < FOLLOWED_MAX {
            self.standing.insert(id.to_owned(), (frame.to_owned(), gone.drop_guard()));
        }
    }

    /// It is over, one way or the other.
    pub fn ended(&mut self, id: &str) {
        self.under_way.remove(id);
        self.standing.remove(id);
    }

    /// Another document is in the frame: what the former one asked for is over.
    pub fn document_gone(&mut self, frame: &str) {
        self.standing.retain(|_, (of, _)| of != frame);
    }

    /// Its tab is gone, and with it all that does not outlive its document.
    pub fn tab_gone(&mut self) {
        self.under_way.clear();
        self.standing.retain(|_, (of, _)| of.is_empty());
    }

    /// The answer has begun: it was let go, or somebody else answered.
    pub fn answered(&mut self, id: &str) {
        self.under_way.remove(id);
    }
}

impl Page {
    /// The renderer says that it sends something.
    pub(super) fn sends(&self, state: &mut PageState, event: &RequestBegun<'_>) {
        if self.options.door.stops(&event.request.method, &event.request.url) {
            state.network.leaving.begun(&event.request_id);
        }
    }

    /// Something it sent stands at the door.
    pub(in crate::browser) fn stopped(&self, sending: &Sending) {
        let Some(id) = &sending.network_id else { return };
        // A beacon outlives its document; who sent the rest is gone with it.
        let frame = if sending.kind == SendingKind::Beacon { "" } else { sending.frame() };
        lock(&self.state).network.leaving.stopped(id, frame, sending.gone());
        self.touch();
    }

    /// Waits until what it has sent so far stands at the door, a little.
    ///
    /// # Errors
    /// When the tab crashed, closed or went.
    pub async fn sent(&self) -> Result<(), BrowserError> {
        let none = |state: &PageState| state.network.leaving.under_way.is_empty().then_some(());
        match self.until("what the page sends", WAIT_MAX, none).await {
            // It was answered out of sight, by a worker of the site.
            Err(BrowserError::Timeout { .. }) => {
                lock(&self.state).network.leaving.under_way.clear();
                Ok(())
            }
            other => other,
        }
    }

    /// Address of a frame's document; the tab's where it is not known.
    pub(in crate::browser) fn frame_url(&self, frame: &str) -> String {
        let state = lock(&self.state);
        let url = state.frames.get(frame).map(|frame| frame.url.clone()).filter(|url| !url.is_empty());
        url.unwrap_or_else(|| state.url.clone())
    }

    /// Is it one of its frames? Asks Chromium, for those that are not followed.
    pub(in crate::browser) async fn shows_frame(&self, frame: &str) -> bool {
        let Ok(answer) = self.session.execute(GetFrameTreeParams::default()).await else { return false };
        let mut open = vec![&answer.frame_tree];
        while let Some(node) = open.pop() {
            if AsRef::<str>::as_ref(&node.frame.id) == frame {
                return true;
            }
            open.extend(node.child_frames.iter().flatten());
        }
        false
    }

    /// The CDP sessions of its documents: its own, and those of frames in other processes.
    pub(in crate::browser) fn document_sessions(&self) -> Vec<CdpSession> {
        let mut sessions = vec![self.session.clone()];
        for frame in lock(&self.state).frames.values() {
            if sessions.iter().all(|one| one.id() != frame.session.id()) {
                sessions.push(frame.session.clone());
            }
        }
        sessions
    }
}

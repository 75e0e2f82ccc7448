//! What the pages of a context send, as it stands at the door.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::Context;
use crate::browser::door::{Doorkeeper, Sending};
use crate::browser::page::Page;

impl Context {
    /// Names who says what becomes of what its pages send; once, before any of them goes anywhere.
    pub fn keep_door(&self, keeper: Weak<dyn Doorkeeper>) {
        if self.keeper.set(keeper).is_err() {
            tracing::error!("a context has one doorkeeper only; the first one stays");
        }
    }

    /// Something is held: nobody waits for the page any longer than for that.
    pub fn note_held(&self) {
        self.held.fetch_add(1, Ordering::Relaxed);
        for page in self.pages() {
            page.wake();
        }
    }

    /// How much was held so far.
    pub(in crate::browser) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Whose a frame is: of a tab, or of a worker that belongs to none; nothing when it is not of this context, as far as is known.
    #[allow(clippy::option_option, reason = "known or not, and then of a tab or not")]
    pub(in crate::browser) fn whose(&self, frame: &str) -> Option<Option<Arc<Page>>> {
        let page = self.pages().into_iter().find(|page| page.has_frame(frame));
        match page {
            Some(page) => Some(Some(page)),
            None => self.has_worker(frame).then_some(None),
        }
    }

    /// Hands it to the keeper. Without one nothing leaves.
    pub(in crate::browser) fn deliver(&self, mut sending: Sending, page: Option<Arc<Page>>) {
        sending.by_person = self.is_private();
        if let Some(page) = page {
            sending.from_url = page.frame_url(sending.frame());
            page.stopped(&sending);
            sending.page = Some(page);
        }
        match self.keeper.get().and_then(Weak::upgrade) {
            Some(keeper) => keeper.came(sending),
            None => sending.refuse(),
        }
    }
}

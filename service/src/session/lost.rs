//! Sessions that went with their browser while nobody called: their agents are told at the next call, once, and do not find themselves
//! on an empty page without a word.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Session;
use crate::auth::KeyId;

/// Ends kept until they are told; of more the oldest are forgotten.
const LOST_MAX: usize = 1_024;

/// Ends nobody has heard of yet.
#[derive(Default)]
pub(super) struct Lost(Mutex<VecDeque<(KeyId, String)>>);

impl Lost {
    /// A session is gone with its browser; kept unless its agent knows.
    pub fn note(&self, session: &Session) {
        let mut ends = self.lock();
        // Asked under the lock: whoever tells does it under the same.
        if session.lock().end_told {
            return;
        }
        if ends.len() == LOST_MAX {
            ends.pop_front();
        }
        ends.push_back((session.owner.key().clone(), session.name.clone()));
    }

    /// A call has told its agent of the end.
    pub fn told(&self, session: &Session) {
        let mut ends = self.lock();
        session.lock().end_told = true;
        ends.retain(|(key, name)| key != session.owner.key() || *name != session.name);
    }

    /// Is there an end of a session of that name to be told? It is told once.
    pub fn take(&self, key: &KeyId, name: &str) -> bool {
        let mut ends = self.lock();
        let at = ends.iter().position(|(of, called)| of == key && called == name);
        at.is_some_and(|at| ends.remove(at).is_some())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(KeyId, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

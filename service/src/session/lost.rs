//! Sessions that went with their browser. Whoever calls one afterwards is told what became of it, and not that there never was one;
//! whoever calls without naming one is told once, and does not find itself on an empty page without a word.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use helmwatch_protocol::SessionId;

use super::Session;
use crate::auth::KeyId;

/// Ends that are remembered; of more the oldest are forgotten. Some 200 bytes each.
const LOST_MAX: usize = 4_096;

/// The sessions that went with their browser, oldest first.
#[derive(Default)]
pub(super) struct Lost(Mutex<VecDeque<End>>);

struct End {
    key: KeyId,
    id: SessionId,
    /// None when another session has that name since.
    name: Option<String>,
    /// Does its agent know?
    told: bool,
}

impl End {
    fn is(&self, key: &KeyId, text: &str) -> bool {
        self.key == *key && (self.name.as_deref() == Some(text) || self.id.as_str() == text)
    }
}

impl Lost {
    /// A session is gone with its browser.
    pub fn note(&self, session: &Session) {
        let mut ends = self.lock();
        if ends.len() == LOST_MAX {
            ends.pop_front();
        }
        ends.push_back(End {
            key: session.owner.key().clone(),
            id: session.id.clone(),
            name: Some(session.name.clone()),
            // Asked under the lock: whoever tells does it under the same.
            told: session.lock().end_told,
        });
    }

    /// Its agent is told of a session's end. False when it knew.
    pub fn told(&self, session: &Session) -> bool {
        let mut ends = self.lock();
        for end in ends.iter_mut().filter(|end| end.id == session.id) {
            end.told = true;
        }
        !std::mem::replace(&mut session.lock().end_told, true)
    }

    /// Is there an end of a session of that name to be told? It is told once.
    pub fn take(&self, key: &KeyId, name: &str) -> bool {
        let mut ends = self.lock();
        let end = ends.iter_mut().find(|end| !end.told && end.key == *key && end.name.as_deref() == Some(name));
        end.is_some_and(|end| !std::mem::replace(&mut end.told, true))
    }

    /// Did the session of that name or id go with its browser? However often it is asked.
    pub fn knows(&self, key: &KeyId, text: &str) -> bool {
        let mut ends = self.lock();
        match ends.iter_mut().rfind(|end| end.is(key, text)) {
            Some(end) => {
                end.told = true;
                true
            }
            None => false,
        }
    }

    /// A new session has a name; the former of that name is known by its id only.
    pub fn replaced(&self, by: &Session) {
        let mut ends = self.lock();
        for end in ends.iter_mut().filter(|end| end.key == *by.owner.key() && end.name.as_deref() == Some(by.name())) {
            end.name = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<End>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

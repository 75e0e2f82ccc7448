//! Taking a lock of this room.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock. No code under the locks of this room can leave what they guard half changed, so a poisoned one is still good.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

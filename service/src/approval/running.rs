//! An approved call while it acts.

use helmwatch_protocol::ApprovalId;

use super::{Desk, Finish};
use crate::auth::NotKept;

/// Stored as running. Dropped without [`Running::finish`], its outcome counts as unknown, and it is never run again.
pub struct Running {
    desk: Desk,
    /// `None` once finished.
    id: Option<ApprovalId>,
}

impl Running {
    pub(super) const fn new(desk: Desk, id: ApprovalId) -> Self {
        Self { desk, id: Some(id) }
    }

    /// Says how it ended.
    ///
    /// # Errors
    /// [`NotKept`]: not stored yet; the desk tries again by itself, and a restart before that makes it `outcome_unknown`.
    pub async fn finish(mut self, how: Finish) -> Result<(), NotKept> {
        let Some(id) = self.id.clone() else { return Ok(()) };
        let finished = self.desk.finish(&id, how, None).await;
        // Only now: a future dropped above leaves the end to `Drop`, and the first end to arrive counts.
        self.id = None;
        finished
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.desk.finish_detached(id, Finish::OutcomeUnknown, "the call was cut off while it ran".to_owned());
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("id", &self.id).finish_non_exhaustive()
    }
}

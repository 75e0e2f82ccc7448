//! How much the desk holds, and for how long.

use std::time::Duration;

/// How much the desk holds, and for how long.
#[derive(Debug, Clone)]
pub struct DeskLimits {
    pub pending_per_session_max: usize,
    pub pending_per_tenant_max: usize,
    pub pending_max: usize,
    /// Largest picture kept, in bytes; a larger one is left out.
    pub picture_bytes_max: usize,
    /// How long an approval may be used after it was given: an agent that came back late gets no second chance.
    pub approved_for: Duration,
    /// How long an answer waits for the call that asked and went away.
    pub untold_for: Duration,
    /// How long pictures of ended cards are kept.
    pub pictures_for: Duration,
    /// How long ended cards are kept.
    pub cards_for: Duration,
}

impl Default for DeskLimits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            pending_per_session_max: 8,
            pending_per_tenant_max: 256,
            pending_max: 1_024,
            picture_bytes_max: 1024 * 1024,
            approved_for: Duration::from_secs(5 * 60),
            untold_for: Duration::from_secs(10 * 60),
            pictures_for: DAY * 7,
            cards_for: DAY * 90,
        }
    }
}

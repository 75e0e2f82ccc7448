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
    /// Grants that stand at once.
    pub grants_per_session_max: usize,
    pub grants_max: usize,
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
            grants_per_session_max: 16,
            grants_max: 1_024,
            pictures_for: DAY * 7,
            cards_for: DAY * 90,
        }
    }
}

/// Minutes of one grant: longer, nobody remembers what it was about.
pub(super) const GRANT_MINUTES_MAX: u32 = 60;
/// Calls of one grant, and when nothing is said of them.
pub(super) const GRANT_USES_MAX: u32 = 100;
pub(super) const GRANT_USES: u32 = 20;

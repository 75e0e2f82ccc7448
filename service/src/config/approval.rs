//! `[approval]`: calls that wait for a person.

use serde::{Deserialize, Serialize};

/// Limits of held calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalConfig {
    /// Milliseconds a person has; after it the answer is no.
    pub ttl_ms: u64,
    /// Held calls at once in the whole service; one more is refused.
    pub pending_max: usize,
    /// Held calls at once in one session.
    pub pending_per_session_max: usize,
    /// Largest picture kept with a card, bytes.
    pub picture_bytes_max: usize,
    /// Days a decided approval is kept.
    pub keep_days: u32,
}

impl Default for ApprovalConfig {
    fn default() -> Self {
        Self {
            ttl_ms: 10 * 60 * 1000,
            pending_max: 256,
            pending_per_session_max: 4,
            picture_bytes_max: 1 << 20,
            keep_days: 90,
        }
    }
}

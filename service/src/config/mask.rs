//! `[mask]`: which fields are hidden in pictures of pages.

use serde::{Deserialize, Serialize};

/// Fields whose content no picture of a page shows: live, thumbnail, approval, video, and the agents' own screenshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskConfig {
    /// Passwords, also where a page shows them as plain text.
    pub password: bool,
    /// Card numbers, security codes and expiry dates.
    pub card: bool,
    /// One-time codes.
    pub one_time_code: bool,
}

impl Default for MaskConfig {
    fn default() -> Self {
        Self { password: true, card: true, one_time_code: true }
    }
}

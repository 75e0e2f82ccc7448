//! Toolset `storage`: cookies, local and session storage, and a session's whole state.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

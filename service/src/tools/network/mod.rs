//! Toolset `network`: requests answered in the server's place, and a network that is gone.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

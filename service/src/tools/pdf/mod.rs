//! Toolset `pdf`: the page on paper.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

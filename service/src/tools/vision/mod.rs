//! Toolset `vision`: a mouse that is told where to go, for what has no element to name.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

//! Toolset `devtools`: recordings, highlights and traces.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

//! Toolset `testing`: claims about the page, and locators to paste into tests.

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![]
}

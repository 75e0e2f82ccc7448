//! Toolset `pdf`: the page on paper.

mod pdf_save;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![pdf_save::tool()]
}

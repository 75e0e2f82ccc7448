//! Toolset `devtools`: what helps to show, record and retrace a session.

mod css;
mod hide_highlight;
mod highlight;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![highlight::tool(), hide_highlight::tool()]
}

//! Toolset `config`: what this service is set to.

mod get_config;
mod told;

pub use told::told;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![get_config::tool()]
}

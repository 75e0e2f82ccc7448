//! Toolset `network`: requests answered in the server's place, and a network that is gone.

mod network_state_set;
mod route;
mod route_list;
mod unroute;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![route::tool(), route_list::tool(), unroute::tool(), network_state_set::tool()]
}

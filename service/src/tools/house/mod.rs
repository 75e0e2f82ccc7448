//! Our own tools, about sessions and the people who watch them; in the toolset `core`.

mod live_view;
mod request_human;
mod session_close;
mod session_list;
mod session_open;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![session_open::tool(), session_list::tool(), session_close::tool(), live_view::tool(), request_human::tool()]
}

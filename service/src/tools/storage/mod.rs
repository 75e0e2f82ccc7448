//! Toolset `storage`: cookies, local and session storage, and a session's whole state.
//!
//! Reading and writing what sites keep, by name and shape as Playwright MCP does. A whole state goes into a file and comes out
//! of one: it is a login, and never part of an answer.

mod cookie_clear;
mod cookie_delete;
mod cookie_get;
mod cookie_list;
mod cookie_set;
mod set_storage_state;
mod state;
mod storage_state;
mod web_storage;

use crate::session::StorageArea;
use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    let mut tools =
        vec![cookie_list::tool(), cookie_get::tool(), cookie_set::tool(), cookie_delete::tool(), cookie_clear::tool()];
    tools.extend(web_storage::tools(StorageArea::Local));
    tools.extend(web_storage::tools(StorageArea::Session));
    tools.extend([storage_state::tool(), set_storage_state::tool()]);
    tools
}

/// A kept text in one line, whatever is in it: text of a page must not look like a section of ours.
fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\u{2028}' | '\u{2029}' => line.extend(char.escape_unicode()),
            other => line.push(other),
        }
    }
    line
}

//! Toolset `testing`: claims about the page, and locators to paste into tests.

mod generate_locator;
mod verify_element_visible;
mod verify_list_visible;
mod verify_text_visible;
mod verify_value;

use crate::tools::{Tool, ToolError};

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        generate_locator::tool(),
        verify_element_visible::tool(),
        verify_text_visible::tool(),
        verify_list_visible::tool(),
        verify_value::tool(),
    ]
}

/// A claim that does not hold.
fn not_so(what: String) -> ToolError {
    ToolError::new("not_so", what, "Take a snapshot (browser_snapshot) to see what the page shows.")
}

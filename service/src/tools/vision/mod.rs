//! Toolset `vision`: a mouse that is told where to go, for what has no element to name.
//!
//! What the policy sees of a call is what is at its point, in whichever frame.

mod mouse_click_xy;
mod mouse_down;
mod mouse_drag_xy;
mod mouse_move_xy;
mod mouse_up;
mod mouse_wheel;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::session::MouseButton;
use crate::tools::{Tool, ToolError};

/// Farthest point, CSS pixels: beyond any window, and far from what arithmetic loses.
const PIXELS_MAX: f64 = 100_000.0;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        mouse_move_xy::tool(),
        mouse_click_xy::tool(),
        mouse_drag_xy::tool(),
        mouse_down::tool(),
        mouse_up::tool(),
        mouse_wheel::tool(),
    ]
}

/// A mouse button, as a call names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Button {
    #[default]
    Left,
    Right,
    Middle,
}

impl Button {
    const fn mouse(self) -> MouseButton {
        match self {
            Self::Left => MouseButton::Left,
            Self::Right => MouseButton::Right,
            Self::Middle => MouseButton::Middle,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Middle => "middle",
        }
    }
}

/// A button as an argument of Playwright's; empty when none was named.
fn code_button(button: Option<Button>) -> String {
    button.map(|button| format!("{{\n  button: '{}'\n}}", button.word())).unwrap_or_default()
}

/// Points are numbers a window can have.
fn within(tool: &str, numbers: &[(&str, f64)]) -> Result<(), ToolError> {
    match numbers.iter().find(|(_, number)| !number.is_finite() || number.abs() > PIXELS_MAX) {
        Some((name, _)) => Err(ToolError::arguments(
            tool,
            &format!("{name} is a number of CSS pixels between -{PIXELS_MAX} and {PIXELS_MAX}."),
        )),
        None => Ok(()),
    }
}

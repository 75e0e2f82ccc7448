//! What an agent can call.
//!
//! One file a tool; [`catalog`] is the list of them. A tool parses its arguments into [`prepared::Prepared`] (nothing has run
//! then), and [`Gate`] takes every call the same way: find the session for *this* caller, read the target's facts, ask the policy,
//! wait for a person where it says so, run, settle, answer within the budget. No tool touches a browser except through
//! its session, and none can decide an approval.

mod answer;
mod budget;
mod catalog;
mod context;
mod describe;
mod error;
mod gate;
mod held;
mod look;
mod prepared;
mod reply;
mod response;
mod spec;
mod tool;
mod turn;

mod click;
mod close;
mod console_messages;
mod evaluate;
mod fill_form;
mod handle_dialog;
mod hover;
mod live_view;
mod navigate;
mod navigate_back;
mod press_key;
mod resize;
mod screenshot;
mod select_option;
mod session_close;
mod session_list;
mod session_open;
mod snapshot;
mod tabs;
mod type_text;
mod wait_for;

pub use context::{CallContext, Progress, SessionChoice};
pub use gate::{Gate, GateSettings};
pub use reply::{Image, Reply};
pub use spec::{Capabilities, Capability, Hints, ToolSpec};

use answer::Answer;
use error::ToolError;
use prepared::{Prepared, WithDialog};
use tool::Tool;
use turn::{House, Turn};

/// Milliseconds since the Unix epoch: for people and the audit, never for deadlines.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A text as a JavaScript literal in single quotes, for the code section.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

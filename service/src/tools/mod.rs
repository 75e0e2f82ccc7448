//! What an agent can call.
//!
//! One file a tool, in the folder of its toolset; [`catalog`] is the list of them all. A tool parses its arguments into [`prepared::Prepared`] (nothing has run
//! then), and [`Gate`] takes every call the same way: find the session for *this* caller, read the target's facts, ask the policy,
//! wait for a person where it says so, run, settle, answer within the budget. No tool touches a browser except through
//! its session, and none can decide an approval.

mod act;
mod answer;
mod budget;
mod catalog;
mod clock;
mod context;
mod describe;
mod diff;
mod drive;
mod editor;
mod error;
mod first;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod gate;
mod handoff;
mod held;
mod keeper;
mod look;
mod news;
mod own_client;
mod paging;
mod pattern;
mod prepared;
mod reply;
mod response;
mod sending;
mod spec;
mod terms;
mod tool;
mod traced;
mod turn;

mod config;
mod core;
mod devtools;
mod house;
mod network;
mod pdf;
mod storage;
mod testing;
mod vision;

pub use config::told as config_told;
pub use context::{CallContext, Progress, SessionChoice};
pub use gate::{Gate, GateSettings};
pub use own_client::{Brought, ClientAnswer, ClientWay, Offered, Question};
pub use reply::{Image, Link, Reply};
pub use spec::{Capabilities, Capability, Hints, ToolSpec};
pub use terms::{SnapshotMode, Wishes};

use answer::{Answer, Artefact};
use clock::now_ms;
use error::ToolError;
use prepared::{Prepared, WithModal};
use tool::Tool;
use turn::{House, Turn};

/// A text as a JavaScript literal in single quotes, for the code section.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

//! What an agent can call.
//!
//! One file a tool; [`catalog`] is the list of them. A tool parses its arguments into [`Prepared`] (nothing has run
//! then), and [`Gate`] takes every call the same way: find the session for *this* caller, read the target's facts, ask the policy,
//! wait for a person where it says so, run, settle, answer within the budget. No tool touches a browser except through
//! its session, and none can decide an approval.

mod gate;
mod reply;
mod spec;

pub use gate::{CallContext, Gate, Progress, SessionChoice};
pub use reply::{Image, Reply};
pub use spec::{Capabilities, Capability, Hints, ToolSpec};

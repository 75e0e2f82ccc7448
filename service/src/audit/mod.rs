//! What happened, in order, for good: every call, decision, viewer and change of who drives.
//!
//! Lines are chained by hashes, so that a changed, removed or inserted one is found ([`verify`]). This room must never be given
//! a secret: values are masked before they come here. Where lines are kept is behind [`AuditStore`].

mod chain;
mod line;
mod log;

pub use chain::{AuditStore, Entry, Head, Verified, chain, holds, verify};
pub use line::{Kind, Line};
pub use log::{Log, LogLimits};

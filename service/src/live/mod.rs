//! What people see and send while a session runs.
//!
//! A frame's way: the page's screencast → a `watch` channel (newest only) → per viewer a [`Pacer`] that decides when → the socket, which
//! belongs to the edge. Events go beside it: ordered, bounded, never skipped; a viewer too slow for them is closed.
//! This room must never slow the agent or one viewer because of another, and never sends input without the control lease.

mod input_meter;
mod pacer;
mod scale;

pub use self::pacer::{Pacer, Step};

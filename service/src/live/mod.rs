//! What people see and send while a session runs.
//!
//! A frame's way: the page's screencast → a `watch` channel (newest only) → made ready once for all who share a size → per viewer a
//! [`Pacer`] that decides when → the socket, which belongs to the edge. Events go beside it: ordered, bounded, never skipped; a viewer
//! too slow for them is closed. This room must never slow the agent or one viewer because of another, and never passes
//! input on without the control lease.

mod behind;
mod ending;
mod feed;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod guest;
mod hub;
mod input_meter;
mod pacer;
mod scale;
mod screen;
mod stage;
#[cfg(test)]
mod tests;
mod viewer;
mod wheel;
mod witness;

pub use self::behind::{Approvals, Casting, Input, Sessions, Share, ViewerId, Watched};
pub use self::ending::Ending;
pub use self::feed::Feed;
pub use self::guest::view_for_guest;
pub use self::hub::{Hub, NoRoom};
pub use self::input_meter::InputMeter;
pub use self::pacer::{Pacer, Step};
pub use self::screen::SessionScreen;
pub use self::viewer::{Out, Viewer};
pub use self::witness::Witness;

//! The first layer that keeps a page off the inside network: an in-process forward proxy.
//!
//! Every browser context gets a [`Lane`]: its own listener on `127.0.0.1`, so the proxy knows whose request it is by the
//! listener it came in on and by nothing the page can write. A request is read, its target parsed once, judged by name,
//! resolved once with a deadline, judged again by **every** address, and connected to one of those very addresses.
//!
//! What this room must never do: answer yes when in doubt; resolve a name twice; connect to an address that was not
//! judged; write a path or a query into a log; leave a tunnel open after its lane has closed.
//!
//! The rules are one pure function, [`decide`], that is told everything and touches nothing.

mod address;
mod decide;
mod dial;
mod forward;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod headers;
mod hello;
mod lane;
mod ledger;
mod own;
mod place;
mod proxy;
mod refusal;
mod resolve;
mod rule;
mod settings;
mod stream;
mod target;
mod tunnel;

pub use address::{AddressClass, classify};
pub use decide::{Rules, Verdict, decide};
pub use lane::{Egress, Lane, LaneOwner};
pub use ledger::{Denial, LaneStats};
pub use place::{PlaceRule, PlaceRuleError};
pub use resolve::{Resolve, SystemResolver};
pub use rule::Rule;
pub use target::{Target, TargetError};

#[cfg(test)]
mod tests;

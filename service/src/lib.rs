//! Helmwatch: agents at the helm, people on watch.
//!
//! One library, one binary. The rooms below are listed from the outside in; which room may name which
//! is a table in `rooms.rs`, checked by an ordinary test and drawn in `ARCHITECTURE.md`.

// edges: wire shapes live here and stop here
pub mod http;
pub mod mcp;
// what an agent can call
pub mod tools;
// state
pub mod approval;
pub mod live;
pub mod session;
// limits and rules
pub mod policy;
pub mod pool;
// the only room that speaks CDP
pub mod browser;
// side rooms
pub mod audit;
pub mod auth;
pub mod egress;
pub mod files;
pub mod notify;
pub mod store;
// named by all, name nothing above
pub mod config;
pub mod telemetry;
// builds everything; named by main only
pub mod app;

// what reads bytes of others, for fuzzers; in no build that is shipped
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

#[cfg(test)]
mod rooms;

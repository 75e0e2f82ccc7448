//! The edge people and programs reach over HTTP: `/v1`, the viewer, the sockets, health and metrics; `/mcp` is mounted here and lives in `mcp`.
//!
//! The only room that names axum. Wire shapes live here and stop here. It must never let a request without a good key past [`door`],
//! take a cookie from a page that is not ours, or keep a connection, a body or a socket without a limit and a deadline.

mod body;
mod door;
mod edge;
mod files;
mod origin;
mod refusal;
mod routes;
mod server;
mod socket;
mod span;
mod standing;

#[cfg(feature = "conformance")]
pub use self::edge::with_conformance;
pub use self::edge::{Edge, Readiness, Visit, router};
use self::refusal::Refusal;
pub use self::server::{bind, start};

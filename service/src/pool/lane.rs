//! The way out of one session's pages: a proxy address of its own.
//!
//! The pool only needs to open, name and close it; what passes through is the egress room's business, which `app` puts behind these traits.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

/// Something a page wanted and did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Host and port as asked for.
    pub host: String,
    /// The rule that refused, as in `loopback`.
    pub rule: String,
    /// One line: why.
    pub message: String,
    /// One line: what to do.
    pub hint: String,
    /// When, milliseconds since the Unix epoch.
    pub at: u64,
}

/// A boxed future, so that the traits can be objects.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens lanes.
pub trait Lanes: Send + Sync + 'static {
    /// A new lane that belongs to nobody yet.
    fn open(&self) -> Boxed<'_, io::Result<Box<dyn Lane>>>;
}

/// One lane. Dropping it closes it.
pub trait Lane: Send + Sync + 'static {
    /// Where its proxy listens.
    fn proxy(&self) -> SocketAddr;
    /// Names the session it serves from now on.
    fn assign(&self, session: &str, tenant: &str);
    /// The last refusals, oldest first.
    fn denials(&self) -> Vec<Denial>;
    /// Ends it and all that goes through it.
    fn close(&self) -> Boxed<'_, ()>;
}

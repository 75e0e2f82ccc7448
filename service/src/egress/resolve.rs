//! From a name to its addresses, once.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Addresses beyond this many are not looked at, and a name that has them is refused: no site needs them.
pub const ADDRESSES_MAX: usize = 64;

/// Whoever knows the addresses of names. The service uses [`SystemResolver`]; tests have one that lies.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `name`. The caller sets the deadline. `share` is a part of what its lane may ask at once, and is held until the
    /// look-up is over, also when nobody waits for it any more.
    fn resolve<'a>(&'a self, name: &'a str, share: OwnedSemaphorePermit) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// What the machine's own libc answers (hosts file, name service switch, DNS).
pub struct SystemResolver {
    /// A look-up blocks a thread until libc gives up, also when nobody waits any more: the permit goes into the thread.
    threads: Arc<Semaphore>,
}

impl SystemResolver {
    /// At most `resolving_max` names at once; the others wait their turn within their deadline.
    pub fn new(resolving_max: usize) -> Self {
        Self { threads: Arc::new(Semaphore::new(resolving_max.max(1))) }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, share: OwnedSemaphorePermit) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let permit = Arc::clone(&self.threads).acquire_owned().await.map_err(io::Error::other)?;
            let name = name.to_owned();
            let found = tokio::task::spawn_blocking(move || {
                let _permits = (permit, share);
                (name.as_str(), 0).to_socket_addrs().map(|found| found.take(ADDRESSES_MAX + 1).collect::<Vec<_>>())
            });
            let found = found.await.map_err(io::Error::other)??;
            Ok(found.into_iter().map(|address| address.ip().to_canonical()).collect())
        })
    }
}

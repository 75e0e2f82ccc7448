//! The proxy and its lanes: one listener for each browser context.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::config::EgressConfig;
use super::decide::Rules;
use super::ledger::{Denial, LaneStats, Ledger};
use super::own::OwnAddresses;
use super::proxy::{Refused, serve};
use super::resolve::{Resolve, SystemResolver};
use super::rule::Rule;
use super::target::Target;

/// How long to leave a listener alone that cannot accept (no file descriptor is free): trying at once would only spin.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Whose traffic a lane carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneOwner {
    pub session: String,
    pub tenant: String,
}

/// The egress proxy of the whole service. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    shared: Arc<Shared>,
}

/// What all lanes share.
pub struct Shared {
    pub config: EgressConfig,
    pub resolver: Arc<dyn Resolve>,
    own_addresses: OwnAddresses,
    /// Ports this service listens on, lanes included: no page may talk to them, whatever is allowed.
    own_ports: Mutex<BTreeSet<u16>>,
    connections: Arc<Semaphore>,
}

impl Shared {
    pub fn rules(&self) -> io::Result<Rules> {
        let own_addresses = self.own_addresses.read()?;
        let own_ports = self.own_ports.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Rules { allow: self.config.allow.clone(), own_addresses, own_ports })
    }

    fn own_ports(&self) -> std::sync::MutexGuard<'_, BTreeSet<u16>> {
        self.own_ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Egress {
    /// A proxy that resolves names as this machine does.
    pub fn new(config: EgressConfig) -> Self {
        let resolver = Arc::new(SystemResolver::new(config.resolving_max));
        Self::with_resolver(config, resolver)
    }

    /// A proxy that asks `resolver` for the addresses of names.
    pub fn with_resolver(config: EgressConfig, resolver: Arc<dyn Resolve>) -> Self {
        let connections = Arc::new(Semaphore::new(config.connections_max));
        let own_ports = Mutex::default();
        let own_addresses = OwnAddresses::default();
        Self { shared: Arc::new(Shared { config, resolver, own_addresses, own_ports, connections }) }
    }

    /// Keeps pages away from a port this service listens on. No allow rule lifts it. Call it for every listener.
    pub fn protect_port(&self, port: u16) {
        self.shared.own_ports().insert(port);
    }

    /// A new lane on a free port of `127.0.0.1`. It refuses everything until it has an owner.
    ///
    /// # Errors
    /// When no listener can be had, as when no file descriptor is free.
    pub async fn open_lane(&self) -> io::Result<Lane> {
        self.lane_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
    }

    /// A new lane on a listener made elsewhere: one inside a browser's own network namespace, where the kernel leaves the
    /// browser nothing else to connect to.
    ///
    /// # Errors
    /// When the listener's address cannot be read.
    pub fn lane_on(&self, listener: TcpListener) -> io::Result<Lane> {
        let addr = listener.local_addr()?;
        self.protect_port(addr.port());
        let token = CancellationToken::new();
        let state = Arc::new(LaneState {
            tunnels: Arc::new(Semaphore::new(self.shared.config.tunnels_per_lane_max)),
            ledger: Arc::new(Ledger::new(&self.shared.config)),
            shared: Arc::clone(&self.shared),
            token: token.clone(),
            tasks: TaskTracker::new(),
        });
        state.spawn(accept(listener, Port { shared: Arc::clone(&self.shared), port: addr.port() }, Arc::clone(&state)));
        Ok(Lane { addr, state, _ends_with_it: token.drop_guard() })
    }
}

/// One browser context's way out. Dropping it ends its listener and all its tunnels soon; [`Lane::close`] waits for that.
pub struct Lane {
    addr: SocketAddr,
    state: Arc<LaneState>,
    _ends_with_it: DropGuard,
}

impl Lane {
    /// Where the browser finds it: the `proxyServer` of `Target.createBrowserContext` is `http://` and this, together with
    /// `proxyBypassList: "<-loopback>"`.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Says whose traffic it is, and opens the lane. A lane has one owner in its life: a context is never handed on.
    ///
    /// # Errors
    /// The owner given back, when the lane already has one.
    pub fn assign(&self, owner: LaneOwner) -> Result<(), LaneOwner> {
        self.state.ledger.owner.set(owner)
    }

    /// Counters so far.
    pub fn stats(&self) -> LaneStats {
        self.state.ledger.stats()
    }

    /// The latest requests that did not go out, oldest first; at most `denials_per_lane_kept`.
    pub fn denials(&self) -> Vec<Denial> {
        self.state.ledger.denials()
    }

    /// Ends the listener and every connection and waits until they are gone.
    pub async fn close(self) {
        self.state.token.cancel();
        self.state.tasks.close();
        self.state.tasks.wait().await;
    }
}

/// What the connections of one lane share.
pub struct LaneState {
    pub shared: Arc<Shared>,
    pub(super) ledger: Arc<Ledger>,
    tunnels: Arc<Semaphore>,
    token: CancellationToken,
    tasks: TaskTracker,
}

impl LaneState {
    /// Runs `task` until it ends or the lane closes, whichever is first.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let token = self.token.clone();
        self.tasks.spawn(async move {
            // Cancelled means dropped: the sockets close with the future.
            token.run_until_cancelled_owned(task).await;
        });
    }

    /// Room for one more tunnel, in this lane and in the whole service: a tunnel outlives the request that asked for it.
    pub fn tunnel_permit(&self, target: &Target) -> Result<[OwnedSemaphorePermit; 2], Refused> {
        let here = Arc::clone(&self.tunnels)
            .try_acquire_owned()
            .map_err(|_| Refused::new(target, Rule::Tunnels, "this session has too many tunnels open"))?;
        let everywhere = Arc::clone(&self.shared.connections)
            .try_acquire_owned()
            .map_err(|_| Refused::new(target, Rule::Connections, "the service has too many connections open"))?;
        Ok([here, everywhere])
    }
}

/// The lane's port among those of the service, for as long as its listener lives.
struct Port {
    shared: Arc<Shared>,
    port: u16,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.shared.own_ports().remove(&self.port);
    }
}

async fn accept(listener: TcpListener, port: Port, lane: Arc<LaneState>) {
    let _port = port;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => admit(stream, &lane),
            Err(error) => {
                tracing::warn!(session = lane.ledger.session(), %error, "egress lane cannot accept");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

fn admit(stream: TcpStream, lane: &Arc<LaneState>) {
    // Full is answered by closing: the browser tries again when it needs to.
    let Ok(permit) = Arc::clone(&lane.shared.connections).try_acquire_owned() else {
        lane.ledger.deny("-".into(), None, Rule::Connections, "the service has too many connections open".into());
        return;
    };
    let state = Arc::clone(lane);
    lane.spawn(async move {
        let _permit = permit;
        serve(stream, state).await;
    });
}

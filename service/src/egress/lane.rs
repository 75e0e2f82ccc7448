//! The proxy and its lanes: one listener for each browser context.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::EgressConfig;
use crate::telemetry::{Tasks, names};

use super::decide::Rules;
use super::ledger::{Denial, LaneStats, Ledger};
use super::own::OwnAddresses;
use super::place::PlaceRuleError;
use super::proxy::{Refused, serve};
use super::resolve::{Resolve, SystemResolver};
use super::rule::Rule;
use super::settings::Settings;
use super::target::Target;

/// How long to leave a listener alone that cannot accept (no file descriptor is free): trying at once would only spin.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// How long [`Lane::close`] waits at most. Its tasks end where they stand, so this is for a machine that is very busy.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

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
    tasks: Tasks,
}

/// What all lanes share.
pub struct Shared {
    pub settings: Settings,
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
        let Settings { allow, deny, ports, .. } = self.settings.clone();
        Ok(Rules { deny, allow, ports, own_addresses, own_ports })
    }

    fn own_ports(&self) -> std::sync::MutexGuard<'_, BTreeSet<u16>> {
        self.own_ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Egress {
    /// A proxy that resolves names as this machine does. Its lanes end with `tasks` at the latest.
    ///
    /// # Errors
    /// When a rule of `config` cannot be read; the service must not start then.
    pub fn new(config: &EgressConfig, tasks: &Tasks) -> Result<Self, PlaceRuleError> {
        let settings = Settings::try_from(config)?;
        let resolver = Arc::new(SystemResolver::new(settings.resolving_max));
        Ok(Self::with(settings, resolver, tasks))
    }

    /// A proxy with these settings that asks `resolver` for the addresses of names.
    pub(super) fn with(settings: Settings, resolver: Arc<dyn Resolve>, tasks: &Tasks) -> Self {
        let connections = Arc::new(Semaphore::new(settings.connections_max));
        let (own_ports, own_addresses) = (Mutex::default(), OwnAddresses::default());
        let shared = Arc::new(Shared { settings, resolver, own_addresses, own_ports, connections });
        Self { shared, tasks: tasks.child() }
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
        let state = Arc::new(LaneState {
            tunnels: Arc::new(Semaphore::new(self.shared.settings.tunnels_per_lane_max)),
            resolving: Arc::new(Semaphore::new(self.shared.settings.resolving_per_lane_max.max(1))),
            ledger: Arc::new(Ledger::new(&self.shared.settings)),
            shared: Arc::clone(&self.shared),
            tasks: self.tasks.child(),
        });
        let port = Port { shared: Arc::clone(&self.shared), port: addr.port() };
        state.spawn("egress lane", accept(listener, port, Arc::clone(&state)));
        Ok(Lane { addr, state })
    }
}

/// One browser context's way out. Dropping it ends its listener and all its tunnels soon; [`Lane::close`] waits for that.
pub struct Lane {
    addr: SocketAddr,
    state: Arc<LaneState>,
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

    /// The latest requests that did not go out, oldest first; at most 32.
    pub fn denials(&self) -> Vec<Denial> {
        self.state.ledger.denials()
    }

    /// Ends the listener and every connection and waits until they are gone.
    pub async fn close(self) {
        let left = self.state.tasks.end(CLOSE_WITHIN).await;
        if left > 0 {
            tracing::error!(session = self.state.ledger.session(), left, "egress lane did not end in time");
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.state.tasks.cancel();
    }
}

/// What the connections of one lane share.
pub struct LaneState {
    pub shared: Arc<Shared>,
    pub(super) ledger: Arc<Ledger>,
    tunnels: Arc<Semaphore>,
    /// Names it asks for at once; further ones wait within their deadline.
    pub(super) resolving: Arc<Semaphore>,
    tasks: Tasks,
}

impl LaneState {
    /// Runs `task` until it ends or the lane closes, whichever is first. Closing drops it, and its sockets with it.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.tasks.spawn(name, task));
    }

    /// Room for one more tunnel, in this lane and in the whole service: a tunnel outlives the request that asked for it.
    pub fn tunnel_permit(&self, target: &Target) -> Result<TunnelPermit, Refused> {
        let here = Arc::clone(&self.tunnels)
            .try_acquire_owned()
            .map_err(|_| Refused::new(target, Rule::Tunnels, "this session has too many tunnels open"))?;
        let everywhere = Arc::clone(&self.shared.connections)
            .try_acquire_owned()
            .map_err(|_| Refused::new(target, Rule::Connections, "the service has too many connections open"))?;
        metrics::gauge!(names::EGRESS_TUNNELS).increment(1.0);
        Ok(TunnelPermit { _permits: [here, everywhere] })
    }
}

/// The room of one open tunnel, given back when dropped.
pub struct TunnelPermit {
    _permits: [OwnedSemaphorePermit; 2],
}

impl Drop for TunnelPermit {
    fn drop(&mut self) {
        metrics::gauge!(names::EGRESS_TUNNELS).decrement(1.0);
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
    lane.spawn("egress connection", async move {
        let _permit = permit;
        serve(stream, state).await;
    });
}

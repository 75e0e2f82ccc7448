//! `helmwatch serve` and `helmwatch mcp`: the house with its edges.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::greeting::Greeting;
use super::house::{Failure, House, two};
use super::settings_watch::SettingsWatch;
use super::visit::GateVisit;
use crate::auth::{Caller, WallClock, first_keys};
use crate::config::{Config, Keys};
use crate::http::{Edge, bind, router, start};
use crate::live::{Hub, Witness};
use crate::mcp;
use crate::pool::raise_descriptor_limit;
use crate::telemetry::{LogGuard, Metrics, init_logs};

/// Everything that runs, with its doors open.
struct Opened {
    house: House,
    greeting: Greeting,
    listening: SocketAddr,
    /// Cancelled when protocols are to end.
    protocol: CancellationToken,
    /// Writes the log while it lives.
    log: LogGuard,
}

/// Builds the house and opens its doors: ready when this returns.
async fn open(config: Config, settings: SettingsWatch) -> Result<Opened, Failure> {
    let log = init_logs(&config.log, &config.telemetry)?;
    match raise_descriptor_limit() {
        Ok(limit) => tracing::debug!(limit, "limit of open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
    let metrics = Metrics::install()?;
    let listener = bind(config.listen).await?;
    let listening = listener.local_addr().map_err(|error| two(error, "Choose another address with --listen."))?;
    let house = House::build(config, listening).await?;
    metrics.maintain(&house.edges, Some(log.writer()));
    let protocol = CancellationToken::new();
    let greeting = open_doors(&house, listener, listening, metrics, &protocol).await?;
    house.start().await?;
    house.heed(settings);
    Ok(Opened { house, greeting, listening, protocol, log })
}

/// Runs the service until it is told to end.
pub(super) async fn serve(settings: SettingsWatch) -> Result<(), Failure> {
    // Before anything is started: a service told to end while it starts ends like any other, and leaves nothing.
    let mut signals = Signals::new()?.reading_again(settings.now())?;
    let config = settings.config().clone();
    let opened = Box::pin(open(config, settings)).await?;
    opened.greeting.print();
    signals.next().await;
    opened.house.end(&opened.protocol, signals.next()).await;
    opened.log.close().await;
    Ok(())
}

/// Serves one local agent over standard input and output, and its people on a loopback port.
pub(super) async fn stdio(settings: SettingsWatch, listen_given: bool) -> Result<(), Failure> {
    let mut config = settings.config().clone();
    if !listen_given {
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    }
    // The one agent is this machine's own user, who started it here. Clients that start it nowhere start it in `/`.
    let here = std::env::current_dir().ok().filter(|here| here.parent().is_some());
    config.files.roots.extend(here);
    let mut signals = Signals::new()?;
    let Opened { house, greeting, listening, protocol, log } = Box::pin(open(config, settings)).await?;
    greeting.print_to_log();
    let caller = greeting.agent.clone().ok_or_else(|| {
        two(
            "there is no agent key for the agent on standard input",
            "Make one: helmwatch keys create --name agent --scope agent",
        )
    })?;
    let edge = mcp_config(&house.config, listening);
    let served = tokio::select! {
        served = mcp::serve_stdio(Arc::clone(&house.gate), caller, &edge, &protocol) => {
            served.map_err(|error| two(error, "Start it from an MCP client, which speaks to its standard input."))
        }
        () = signals.next() => Ok(()),
    };
    house.end(&protocol, signals.next()).await;
    log.close().await;
    served
}

/// Puts the HTTP edge in front of the house.
async fn open_doors(
    house: &House,
    listener: TcpListener,
    listening: SocketAddr,
    metrics: Metrics,
    protocol: &CancellationToken,
) -> Result<Greeting, Failure> {
    let config = &house.config;
    let greeting = keys(house, listening).await?;
    let witness = Witness::new(house.audit.clone(), WallClock::system());
    let hub = Hub::new(config.live.clone(), Arc::new(house.desk.clone()), witness, house.edges.clone());
    let aside = house.edges.aside("viewers");
    let aside = aside.map_err(|error| two(error, "Raise the limits of threads and descriptors (ulimit -u, -n)."))?;
    let edge = Edge {
        auth: house.auth.clone(),
        links: house.links.clone(),
        sessions: Arc::clone(&house.registry),
        shelf: Arc::clone(&house.shelf),
        desk: house.desk.clone(),
        pool: Arc::clone(&house.pool),
        hub,
        metrics,
        readiness: house.readiness(),
        audit: house.audit.clone(),
        visit: Arc::new(GateVisit(Arc::clone(&house.gate))),
        public_url: config.public_url(listening),
        http: config.http.clone(),
        live: config.live.clone(),
        share: config.share.clone(),
        // Agents first: a hundred viewers who are told of every call must not stand in line before its answer.
        tasks: aside,
    };
    let agents = mcp::service(Arc::clone(&house.gate), &mcp_config(config, listening), protocol);
    let routes = router(edge, agents);
    #[cfg(feature = "conformance")]
    let routes = if listening.ip().is_loopback() {
        crate::http::with_conformance(routes, mcp::conformance_service(&mcp_config(config, listening), protocol))
    } else {
        routes
    };
    start(listener, routes, &config.http, &house.edges);
    Ok(greeting)
}

/// The keys people and agents begin with, on a service that only this machine can reach.
async fn keys(house: &House, listening: SocketAddr) -> Result<Greeting, Failure> {
    let url = house.config.public_url(listening);
    let configured = std::env::var("HELMWATCH_ADMIN_KEY").ok().filter(|key| !key.is_empty());
    if !listening.ip().is_loopback() {
        let keys = if house.auth.keyring().has_keys() { Keys::Configured } else { Keys::None };
        house.config.check_exposure(keys).map_err(|error| error.to_string())?;
        return Ok(Greeting { url, code: None, agent_key: None, agent: None });
    }
    let first =
        first_keys(house.auth.keyring(), &house.config.data_dir).await.map_err(|error| two(&error, error.hint()))?;
    let admin: Option<Caller> = match (&first.admin, &configured) {
        (Some((_, caller)), _) => Some(caller.clone()),
        (None, Some(key)) => house.auth.by_bearer(key).await.ok(),
        (None, None) => None,
    };
    let code = admin.as_ref().map(|caller| house.auth.issue_code(caller));
    let (agent_key, agent) = match first.agent {
        Some((key, caller)) => (Some(key), Some(caller)),
        // The agent gets what an agent needs, whoever started it.
        None => (None, admin.map(|caller| caller.as_agent())),
    };
    Ok(Greeting { url, code, agent_key, agent })
}

fn mcp_config(config: &Config, listening: SocketAddr) -> mcp::McpConfig {
    let mut edge = mcp::McpConfig::default();
    let public = config.public_url(listening);
    edge.hosts.push(listening.ip().to_string());
    if let Ok(url) = url::Url::parse(&public) {
        edge.hosts.extend(url.host_str().map(str::to_owned));
        edge.origins.push(url.origin().ascii_serialization());
    }
    edge.hosts.extend(config.mcp.hosts.iter().cloned());
    edge.body_bytes_max = config.http.mcp_body_bytes_max;
    edge.legacy_sessions_max = config.mcp.legacy_sessions_max;
    edge.legacy_idle_max = Duration::from_millis(config.mcp.legacy_idle_ms_max);
    edge
}

/// What tells a service to end, and one that runs by itself to read its settings again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<(Signal, Arc<Notify>)>,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| two(error, "Signals cannot be listened to here."));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: None,
        })
    }

    /// From now on `SIGHUP` does not end it but wakes `again`. One that a person started at a terminal ends with that, as before.
    fn reading_again(mut self, again: Arc<Notify>) -> Result<Self, Failure> {
        if !std::io::stdin().is_terminal() {
            let hangup =
                signal(SignalKind::hangup()).map_err(|error| two(error, "Signals cannot be listened to here."))?;
            self.hangup = Some((hangup, again));
        }
        Ok(self)
    }

    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                () = hung_up(&mut self.hangup) => {}
            }
        }
    }
}

/// Passes a `SIGHUP` on; never returns where that is not listened to.
async fn hung_up(hangup: &mut Option<(Signal, Arc<Notify>)>) {
    let Some((signal, again)) = hangup else { return std::future::pending().await };
    if signal.recv().await.is_some() {
        again.notify_one();
    }
}

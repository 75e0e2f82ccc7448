//! All rooms, built in order and taken down in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bell::Bell;
use super::lanes::EgressLanes;
use super::policy_watch::PolicyWatch;
use super::record::{Recorder, count_cards, end_links};
use super::settings_watch::SettingsWatch;
use super::{chromium, policy_command, webhook_command};
use crate::approval::{Desk, DeskLimits};
use crate::audit::{Log, LogLimits};
use crate::auth::{Authenticator, Keyring, LinkLimits, Links, WallClock};
use crate::browser::{Door, Profile, reap_adopted};
use crate::config::Config;
use crate::egress::Egress;
use crate::files::{Owner, Roots, Shelf, ShelfLimits};
use crate::notify::Notifier;
use crate::policy::{Current, could_send};
use crate::pool::{Pool, PoolError};
use crate::session::Registry;
use crate::store::{Purpose, Store};
use crate::telemetry::{Tasks, names};
use crate::tools::{Gate, GateSettings, config_told};

/// How long a server may take to bring a page before the call says so.
const NAVIGATION_DEADLINE: Duration = Duration::from_secs(30);
/// How long what keeps records may take to write its last lines.
const RECORDS_WAIT: Duration = Duration::from_secs(5);
/// How long the service's end waits for receivers of webhooks to hear what it ended.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(2);

/// Everything that runs, whichever edge stands in front of it.
pub(super) struct House {
    pub config: Config,
    pub auth: Authenticator,
    pub links: Links,
    pub desk: Desk,
    pub audit: Log,
    pub pool: Arc<Pool>,
    pub registry: Arc<Registry>,
    pub gate: Arc<Gate>,
    pub shelf: Arc<Shelf>,
    /// Owns the tasks of edges; ended before the rooms behind them.
    pub edges: Tasks,
    store: Store,
    /// Where sessions' files lie; gone with the house.
    _files: Profile,
    /// Owns the tasks of sessions, pool and browsers.
    rooms: Tasks,
    /// Owns what listens for webhooks; ended after the rooms it listens to.
    bells: Tasks,
    notifier: Arc<Notifier>,
    /// Own what writes to the database, which outlives everybody who has something to write.
    records: TaskTracker,
    records_stop: CancellationToken,
    /// Cancelled when the service begins to end.
    draining: CancellationToken,
}

/// Two lines: what, and how.
pub(super) type Failure = String;

pub(super) fn two(what: impl std::fmt::Display, how: impl std::fmt::Display) -> Failure {
    format!("{what}\n{how}")
}

impl House {
    /// Builds all rooms. `listening` is where the service will be reached: pages may never reach it.
    pub async fn build(config: Config, listening: SocketAddr) -> Result<Self, Failure> {
        let door = Door::new(could_send);
        let options = chromium::launch_options(&config, Arc::clone(&door)).map_err(|error| launch_failure(&error))?;
        let swept = Profile::sweep(&options.profiles);
        if swept > 0 {
            tracing::info!(swept, "removed browser folders of a service that died");
            counter!(names::LEAKS_FOUND, "kind" => "profile").increment(swept as u64);
        }
        let files = Profile::create(&options.profiles, options.run_as).map_err(|error| {
            two(
                format!("the folder for files could not be made: {error}"),
                "Is the temporary folder full or read-only?",
            )
        })?;
        let owner = options.run_as.map(|user| Owner { uid: user.uid, gid: user.gid });
        let shelf = Shelf::new(files.path(), owner, shelf_limits(&config), Roots::new(config.files.roots.clone()));
        let policy_watch = PolicyWatch::of(&config.policy);
        let policy = Current::new(policy_command::load(&config.policy)?);
        if policy.get().could_stop_requests() {
            door.watch();
        }
        let clock = WallClock::system();
        let webhooks = webhook_command::hooks(&config).map_err(|error| error.to_string())?;
        let notifier = Arc::new(Notifier::start(webhooks).map_err(|error| error.to_string())?);

        let store = Store::open(&config.data_dir, Purpose::Service).await.map_err(|error| two(&error, error.hint()))?;
        if let Err(error) = store.sessions_ended_by_restart(clock.now_ms()).await {
            return Err(two(&error, error.hint()));
        }
        let (records, records_stop) = (TaskTracker::new(), CancellationToken::new());
        let audit =
            Log::start(Arc::new(store.clone()), &LogLimits::default(), clock.clone(), &records, records_stop.clone());
        let desk = Desk::open(
            Arc::new(store.clone()),
            desk_limits(&config),
            clock.clone(),
            records.clone(),
            records_stop.clone(),
        )
        .await
        .map_err(|error| two(&error, error.hint()))?;
        let admin_key = std::env::var("HELMWATCH_ADMIN_KEY").ok();
        let ring = Keyring::open(Arc::new(store.clone()), admin_key.as_deref(), clock.clone())
            .await
            .map_err(|error| two(&error, error.hint()))?;
        let link_limits = LinkLimits {
            per_session_max: config.share.links_per_session_max,
            ttl_max: Duration::from_secs(config.share.link_ttl_s_max.into()),
        };
        let links = Links::new(ring.clone(), link_limits, clock.clone());
        let auth = Authenticator::new(ring);

        let (rooms, edges) = (Tasks::new(), Tasks::new());
        rooms.spawn("reaper", reap_adopted());
        edges.spawn("key watch", auth.clone().watch_keys());
        let egress = Egress::new(&config.egress, &rooms).map_err(|error| error.to_string())?;
        egress.protect_port(listening.port());
        let pool = Pool::new(config.pool.clone(), Arc::new(options), Arc::new(EgressLanes(egress)), rooms.clone());
        rooms.spawn("files", Arc::clone(&shelf).tend());
        let registry = Registry::new(Arc::clone(&pool), Arc::clone(&shelf), config.session.clone(), rooms.clone());
        let recorder =
            Recorder { store: store.clone(), desk: desk.clone(), audit: audit.clone(), clock: clock.clone() };
        rooms.spawn("session record", recorder.run(Arc::clone(&registry)));
        rooms.spawn("links", end_links(links.clone(), Arc::clone(&registry)));
        rooms.spawn("card count", count_cards(desk.clone(), Arc::clone(&registry)));
        let public_url: Arc<str> = config.public_url(listening).into();
        let bells = Tasks::new();
        if !config.webhook.is_empty() {
            let bell =
                Bell::new(desk.clone(), &registry, Arc::clone(&notifier), Arc::clone(&public_url), clock.clone());
            bells.spawn_with("webhook bell", |ending| bell.run(ending));
        }
        let settings = GateSettings {
            hold: Duration::from_millis(config.mcp.hold_ms_max),
            tokens_max: config.mcp.result_tokens_max,
            navigation_deadline: NAVIGATION_DEADLINE,
            public_url,
            ask_ttl_max: Duration::from_millis(config.approval.ttl_ms),
            told: config_told(&config),
        };
        if let Some(watch) = policy_watch {
            rooms.spawn(
                "policy watch",
                watch.run(Arc::clone(&policy), door, desk.clone(), audit.clone(), clock.clone()),
            );
        }
        let gate = Gate::new(Arc::clone(&registry), policy, desk.clone(), audit.clone(), settings);
        let draining = CancellationToken::new();
        Ok(Self {
            config,
            auth,
            links,
            desk,
            audit,
            pool,
            registry,
            gate,
            shelf,
            edges,
            store,
            _files: files,
            rooms,
            bells,
            notifier,
            records,
            records_stop,
            draining,
        })
    }

    /// Starts the first browser.
    pub async fn start(&self) -> Result<(), Failure> {
        self.pool.start().await.map_err(|error| match &error {
            PoolError::Browser(inner) => launch_failure(inner),
            other => two(other, other.hint()),
        })
    }

    /// Takes up what is changed in its settings from now on.
    pub fn heed(&self, settings: SettingsWatch) {
        self.rooms
            .spawn("settings watch", settings.run(Arc::clone(&self.pool), self.audit.clone(), WallClock::system()));
    }

    /// Why it takes no work, one line each; empty when it does.
    pub fn readiness(&self) -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
        let (pool, draining) = (Arc::clone(&self.pool), self.draining.clone());
        Arc::new(move || {
            let mut missing = Vec::new();
            if draining.is_cancelled() {
                missing.push("the service is shutting down".to_owned());
            }
            if let Err(error) = pool.health() {
                missing.push(error.to_string());
            }
            missing
        })
    }

    /// Lets running calls come to an end within the grace, then ends everything. Nothing is left when this returns.
    pub async fn end(self, protocol: &CancellationToken, now: impl Future<Output = ()>) {
        let grace = Duration::from_millis(self.config.shutdown.grace_ms);
        self.draining.cancel();
        self.pool.drain();
        tracing::info!("draining");
        tokio::select! {
            () = self.registry.quiet() => {}
            () = tokio::time::sleep(grace) => tracing::warn!("calls still ran when the grace was over"),
            () = now => tracing::warn!("told to end at once"),
        }
        self.registry.close_all("the service is shutting down").await;
        protocol.cancel();
        let left = self.edges.end(RECORDS_WAIT).await;
        self.pool.close().await;
        let left = left + self.rooms.end(RECORDS_WAIT).await;
        let left = left + self.bells.end(RECORDS_WAIT).await;
        if left > 0 {
            tracing::error!(left, "tasks did not end in time");
        }
        self.notifier.close(LAST_WORDS_WAIT).await;
        self.records_stop.cancel();
        self.records.close();
        if tokio::time::timeout(RECORDS_WAIT, self.records.wait()).await.is_err() {
            tracing::error!("the last records were not written in time");
        }
        if tokio::time::timeout(RECORDS_WAIT, self.store.close()).await.is_err() {
            tracing::warn!("the database was still in use and is left as it is");
        }
        tracing::info!("ended");
    }
}

fn launch_failure(error: &crate::browser::BrowserError) -> Failure {
    match error {
        crate::browser::BrowserError::Launch { what, hint } => two(what, hint),
        other => two(other, "Run `helmwatch doctor`; it says what is missing."),
    }
}

fn shelf_limits(config: &Config) -> ShelfLimits {
    let files = &config.files;
    ShelfLimits {
        files_max: files.files_max,
        file_bytes_max: files.file_bytes_max,
        bytes_max: files.bytes_max,
        total_bytes_max: files.total_bytes_max,
        link: Duration::from_millis(files.link_ms),
        keep: Duration::from_millis(files.keep_ms),
        downloads: files.downloads,
    }
}

fn desk_limits(config: &Config) -> DeskLimits {
    DeskLimits {
        pending_per_session_max: config.approval.pending_per_session_max,
        pending_max: config.approval.pending_max,
        picture_bytes_max: config.approval.picture_bytes_max,
        cards_for: Duration::from_secs(u64::from(config.approval.keep_days) * 24 * 60 * 60),
        ..DeskLimits::default()
    }
}

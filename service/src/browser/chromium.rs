//! One Chromium, started by us or reached elsewhere.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::telemetry::Tasks;
use chromiumoxide::cdp::browser_protocol::browser::{
    DownloadProgressState, EventDownloadProgress, EventDownloadWillBegin, GetVersionParams,
};
use chromiumoxide::cdp::browser_protocol::fetch::EventRequestPaused;
use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, EventAttachedToTarget, EventDetachedFromTarget, EventTargetCrashed,
    EventTargetInfoChanged, SetAutoAttachParams, SetDiscoverTargetsParams,
};

use super::BrowserError;
use super::cdp::{Connection, Event, EventSink, Transport, connect_websocket};
use super::context::Context;
use super::door;
use super::error::impossible;
use super::executable::Executable;
use super::launch::{self, LaunchOptions, Source};
use super::lock::lock;
use super::process::Process;
use super::stranger::let_run;

/// Downloads followed at once in one browser; each context has a smaller limit of its own.
const DOWNLOADS_MAX: usize = 1024;
/// How long a killed process may take to be gone, with its folder.
const END_WAIT_MAX: Duration = Duration::from_secs(10);

/// A browser with its connection. Dropping it ends the process.
pub struct Chromium {
    pub(super) connection: Connection,
    pub(super) tasks: Tasks,
    pub(super) options: Arc<LaunchOptions>,
    process: Option<Process>,
    /// `HeadlessChrome/156.0.…`
    version: String,
    root: Arc<RootSink>,
}

/// Events of the browser itself go to the context they concern.
#[derive(Default)]
pub(super) struct RootSink {
    connection: Mutex<Option<Connection>>,
    tasks: Tasks,
    /// By `browserContextId`; weak, so a dropped context is no leak.
    contexts: Mutex<HashMap<String, Weak<Context>>>,
    /// Downloads under way, by their number; at most [`DOWNLOADS_MAX`].
    downloads: Mutex<HashMap<String, Weak<Context>>>,
}

impl Chromium {
    /// A browser from wherever the options say.
    ///
    /// # Errors
    /// `Launch` with what to do; nothing is left behind then.
    pub async fn open(options: Arc<LaunchOptions>, tasks: &Tasks) -> Result<Self, BrowserError> {
        match options.source.clone() {
            Source::Start(executable) => Self::launch(&executable, options, tasks).await,
            Source::Elsewhere(url) => Self::connect(&url, options, tasks).await,
            #[cfg(test)]
            Source::Fake(fakes) => Self::over(fakes.start(), options, tasks).await,
        }
    }

    /// Starts a Chromium and waits for its first answer.
    async fn launch(executable: &Executable, options: Arc<LaunchOptions>, tasks: &Tasks) -> Result<Self, BrowserError> {
        let spawned = launch::spawn(executable, &options)?;
        let connection = Connection::start(spawned.transport, tasks);
        let process = Process::watch(spawned.child, spawned.profile, connection.clone(), tasks);
        let deadline = options.launch_deadline;
        match Self::greet(connection, Arc::clone(&options), tasks, deadline).await {
            Ok(mut chromium) => {
                chromium.process = Some(process);
                Ok(chromium)
            }
            Err(error) => {
                process.kill();
                process.ended().await;
                Err(explain(&error, &process.log()))
            }
        }
    }

    /// Connects to a Chromium elsewhere by its `ws://…/devtools/browser/…` address.
    ///
    /// # Errors
    /// `Launch` when nothing answers there.
    async fn connect(url: &str, options: Arc<LaunchOptions>, tasks: &Tasks) -> Result<Self, BrowserError> {
        let deadline = options.launch_deadline;
        let unreachable = |why: String| BrowserError::Launch {
            what: format!("no Chromium answers at {url}: {why}"),
            hint: "give the ws:// address that /json/version of that browser names".to_owned(),
        };
        let transport = tokio::time::timeout(deadline, connect_websocket(url))
            .await
            .map_err(|_| unreachable("no answer in time".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        Self::over(transport, options, tasks).await
    }

    /// Speaks over a given wire.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    async fn over<T: Transport>(
        transport: T,
        options: Arc<LaunchOptions>,
        tasks: &Tasks,
    ) -> Result<Self, BrowserError> {
        let deadline = options.launch_deadline;
        let connection = Connection::start(transport, tasks);
        let greeted = Self::greet(connection.clone(), options, tasks, deadline).await;
        // Its two tasks hold each other: nobody else would hang up.
        greeted.inspect_err(|_| connection.end("it did not greet"))
    }

    async fn greet(
        connection: Connection,
        options: Arc<LaunchOptions>,
        tasks: &Tasks,
        deadline: Duration,
    ) -> Result<Self, BrowserError> {
        let root = RootSink::of(&connection, tasks);
        let weak: Weak<dyn EventSink> = Arc::downgrade(&(Arc::clone(&root) as Arc<dyn EventSink>));
        connection.route_root(weak);
        let attach = SetAutoAttachParams::builder()
            .auto_attach(true)
            .wait_for_debugger_on_start(true)
            .flatten(true)
            .build()
            .map_err(impossible)?;
        let discover = SetDiscoverTargetsParams::new(true);
        let hello = GetVersionParams::default();
        let (version, attached, discovering) = futures_util::join!(
            connection.execute(None, &hello, deadline),
            connection.execute(None, &attach, deadline),
            connection.execute(None, &discover, deadline),
        );
        attached?;
        discovering?;
        let version = version?.product;
        let chromium = Self { connection, tasks: tasks.clone(), options, process: None, version, root };
        chromium.tend_door().await?;
        Ok(chromium)
    }

    /// Opens a context of its own: cookies, storage and proxy shared with no other.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn new_context(&self, proxy: SocketAddr) -> Result<Arc<Context>, BrowserError> {
        // Both, always: the proxy alone lets loopback around it, the bypass rule alone has no proxy.
        let command = CreateBrowserContextParams::builder()
            .dispose_on_detach(true)
            .proxy_server(format!("http://{proxy}"))
            .proxy_bypass_list("<-loopback>")
            .build();
        let created = self.connection.execute(None, &command, self.options.command_deadline).await?;
        let id: String = created.browser_context_id.into();
        let context =
            Arc::new(Context::new(id.clone(), self.connection.clone(), self.tasks.clone(), Arc::clone(&self.options)));
        lock(&self.root.contexts).insert(id, Arc::downgrade(&context));
        context.deny_downloads().await?;
        Ok(context)
    }

    pub(super) fn root(&self) -> Weak<RootSink> {
        Arc::downgrade(&self.root)
    }

    /// Is it still there?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.connection.is_alive()
    }

    /// Returns when it is gone.
    pub async fn gone(&self) {
        self.connection.gone().await;
    }

    /// Does it answer? One round trip to the browser process.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn ping(&self, deadline: Duration) -> Result<(), BrowserError> {
        self.connection.execute(None, &GetVersionParams::default(), deadline).await.map(drop)
    }

    /// Messages that came from it so far: one that speaks need not be asked whether it lives.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.connection.heard()
    }

    /// As in `HeadlessChrome/156.0.8078.79`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Number of its process, when we started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Ends it and waits until nothing of it is left; a process that the kernel does not let die is left to it, and said so.
    pub async fn close(&self) {
        match &self.process {
            Some(process) => {
                process.kill();
                if tokio::time::timeout(END_WAIT_MAX, process.ended()).await.is_err() {
                    tracing::error!(
                        pid = process.pid(),
                        "a browser was killed and is still there; nobody waits for it any longer"
                    );
                }
            }
            None => self.connection.end("closed"),
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.connection.end("closed");
    }
}

impl EventSink for RootSink {
    fn event(&self, event: Event<'_>) {
        let Some(connection) = lock(&self.connection).clone() else { return };
        match event.method {
            EventAttachedToTarget::IDENTIFIER => {
                let Some(attached) = event.decode::<EventAttachedToTarget>() else { return };
                let context = attached
                    .target_info
                    .browser_context_id
                    .as_ref()
                    .and_then(|id| lock(&self.contexts).get(AsRef::<str>::as_ref(id)).and_then(Weak::upgrade));
                match context {
                    Some(context) if attached.target_info.r#type == "page" => context.attached(&attached),
                    Some(context)
                        if matches!(attached.target_info.r#type.as_str(), "service_worker" | "shared_worker") =>
                    {
                        context.worker_attached(&attached);
                    }
                    _ => let_run(&connection, None, attached.session_id.as_ref(), &self.tasks),
                }
            }
            EventDetachedFromTarget::IDENTIFIER => {
                if let Some(detached) = event.decode::<EventDetachedFromTarget>() {
                    connection.end_session(detached.session_id.as_ref(), &BrowserError::Closed);
                }
            }
            EventRequestPaused::IDENTIFIER => {
                door::paused(&connection, self.contexts(), event);
                return;
            }
            EventDownloadWillBegin::IDENTIFIER => {
                if let Some(begun) = event.decode::<EventDownloadWillBegin>() {
                    self.download_begun(&begun);
                }
            }
            EventDownloadProgress::IDENTIFIER => {
                if let Some(moved) = event.decode::<EventDownloadProgress>() {
                    self.download_moved(&moved);
                }
            }
            EventTargetInfoChanged::IDENTIFIER => {
                let Some(changed) = event.decode::<EventTargetInfoChanged>() else { return };
                let contexts = lock(&self.contexts);
                let context = changed
                    .target_info
                    .browser_context_id
                    .as_ref()
                    .and_then(|id| contexts.get(AsRef::<str>::as_ref(id)).and_then(Weak::upgrade));
                drop(contexts);
                if let Some(context) = context {
                    context.info_changed(&changed.target_info);
                }
            }
            EventTargetCrashed::IDENTIFIER => {
                let Some(crashed) = event.decode::<EventTargetCrashed>() else { return };
                let contexts: Vec<_> = lock(&self.contexts).values().filter_map(Weak::upgrade).collect();
                for context in contexts {
                    context.target_crashed(crashed.target_id.as_ref());
                }
            }
            _ => {}
        }
        let mut contexts = lock(&self.contexts);
        if contexts.len() > 64 {
            contexts.retain(|_, context| context.strong_count() > 0);
        }
    }

    fn ended(&self, _error: &BrowserError) {
        // The connection held its own sink; without this neither would ever go.
        lock(&self.connection).take();
    }
}

impl RootSink {
    /// The one of a browser that is reached this way.
    pub fn of(connection: &Connection, tasks: &Tasks) -> Arc<Self> {
        Arc::new(Self { connection: Mutex::new(Some(connection.clone())), tasks: tasks.clone(), ..Self::default() })
    }

    /// The contexts it has.
    pub fn contexts(&self) -> Vec<Arc<Context>> {
        lock(&self.contexts).values().filter_map(Weak::upgrade).collect()
    }

    /// Downloads are told of by frame; which context that is, only its pages know.
    fn download_begun(&self, begun: &EventDownloadWillBegin) {
        let contexts: Vec<_> = lock(&self.contexts).values().filter_map(Weak::upgrade).collect();
        let mut downloads = lock(&self.downloads);
        if downloads.len() < DOWNLOADS_MAX
            && let Some(context) = contexts.iter().find(|context| context.download_begun(begun))
        {
            downloads.insert(begun.guid.clone(), Arc::downgrade(context));
            return;
        }
        drop(downloads);
        // Nobody's, as far as is known: then it must not go on, whoever's it is.
        for context in contexts {
            context.cancel_download(&begun.guid);
        }
    }

    fn download_moved(&self, moved: &EventDownloadProgress) {
        let over = moved.state != DownloadProgressState::InProgress;
        let context = {
            let mut downloads = lock(&self.downloads);
            let context = if over { downloads.remove(&moved.guid) } else { downloads.get(&moved.guid).cloned() };
            // Of a context that went no end is told.
            downloads.retain(|_, context| context.strong_count() > 0);
            context
        };
        if let Some(context) = context.and_then(|context| context.upgrade()) {
            context.download_moved(moved);
        }
    }
}

/// What a failed start means, in words that help.
fn explain(error: &BrowserError, log: &[String]) -> BrowserError {
    let sandbox = log.iter().any(|line| line.contains("sandbox") || line.contains("Operation not permitted"));
    let library = log.iter().find(|line| line.contains("error while loading shared libraries"));
    let hint = match (library, sandbox) {
        (Some(line), _) => format!("install what Chromium misses: {line}"),
        (None, true) => {
            "allow unprivileged user namespaces (or install chromium-sandbox); `helmwatch doctor` says more".to_owned()
        }
        (None, false) => "run `helmwatch doctor`; it says what Chromium misses here".to_owned(),
    };
    let last = log.last().map(|line| format!(" (its last words: {line})")).unwrap_or_default();
    BrowserError::Launch { what: format!("Chromium did not start: {error}{last}"), hint }
}

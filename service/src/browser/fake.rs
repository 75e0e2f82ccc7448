//! Browsers that are none: they answer CDP as a test tells them, in memory, so that a paused clock can be used.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Door;
use super::cdp::{MessageReader, MessageWriter, Transport};
use super::launch::{CastOptions, LaunchOptions, Sandbox, Source};
use super::lock::lock;

/// What a browser is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Its first answer.
    Launch,
    /// A context, and a tab in it.
    Context,
    /// Whether it lives.
    Health,
    /// To end a context.
    Dispose,
    /// To live on, after its launch.
    Live,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Ok,
    /// It says no; of a life: it ends at once.
    Error,
    /// It is done some seconds later; of a life: it ends then.
    Slow,
    Never,
}

/// What a slow one takes.
const SLOW: Duration = Duration::from_secs(4);

/// Decides what becomes of each step of each browser.
type Plan = dyn Fn(Step) -> Deed + Send + Sync;

/// All browsers of one test. A clone is the same.
#[derive(Clone)]
pub struct Fakes(Arc<Inner>);

struct Inner {
    plan: Mutex<Box<Plan>>,
    /// By number of a browser that lives: its contexts.
    living: Mutex<BTreeMap<u64, HashMap<String, Vec<String>>>>,
    next: std::sync::atomic::AtomicU64,
    /// Their tasks; what is left of them ends with the test's runtime.
    tasks: Mutex<JoinSet<()>>,
}

impl Fakes {
    pub(crate) fn new(plan: impl Fn(Step) -> Deed + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            plan: Mutex::new(Box::new(plan)),
            living: Mutex::default(),
            next: std::sync::atomic::AtomicU64::new(1),
            tasks: Mutex::default(),
        }))
    }

    /// From now on this.
    pub(crate) fn plan(&self, plan: impl Fn(Step) -> Deed + Send + Sync + 'static) {
        *lock(&self.0.plan) = Box::new(plan);
    }

    /// Contexts of each browser that lives.
    pub(crate) fn contexts(&self) -> Vec<usize> {
        lock(&self.0.living).values().map(HashMap::len).collect()
    }

    /// Options by which such a browser is started.
    pub(crate) fn options(&self) -> LaunchOptions {
        LaunchOptions {
            source: Source::Fake(self.clone()),
            run_as: None,
            sandbox: Sandbox::On,
            profiles: "/nowhere".into(),
            extra_args: Vec::new(),
            launch_deadline: Duration::from_secs(10),
            command_deadline: Duration::from_secs(8),
            viewport: (800, 600),
            pages_max: 4,
            cast: CastOptions { quality: 50, width_max: 800, height_max: 600, fps_max: 10 },
            door: Door::new(|_, _| false),
            mask: crate::config::MaskConfig::default(),
            shm_usable: true,
        }
    }

    fn deed(&self, step: Step) -> Deed {
        (lock(&self.0.plan))(step)
    }

    /// One more browser, and our end of the wire to it.
    pub(super) fn start(&self) -> Wire {
        let number = self.0.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (to_browser, commands) = mpsc::channel(1024);
        let (answers, from_browser) = mpsc::channel(1024);
        lock(&self.0.living).insert(number, HashMap::new());
        let browser = Browser { fakes: self.clone(), number, launched: false, answers };
        lock(&self.0.tasks).spawn(browser.run(commands));
        Wire { to_browser, from_browser }
    }
}

impl std::fmt::Debug for Fakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fakes").field(&self.contexts()).finish()
    }
}

impl PartialEq for Fakes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Fakes {}

/// One browser.
struct Browser {
    fakes: Fakes,
    number: u64,
    launched: bool,
    answers: mpsc::Sender<Bytes>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        lock(&self.fakes.0.living).remove(&self.number);
    }
}

impl Browser {
    /// Runs until its life or the wire ends.
    async fn run(mut self, mut commands: mpsc::Receiver<Bytes>) {
        let mut later = JoinSet::new();
        let mut life: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(pending());
        loop {
            tokio::select! {
                () = &mut life => return,
                command = commands.recv() => {
                    let Some(command) = command else { return };
                    let Ok(command) = serde_json::from_slice::<Value>(&command) else { return };
                    if !self.launched && command["method"] == "Target.setDiscoverTargets" {
                        self.launched = true;
                        match self.fakes.deed(Step::Live) {
                            Deed::Ok | Deed::Never => {}
                            Deed::Error => life = Box::pin(tokio::time::sleep(Duration::from_millis(1))),
                            Deed::Slow => life = Box::pin(tokio::time::sleep(SLOW)),
                        }
                    }
                    self.answer(&command, &mut later).await;
                }
                Some(_) = later.join_next() => {}
            }
        }
    }

    async fn answer(&self, command: &Value, later: &mut JoinSet<()>) {
        let step = match command["method"].as_str().unwrap_or_default() {
            "Browser.getVersion" if self.launched => Step::Health,
            "Browser.getVersion" => Step::Launch,
            "Target.createBrowserContext" | "Target.createTarget" => Step::Context,
            "Target.disposeBrowserContext" => Step::Dispose,
            _ => return self.send(self.done(command)).await,
        };
        match self.fakes.deed(step) {
            Deed::Ok => self.send(self.done(command)).await,
            Deed::Error => {
                let no = json!({ "id": command["id"], "error": { "code": -32000, "message": "no" } });
                self.send(vec![no]).await;
            }
            Deed::Slow => {
                // Done late, and told late: whoever asked may have left.
                let messages = self.done(command);
                let answers = self.answers.clone();
                later.spawn(async move {
                    tokio::time::sleep(SLOW).await;
                    for message in messages {
                        drop(answers.send(message.to_string().into()).await);
                    }
                });
            }
            Deed::Never => {}
        }
    }

    async fn send(&self, messages: Vec<Value>) {
        for message in messages {
            drop(self.answers.send(message.to_string().into()).await);
        }
    }

    /// Does what is asked; the messages that tell.
    fn done(&self, command: &Value) -> Vec<Value> {
        let (id, params) = (&command["id"], &command["params"]);
        let session = command["sessionId"].as_str();
        let context = params["browserContextId"].as_str().unwrap_or_default();
        let mut living = lock(&self.fakes.0.living);
        let contexts = living.get_mut(&self.number).expect("it lives");
        let mut events = Vec::new();
        let result = match command["method"].as_str().unwrap_or_default() {
            "Browser.getVersion" => json!({
                "protocolVersion": "1.3", "product": "Fake/1", "revision": "", "userAgent": "", "jsVersion": ""
            }),
            "Target.createBrowserContext" => {
                let name = format!("context-{}-{id}", self.number);
                contexts.insert(name.clone(), Vec::new());
                json!({ "browserContextId": name })
            }
            "Target.createTarget" => {
                let target = format!("target-{id}");
                if let Some(tabs) = contexts.get_mut(context) {
                    tabs.push(target.clone());
                }
                events.push(json!({ "method": "Target.attachedToTarget", "params": {
                    "sessionId": format!("session-{target}"), "waitingForDebugger": true,
                    "targetInfo": {
                        "targetId": target, "type": "page", "title": "", "url": "about:blank", "attached": true,
                        "canAccessOpener": false, "browserContextId": context
                    }
                }}));
                json!({ "targetId": target })
            }
            "Target.disposeBrowserContext" => {
                for target in contexts.remove(context).unwrap_or_default() {
                    events.push(json!({ "method": "Target.detachedFromTarget", "params": {
                        "sessionId": format!("session-{target}"), "targetId": target
                    }}));
                }
                json!({})
            }
            "Page.getFrameTree" => {
                let frame = session.unwrap_or_default().trim_start_matches("session-");
                json!({ "frameTree": { "frame": {
                    "id": frame, "loaderId": "l", "url": "about:blank", "domainAndRegistry": "",
                    "securityOrigin": "://", "mimeType": "text/html", "secureContextType": "InsecureScheme",
                    "crossOriginIsolatedContextType": "NotIsolated", "gatedAPIFeatures": []
                }}})
            }
            "Page.addScriptToEvaluateOnNewDocument" => json!({ "identifier": "1" }),
            _ => json!({}),
        };
        let mut answer = json!({ "id": id, "result": result });
        if let Some(session) = session {
            answer["sessionId"] = session.into();
        }
        events.push(answer);
        events
    }
}

/// Our end of a wire.
pub(super) struct Wire {
    to_browser: mpsc::Sender<Bytes>,
    from_browser: mpsc::Receiver<Bytes>,
}

pub(super) struct Writing(mpsc::Sender<Bytes>);
pub(super) struct Reading(mpsc::Receiver<Bytes>);

impl Transport for Wire {
    type Reader = Reading;
    type Writer = Writing;

    fn split(self) -> (Reading, Writing) {
        (Reading(self.from_browser), Writing(self.to_browser))
    }
}

impl MessageReader for Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        Ok(self.0.recv().await)
    }
}

impl MessageWriter for Writing {
    async fn send(&mut self, message: Bytes) -> io::Result<()> {
        self.0.send(message).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

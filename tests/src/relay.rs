//! A Chromium behind a wire that loses what it is told to lose: faults of the connection, with a real browser on its other side.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::cdp::{executable, unprivileged};
use crate::{Fault, Outcome};

/// Longest start.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Commands of the service that are remembered; the oldest are forgotten.
const COMMANDS_MAX: usize = 4_096;

/// Messages of Chromium's that are made up and wait to be told.
const MADE_UP_MAX: usize = 16;

/// A headless Chromium, and an address at which it answers through the wire.
pub struct Relay {
    child: Child,
    url: String,
    /// Chromium's own address, past the wire.
    behind: String,
    wire: Arc<Wire>,
    made_up: mpsc::Sender<Value>,
    _wires: JoinSet<()>,
    _profile: TempDir,
}

struct Wire {
    word: &'static str,
    /// Commands with the word that are still to be lost.
    loses: AtomicUsize,
    /// What the service sent, lost or not, oldest first.
    commands: Mutex<VecDeque<String>>,
}

impl Relay {
    /// Starts both. While it loses, commands that hold `word` never reach Chromium.
    ///
    /// # Errors
    /// When Chromium does not start.
    pub async fn start(word: &'static str) -> Outcome<Self> {
        let profile = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        let mut command = Command::new(executable());
        unprivileged(&mut command, profile.path())?;
        command
            .args(["--headless", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu"])
            .args(["--window-size=1280,720", "--disable-background-networking"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Fault::of("Chromium does not start", error))?;
        let mut lines = BufReader::new(child.stderr.take().ok_or_else(|| Fault::of("Chromium", "no stderr"))?).lines();
        let named = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.split_whitespace().find(|word| word.starts_with("ws://")) {
                    return Ok(url.to_owned());
                }
            }
            Err(Fault::of("Chromium", "named no address"))
        };
        let behind = tokio::time::timeout(READY_WITHIN, named)
            .await
            .map_err(|_| Fault::of("Chromium", "was not ready in time"))??;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Fault::of("listen", error))?;
        let port = listener.local_addr().map_err(|error| Fault::of("listen", error))?.port();
        let path = behind.splitn(4, '/').nth(3).unwrap_or_default();
        let url = format!("ws://127.0.0.1:{port}/{path}");
        let wire = Arc::new(Wire { word, loses: AtomicUsize::new(0), commands: Mutex::default() });
        let (made_up, mut telling) = mpsc::channel(MADE_UP_MAX);
        let mut wires = JoinSet::new();
        // What it says further is nobody's, but a full pipe would stop it.
        wires.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        wires.spawn({
            let (wire, behind) = (Arc::clone(&wire), behind.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // One service, one connection.
                    drop(carry(stream, &behind, &wire, &mut telling).await);
                }
            }
        });
        Ok(Self { child, url, behind, wire, made_up, _wires: wires, _profile: profile })
    }

    /// What `browser.connect` takes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Loses from now on, or no longer.
    pub fn lose(&self, loses: bool) {
        self.lose_next(if loses { usize::MAX } else { 0 });
    }

    /// Loses the next so many.
    pub fn lose_next(&self, count: usize) {
        self.wire.loses.store(count, Ordering::SeqCst);
    }

    /// What the service sent that holds `word`, lost or not, oldest first.
    #[must_use]
    pub fn commands_with(&self, word: &str) -> Vec<Value> {
        let commands = self.wire.commands.lock().expect("no holder of this lock panics");
        commands.iter().filter(|text| text.contains(word)).filter_map(|text| serde_json::from_str(text).ok()).collect()
    }

    /// Tells the service what Chromium did not say.
    ///
    /// # Errors
    /// When there is no wire.
    pub async fn tell(&self, message: Value) -> Outcome<()> {
        self.made_up.send(message).await.map_err(|error| Fault::of("the wire", error))
    }

    /// Sends a command to the tab whose address holds `place`, past the wire and without waiting for an answer.
    ///
    /// # Errors
    /// When there is no such tab.
    pub async fn raw(&self, place: &str, method: &str, params: Value) -> Outcome<()> {
        let fault = |error| Fault::of("Chromium, past the wire", error);
        let (mut browser, _) = tokio_tungstenite::connect_async(&self.behind).await.map_err(fault)?;
        let targets = ask(&mut browser, 1, "Target.getTargets", json!({})).await?;
        let all = targets["targetInfos"].as_array().cloned().unwrap_or_default();
        let tab =
            all.iter().find(|one| one["type"] == "page" && one["url"].as_str().is_some_and(|url| url.contains(place)));
        let tab = tab.ok_or_else(|| Fault::of(place, "no tab is there"))?;
        let attach = json!({ "targetId": tab["targetId"], "flatten": true });
        let session = ask(&mut browser, 2, "Target.attachToTarget", attach).await?["sessionId"].take();
        let command = json!({ "id": 3, "sessionId": session, "method": method, "params": params });
        browser.send(Message::text(command.to_string())).await.map_err(fault)?;
        // Not closed before Chromium has read it.
        ask(&mut browser, 4, "Browser.getVersion", json!({})).await.map(drop)
    }

    /// Ends Chromium.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Outcome<()> {
        self.child.kill().await.map_err(|error| Fault::of("kill", error))
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

/// One command of the browser's own, and what it answers.
async fn ask(browser: &mut Socket, id: u64, method: &str, params: Value) -> Outcome<Value> {
    let fault = |error| Fault::of("Chromium, past the wire", error);
    let command = json!({ "id": id, "method": method, "params": params });
    browser.send(Message::text(command.to_string())).await.map_err(fault)?;
    while let Some(message) = browser.next().await {
        let Message::Text(text) = message.map_err(fault)? else { continue };
        let mut answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if answer["id"] == id {
            return Ok(answer["result"].take());
        }
    }
    Err(Fault::of(method, "Chromium is gone"))
}

async fn carry(stream: TcpStream, behind: &str, wire: &Wire, telling: &mut mpsc::Receiver<Value>) -> Outcome<()> {
    let fault = |error| Fault::of("the wire", error);
    let (mut to_service, mut from_service) = tokio_tungstenite::accept_async(stream).await.map_err(fault)?.split();
    let (behind, _) = tokio_tungstenite::connect_async(behind).await.map_err(fault)?;
    let (mut to_browser, mut from_browser) = behind.split();
    let commands = async {
        while let Some(Ok(message)) = from_service.next().await {
            let lost = matches!(&message, Message::Text(text) if wire.loses(text));
            if !lost && to_browser.send(message).await.is_err() {
                return;
            }
        }
    };
    let answers = async {
        loop {
            let message = tokio::select! {
                Some(made_up) = telling.recv() => Message::text(made_up.to_string()),
                Some(Ok(message)) = from_browser.next() => message,
                else => return,
            };
            if to_service.send(message).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = commands => {}, () = answers => {} }
    Ok(())
}

impl Wire {
    /// Remembers a command and says whether it is lost.
    fn loses(&self, text: &str) -> bool {
        {
            let mut commands = self.commands.lock().expect("no holder of this lock panics");
            if commands.len() == COMMANDS_MAX {
                commands.pop_front();
            }
            commands.push_back(text.to_owned());
        }
        let less = |left: usize| if left == usize::MAX { Some(left) } else { left.checked_sub(1) };
        text.contains(self.word) && self.loses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

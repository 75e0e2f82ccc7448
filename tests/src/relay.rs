//! A Chromium behind a wire that loses what it is told to lose: faults of the connection, with a real browser on its other side.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::cdp::{executable, unprivileged};
use crate::{Fault, Outcome};

/// Longest start.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A headless Chromium, and an address at which it answers through the wire.
pub struct Relay {
    child: Child,
    url: String,
    loses: Arc<AtomicBool>,
    _wires: JoinSet<()>,
    _profile: TempDir,
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
        let loses = Arc::new(AtomicBool::new(false));
        let mut wires = JoinSet::new();
        // What it says further is nobody's, but a full pipe would stop it.
        wires.spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        wires.spawn({
            let loses = Arc::clone(&loses);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // One service, one connection.
                    drop(carry(stream, &behind, word, &loses).await);
                }
            }
        });
        Ok(Self { child, url, loses, _wires: wires, _profile: profile })
    }

    /// What `browser.connect` takes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Loses from now on, or no longer.
    pub fn lose(&self, loses: bool) {
        self.loses.store(loses, Ordering::SeqCst);
    }

    /// Ends Chromium.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Outcome<()> {
        self.child.kill().await.map_err(|error| Fault::of("kill", error))
    }
}

async fn carry(stream: TcpStream, behind: &str, word: &str, loses: &AtomicBool) -> Outcome<()> {
    let fault = |error| Fault::of("the wire", error);
    let (mut to_service, mut from_service) = tokio_tungstenite::accept_async(stream).await.map_err(fault)?.split();
    let (behind, _) = tokio_tungstenite::connect_async(behind).await.map_err(fault)?;
    let (mut to_browser, mut from_browser) = behind.split();
    let commands = async {
        while let Some(Ok(message)) = from_service.next().await {
            let lost = matches!(&message, Message::Text(text) if text.contains(word)) && loses.load(Ordering::SeqCst);
            if !lost && to_browser.send(message).await.is_err() {
                return;
            }
        }
    };
    let answers = async {
        while let Some(Ok(message)) = from_browser.next().await {
            if to_service.send(message).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = commands => {}, () = answers => {} }
    Ok(())
}

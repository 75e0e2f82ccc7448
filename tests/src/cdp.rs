//! A thin CDP connection over `--remote-debugging-pipe`, for the benchmark's raw side and for the person's browser in tests.
//!
//! Written without a look at the service's own: what measures and judges must not share its faults.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{Uid, chown, pipe2};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, broadcast, oneshot};
use tokio::task::JoinSet;

use crate::{Fault, Outcome};

/// The headless shell as Debian installs it; `CHROMIUM_BIN` names another.
const EXECUTABLE: &str = "/usr/lib/chromium/chromium-headless-shell";

/// The whole browser as Debian installs it.
const WHOLE: &str = "/usr/lib/chromium/chromium";

/// User a Chromium started by root runs as: its sandbox refuses root.
const NOBODY: u32 = 65_534;

/// Events kept for a listener that is slow; one that falls further behind is told so.
const EVENTS_MAX: usize = 4_096;

/// Longest a command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// As in `Page.loadEventFired`.
    pub method: String,
    /// Flat session it came from; empty for the browser's own.
    pub session: String,
    /// Its parameters.
    pub params: Value,
}

type Pending = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>>;

/// A Chromium of our own and the connection to it.
pub struct Chromium {
    connection: Arc<Connection>,
    child: Child,
    /// Reads the pipe; ends with this.
    _reader: JoinSet<()>,
    _profile: TempDir,
}

/// The connection; shared by all pages.
pub struct Connection {
    writer: AsyncMutex<pipe::Sender>,
    pending: Pending,
    events: broadcast::Sender<Arc<Event>>,
    next: AtomicU64,
}

/// Path of the Chromium used.
#[must_use]
pub fn executable() -> PathBuf {
    std::env::var_os("CHROMIUM_BIN").map_or_else(|| PathBuf::from(EXECUTABLE), PathBuf::from)
}

/// Makes the command run as an unprivileged user when we are root, with a home it may write. (`std` drops root's
/// supplementary groups by itself when it changes user.)
///
/// # Errors
/// When the folder cannot be given away.
pub fn unprivileged(command: &mut Command, home: &Path) -> Outcome<()> {
    if Uid::effective().is_root() {
        chown(home, Some(NOBODY.into()), Some(NOBODY.into())).map_err(|error| Fault::of("chown", error))?;
        command.uid(NOBODY).gid(NOBODY);
    }
    command.env("HOME", home).env("XDG_CONFIG_HOME", home).env("XDG_CACHE_HOME", home).current_dir(home);
    Ok(())
}

impl Chromium {
    /// Starts the headless shell with its sandbox on and a fresh profile.
    ///
    /// # Errors
    /// When there is no Chromium, or it does not start.
    pub async fn launch() -> Outcome<Self> {
        Self::launch_with(&[]).await
    }

    /// The same with further flags.
    ///
    /// # Errors
    /// As [`Self::launch`].
    pub async fn launch_with(flags: &[&str]) -> Outcome<Self> {
        let hint = "apt-get install chromium-headless-shell, or name one in CHROMIUM_BIN";
        Self::start(executable(), hint, flags).await
    }

    /// The same with the whole browser, for what the shell lacks: notifications are refused there.
    ///
    /// # Errors
    /// As [`Self::launch`].
    pub async fn launch_whole() -> Outcome<Self> {
        Self::start(PathBuf::from(WHOLE), "apt-get install chromium", &[]).await
    }

    async fn start(program: PathBuf, hint: &str, flags: &[&str]) -> Outcome<Self> {
        if !program.is_file() {
            return Err(Fault::new(format!("no Chromium at {}", program.display()), hint));
        }
        let profile = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        let (their_input, our_output) = pipe_pair()?;
        let (our_input, their_output) = pipe_pair()?;
        let mut command = Command::new(program);
        unprivileged(&mut command, profile.path())?;
        command
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-gpu", "--no-startup-window", "--window-size=1280,720"])
            .args(flags)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let (input, output) = (their_input.as_raw_fd(), their_output.as_raw_fd());
        // SAFETY: dup2 is async-signal-safe; both descriptors are above 9, so neither call overwrites the other's.
        unsafe {
            command.pre_exec(move || {
                duplicate(input, 3)?;
                duplicate(output, 4)
            });
        }
        let child = command.spawn().map_err(|error| Fault::of("Chromium does not start", error))?;
        drop((their_input, their_output));
        let writer = pipe::Sender::from_owned_fd(our_output).map_err(|error| Fault::of("pipe", error))?;
        let input = pipe::Receiver::from_owned_fd(our_input).map_err(|error| Fault::of("pipe", error))?;
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let pending = Pending::default();
        let mut reader = JoinSet::new();
        reader.spawn(read(input, Arc::clone(&pending), events.clone()));
        let connection =
            Arc::new(Connection { writer: AsyncMutex::new(writer), pending, events, next: AtomicU64::new(1) });
        connection.call("", "Browser.getVersion", json!({})).await?;
        Ok(Self { connection, child, _reader: reader, _profile: profile })
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Its process id, for figures.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.child.id().map(u32::cast_signed)
    }

    /// Closes it and waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn close(mut self) -> Outcome<()> {
        // It may be gone before it answers: its end is the answer.
        drop(self.connection.call("", "Browser.close", json!({})).await);
        tokio::time::timeout(Duration::from_secs(10), self.child.wait())
            .await
            .map_err(|_| Fault::new("Chromium does not close", "look for it with ps"))?
            .map_err(|error| Fault::of("wait", error))?;
        Ok(())
    }
}

impl Connection {
    /// One command; `session` is empty for the browser itself.
    ///
    /// # Errors
    /// What Chromium answered, or that it did not.
    pub async fn call(&self, session: &str, method: &str, params: Value) -> Outcome<Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let (answer, answered) = oneshot::channel();
        self.pending.lock().expect("no holder of this lock panics").insert(id, answer);
        self.writer.lock().await.write_all(&bytes).await.map_err(|error| Fault::of(method, error))?;
        match tokio::time::timeout(COMMAND_WITHIN, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(error))) => Err(Fault::of(method, error)),
            Ok(Err(_)) => Err(Fault::of(method, "the browser is gone")),
            Err(_) => {
                self.pending.lock().expect("no holder of this lock panics").remove(&id);
                Err(Fault::of(method, "no answer"))
            }
        }
    }

    /// One command that nobody waits for: its answer is let by.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn post(&self, session: &str, method: &str, params: Value) -> Outcome<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let message = json!({ "id": id, "method": method, "params": params, "sessionId": session });
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.writer.lock().await.write_all(&bytes).await.map_err(|error| Fault::of(method, error))
    }

    /// Every event from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }
}

/// Waits for the first event that `wanted` takes.
///
/// # Errors
/// When none came in time, or the browser is gone.
pub async fn event(
    events: &mut broadcast::Receiver<Arc<Event>>,
    wanted: impl Fn(&Event) -> bool,
) -> Outcome<Arc<Event>> {
    let waiting = async {
        loop {
            match events.recv().await {
                Ok(event) if wanted(&event) => return Ok(event),
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Err(Fault::of("event", "the browser is gone")),
            }
        }
    };
    tokio::time::timeout(COMMAND_WITHIN, waiting).await.map_err(|_| Fault::of("event", "none came"))?
}

async fn read(input: pipe::Receiver, pending: Pending, events: broadcast::Sender<Arc<Event>>) {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut message = Vec::new();
    loop {
        message.clear();
        match input.read_until(0, &mut message).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        message.pop();
        let Ok(mut value) = serde_json::from_slice::<Value>(&message) else { continue };
        if let Some(id) = value.get("id").and_then(Value::as_u64) {
            let waiting = pending.lock().expect("no holder of this lock panics").remove(&id);
            let answer = match value.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(value["result"].take()),
            };
            // A caller that gave up is gone; its answer goes with it.
            drop(waiting.map(|waiting| waiting.send(answer)));
        } else if let Some(method) = value["method"].as_str() {
            let event = Event {
                method: method.to_owned(),
                session: value["sessionId"].as_str().unwrap_or_default().to_owned(),
                params: value["params"].take(),
            };
            // Nobody listening is no fault.
            drop(events.send(Arc::new(event)));
        }
    }
    pending.lock().expect("no holder of this lock panics").clear();
}

/// Both ends of a pipe, close-on-exec, above descriptor 9.
fn pipe_pair() -> Outcome<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(|error| Fault::of("pipe", error))?;
    Ok((above_nine(&read)?, above_nine(&write)?))
}

fn above_nine(descriptor: &OwnedFd) -> Outcome<OwnedFd> {
    let copy = fcntl(descriptor, FcntlArg::F_DUPFD_CLOEXEC(10)).map_err(|error| Fault::of("fcntl", error))?;
    // SAFETY: fcntl just made this descriptor for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

fn duplicate(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: plain descriptors; runs in the child between fork and exec.
    let result = unsafe { nix::libc::dup2(from, to) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

//! A Chromium process while it lives, and its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::telemetry::Tasks;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::cdp::Connection;
use super::profile::Profile;

/// Lines of Chromium's own log kept to explain a failed start.
const LOG_LINES_MAX: usize = 20;
/// Longest piece of one line kept, bytes.
const LOG_LINE_BYTES_MAX: usize = 400;

/// A running Chromium. Dropping it kills the process group; [`Self::ended`] returns when it is reaped and its folder removed.
pub(super) struct Process {
    pid: u32,
    kill: CancellationToken,
    ended: CancellationToken,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Watches over a started Chromium: when it exits the connection ends, when the connection ends it is killed.
    pub fn watch(mut child: Child, profile: Profile, connection: Connection, tasks: &Tasks) -> Self {
        let pid = child.id().unwrap_or_default();
        let (kill, ended) = (CancellationToken::new(), CancellationToken::new());
        let log = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            tasks.spawn("chromium log", async move {
                // Each line is cut; an endless one is read on in pieces.
                let mut lines = BufReader::new(stderr);
                let mut line = Vec::new();
                while let Ok(read) = (&mut lines).take(4096).read_until(b'\n', &mut line).await {
                    if read == 0 {
                        break;
                    }
                    line.truncate(LOG_LINE_BYTES_MAX);
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    if log.len() == LOG_LINES_MAX {
                        log.pop_front();
                    }
                    log.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
                    line.clear();
                }
            });
        }
        let process = Self { pid, kill: kill.clone(), ended: ended.clone(), log };
        tasks.spawn_with("chromium process", |ending| async move {
            let exit = tokio::select! {
                exit = child.wait() => Some(exit),
                () = kill.cancelled() => None,
                () = ending.cancelled() => None,
                () = connection.gone() => None,
            };
            // The whole group: zygotes and helpers must not outlive the browser process.
            if let Ok(group) = i32::try_from(pid)
                && group > 1
                && let Err(error) = killpg(Pid::from_raw(group), Signal::SIGKILL)
            {
                // Usually all of it has ended by itself.
                tracing::debug!(%error, "no process group left to kill");
            }
            let exit = match exit {
                Some(exit) => exit,
                None => child.wait().await,
            };
            let how = exit.map_or_else(|error| error.to_string(), |status| status.to_string());
            connection.end(&format!("its process ended ({how})"));
            // Removing a folder blocks; the folder goes before anyone is told.
            drop(tokio::task::spawn_blocking(move || drop(profile)).await);
            ended.cancel();
        });
        process
    }

    /// Number of the browser process, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends the process; returns at once.
    pub fn kill(&self) {
        self.kill.cancel();
    }

    /// Returns when the process is reaped and its folder is gone.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// The last lines Chromium wrote, oldest first.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

//! The peer of the benchmark: Playwright MCP over HTTP, with the same Chromium, run as the same unprivileged user.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::processes::Process;
use crate::wait::until;
use crate::{Fault, Outcome, cdp, node};

/// Longest start.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running Playwright MCP.
pub struct Playwright {
    child: Child,
    port: u16,
    _home: TempDir,
}

impl Playwright {
    /// Starts it: `--headless --isolated`, on a free port.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn start() -> Outcome<Self> {
        let home = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        // It cannot take port 0 and say which it got; the moment between is ours alone on this machine.
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Fault::of("no port", error))?;
            free.local_addr().map_err(|error| Fault::of("no local address", error))?.port()
        };
        let mut command = Command::new(node::node()?);
        cdp::unprivileged(&mut command, home.path())?;
        let mut child = command
            // The name of its sockets' folder is the same for every user of a machine.
            .env("TMPDIR", home.path())
            .arg(node::file("@playwright/mcp/cli.js")?)
            .args(["--headless", "--isolated", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--browser", "chromium", "--sandbox"])
            .arg("--executable-path")
            .arg(cdp::executable())
            .arg("--output-dir")
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Fault::of("Playwright MCP does not start", error))?;
        let answered = until("Playwright MCP", READY_WITHIN, async || {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return Some(false);
            }
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(true)
        })
        .await?;
        if !answered {
            let hint = "can the unprivileged user read node_modules? HW_TEST_NODE_MODULES names another place";
            return Err(Fault::new("Playwright MCP ended at once", hint));
        }
        Ok(Self { child, port, _home: home })
    }

    /// Address of its `/mcp`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}/mcp", self.port)
    }

    /// Its own process.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        Process::of(self.child.id()?.cast_signed())
    }

    /// Ends it and its browsers.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(mut self) -> Outcome<()> {
        let tree = self.process().map(Process::tree).unwrap_or_default();
        if let Some(pid) = self.child.id() {
            let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)
                .map_err(|error| Fault::of("signal", error))?;
        }
        if tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(|error| Fault::of("Playwright MCP", error))?;
        }
        for process in tree.into_iter().filter(|process| process.alive()) {
            let pid = nix::unistd::Pid::from_raw(process.pid);
            // Its browser may end by itself between the look and the signal: then there is nothing to end.
            let _gone = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).is_err();
        }
        Ok(())
    }
}

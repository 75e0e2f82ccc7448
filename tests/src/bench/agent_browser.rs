//! agent-browser's MCP server, with a home, a name space and a browser of its own.

use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::stdio::StdioClient;
use crate::{Fault, Outcome, cdp, node, processes};

/// In the environment of what a peer starts, so that it is found whoever adopted it.
const MARK: &str = "HELMWATCH_BENCH_PEER";

/// Processes with a mark of their own; ended when this is dropped.
struct Marked {
    value: String,
}

impl Drop for Marked {
    fn drop(&mut self) {
        for process in processes::marked(MARK, &self.value) {
            // It may end by itself between the look and the signal: then there is nothing to end.
            let _gone = kill(Pid::from_raw(process.pid), Signal::SIGKILL).is_err();
        }
    }
}

/// A running one. Its browser and a helper run on without it: both are ended with this, however it ends.
pub(super) struct AgentBrowser {
    pub client: StdioClient,
    _rest: Marked,
    _home: TempDir,
}

impl AgentBrowser {
    /// Starts it with these arguments and this in its environment.
    pub async fn start(arguments: &[&str], environment: &[(&str, String)]) -> Outcome<Self> {
        let home = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        // npm ran no script of the package, so the program it brings may not be run where it lies.
        let program = home.path().join("agent-browser");
        std::fs::copy(node::file("agent-browser/bin/agent-browser-linux-x64")?, &program)
            .map_err(|error| Fault::of("agent-browser", error))?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))
            .map_err(|error| Fault::of("agent-browser", error))?;
        let mut command = Command::new(program);
        cdp::unprivileged(&mut command, home.path())?;
        command
            .arg("mcp")
            .args(arguments)
            .env("AGENT_BROWSER_EXECUTABLE_PATH", cdp::executable())
            .env(MARK, home.path())
            .env("AGENT_BROWSER_NAMESPACE", "helmwatch-bench")
            .envs(environment.iter().map(|(name, value)| (name, value)));
        let rest = Marked { value: home.path().display().to_string() };
        let client = StdioClient::start(command).await?;
        Ok(Self { client, _rest: rest, _home: home })
    }

    /// Ends it with its browser.
    pub async fn stop(self) -> Outcome<()> {
        let closed = self.client.call("agent_browser_close", json!({ "all": true })).await;
        closed.map_err(|refused| Fault::of("close", refused))?;
        self.client.stop().await
    }
}

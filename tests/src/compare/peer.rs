//! The peer's side: `playwright-core`, which Playwright MCP takes its snapshots with, and the same Chromium.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::Way;
use crate::{Fault, Outcome, cdp, node};

/// Longest for one page; the script gives up earlier by itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A running Playwright.
pub(super) struct Peer {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _home: TempDir,
}

impl Peer {
    /// Starts it as the unprivileged user, its sandbox on.
    pub async fn start() -> Outcome<Self> {
        let home = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        let mut command = Command::new(node::node()?);
        cdp::unprivileged(&mut command, home.path())?;
        let mut child = command
            .arg(node::source("compare/peer.mjs")?)
            .arg(node::modules()?)
            .arg(cdp::executable())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Fault::of("Playwright does not start", error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Fault::of("Playwright", "its pipes are not there"));
        };
        let mut peer = Self { child, input, lines: BufReader::new(output).lines(), _home: home };
        peer.next().await?;
        Ok(peer)
    }

    /// The page's snapshot, in a page of its own.
    pub async fn snapshot(&mut self, url: &str, way: Way) -> Outcome<String> {
        let mut wanted = json!({ "url": url, "boxes": way.boxes, "undrawn": !way.without_undrawn });
        if let Some(depth) = way.depth {
            wanted["depth"] = depth.into();
        }
        let line = format!("{wanted}\n");
        self.input.write_all(line.as_bytes()).await.map_err(|error| Fault::of("Playwright", error))?;
        let answer = self.next().await?;
        let text = answer["yaml"].as_str().map(str::to_owned);
        Ok(text.unwrap_or_else(|| format!("the peer: {}", answer["error"])))
    }

    /// Ends it: it closes its browser when its input ends.
    pub async fn stop(mut self) -> Outcome<()> {
        drop(self.input);
        match tokio::time::timeout(ANSWER_WITHIN, self.child.wait()).await {
            Ok(ended) => ended.map(drop).map_err(|error| Fault::of("Playwright", error)),
            Err(_) => Err(Fault::of("Playwright", "it does not end")),
        }
    }

    async fn next(&mut self) -> Outcome<Value> {
        let line = tokio::time::timeout(ANSWER_WITHIN, self.lines.next_line())
            .await
            .map_err(|_| Fault::of("Playwright", "no answer"))?
            .map_err(|error| Fault::of("Playwright", error))?;
        let line =
            line.ok_or_else(|| Fault::new("Playwright ended", "its last words stand above; run tests/setup.sh"))?;
        serde_json::from_str(&line).map_err(|error| Fault::of("Playwright", error))
    }
}

//! A raw MCP client over a program's standard input and output: for peers of the benchmark that speak nothing else.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::mcp::{LEGACY, Refused, ToolAnswer};
use crate::processes::Process;
use crate::{Fault, Outcome};

/// Longest answer to one request.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// Longest end once the program's input is closed.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A started program that answers one request at a time.
pub struct StdioClient {
    child: Child,
    wire: Mutex<Wire>,
}

struct Wire {
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    next: u64,
}

impl StdioClient {
    /// Starts it and shakes hands.
    ///
    /// # Errors
    /// When it does not start or refuses.
    pub async fn start(mut command: Command) -> Outcome<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Fault::of("the peer does not start", error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Fault::of("the peer", "its pipes are not there"));
        };
        let wire = Wire { input, lines: BufReader::new(output).lines(), next: 1 };
        let client = Self { child, wire: Mutex::new(wire) };
        let params = json!({
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": { "name": "helmwatch-tests", "version": "0" },
        });
        client.request("initialize", params).await.map_err(|refused| Fault::of("initialize", refused))?;
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        client.wire.lock().await.send(&initialized).await.map_err(|refused| Fault::of("initialized", refused))?;
        Ok(client)
    }

    /// One tool call.
    ///
    /// # Errors
    /// What refused it before it became a tool's answer.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<ToolAnswer, Refused> {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
        ToolAnswer::of(&result)
    }

    /// One request; its result.
    ///
    /// # Errors
    /// What refused it.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, Refused> {
        let mut wire = self.wire.lock().await;
        let id = wire.next;
        wire.next += 1;
        wire.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await?;
        let answer = async {
            loop {
                let mut message = wire.receive().await?;
                if message["id"] != id {
                    continue;
                }
                return match message.get("error") {
                    Some(error) => {
                        let text = error["message"].as_str().unwrap_or_default().to_owned();
                        Err(Refused::Rpc(error["code"].as_i64().unwrap_or_default(), text))
                    }
                    None => Ok(message["result"].take()),
                };
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, answer).await.map_err(|_| Refused::Gone("no answer in time".to_owned()))?
    }

    /// Its own process.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        Process::of(self.child.id()?.cast_signed())
    }

    /// Closes its input and waits for its end.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn stop(mut self) -> Outcome<()> {
        drop(self.wire);
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(|error| Fault::of("the peer", error))?;
        }
        Ok(())
    }
}

impl Wire {
    async fn send(&mut self, message: &Value) -> Result<(), Refused> {
        let line = format!("{message}\n");
        self.input.write_all(line.as_bytes()).await.map_err(|error| Refused::Gone(error.to_string()))
    }

    async fn receive(&mut self) -> Result<Value, Refused> {
        let line = self.lines.next_line().await.map_err(|error| Refused::Gone(error.to_string()))?;
        let line = line.ok_or_else(|| Refused::Gone("the program ended".to_owned()))?;
        serde_json::from_str(&line).map_err(|error| Refused::Gone(format!("no JSON: {error}")))
    }
}

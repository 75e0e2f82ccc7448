//! Python's `mcp` client as a child process: an agent written by others.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use helmwatch_tests::mcp::ToolAnswer;
use helmwatch_tests::node;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Importing the client alone takes Python a second or two on a busy machine.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// Longest a call may take: above the service's own cap on a held call.
const ANSWER_WITHIN: Duration = Duration::from_secs(90);

type Waiting = Arc<Mutex<HashMap<u64, mpsc::Sender<Value>>>>;

/// A connected agent.
pub struct Agent {
    /// Protocol revision both agreed on.
    pub protocol: String,
    child: Child,
    input: ChildStdin,
    waiting: Waiting,
    /// What its user was asked, and `None` for each question that was taken back.
    asked: Arc<Mutex<Vec<Option<String>>>>,
    /// Reads the client's lines; ends with this.
    _reader: JoinSet<()>,
    next: u64,
}

/// A call under way.
pub struct Call {
    lines: mpsc::Receiver<Value>,
    tool: String,
}

impl Agent {
    /// Connects over Streamable HTTP; `mode` is `auto`, `legacy` or a revision.
    pub async fn connect(url: &str, key: &str, mode: &str) -> Self {
        Self::start(&["--mode", mode, "--url", url], key).await
    }

    /// The same with a user who is asked and answers like this; see `agent.py`.
    pub async fn with_user(url: &str, key: &str, mode: &str, answers: &str) -> Self {
        Self::start(&["--mode", mode, "--url", url, "--elicit", answers], key).await
    }

    /// What its user was asked so far, and `None` for each question that was taken back.
    pub fn asked(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().clone()
    }

    /// Starts a program and speaks to it over its standard input and output.
    pub async fn over_stdio(mode: &str, command: &[&str]) -> Self {
        let arguments = [&["--mode", mode, "--stdio"], command].concat();
        Self::start(&arguments, "").await
    }

    async fn start(arguments: &[&str], key: &str) -> Self {
        let script = node::source("python/agent.py").unwrap();
        let mut child = Command::new(node::python().unwrap())
            .arg(script)
            .args(arguments)
            .env("AGENT_KEY", key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = tokio::time::timeout(CONNECT_WITHIN, lines.next_line()).await;
        let ready = ready.expect("the Python client connects in time").unwrap().expect("it says that it is ready");
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let waiting = Waiting::default();
        let known = Arc::clone(&waiting);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let questions = Arc::clone(&asked);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
                if let Some(question) = line["asked"].as_str() {
                    questions.lock().unwrap().push(Some(question.to_owned()));
                }
                if line["taken_back"] == true {
                    questions.lock().unwrap().push(None);
                }
                let Some(id) = line["id"].as_u64() else { continue };
                let to = known.lock().unwrap().get(&id).cloned();
                if let Some(to) = to {
                    // A test that no longer waits has what it wanted.
                    drop(to.send(line).await);
                }
            }
            known.lock().unwrap().clear();
        });
        Self {
            protocol: ready["protocol"].as_str().unwrap_or_default().to_owned(),
            child,
            input,
            waiting,
            asked,
            _reader: reader,
            next: 0,
        }
    }

    /// Begins a call and comes back at once.
    pub async fn begin(&mut self, tool: &str, arguments: Value) -> Call {
        self.send(json!({ "do": "call", "tool": tool, "arguments": arguments }), tool).await
    }

    /// One call to its end.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> ToolAnswer {
        self.begin(tool, arguments).await.answer().await
    }

    /// One call that is to go well.
    pub async fn ok(&mut self, tool: &str, arguments: Value) -> ToolAnswer {
        let answer = self.call(tool, arguments).await;
        assert!(!answer.is_error, "{tool}: {}", answer.text);
        answer
    }

    /// The tools it is offered, as JSON.
    pub async fn tools(&mut self) -> Vec<Value> {
        let mut call = self.send(json!({ "do": "list" }), "tools/list").await;
        let line = call.next().await;
        line["tools"].as_array().unwrap_or_else(|| panic!("tools/list: {line}")).clone()
    }

    /// Closes the connection and waits for the client's end.
    pub async fn close(mut self) {
        drop(self.input);
        let ended = tokio::time::timeout(CONNECT_WITHIN, self.child.wait()).await;
        assert!(ended.expect("the client ends").unwrap().success());
    }

    async fn send(&mut self, mut command: Value, tool: &str) -> Call {
        self.next += 1;
        command["id"] = self.next.into();
        let (to, lines) = mpsc::channel(64);
        self.waiting.lock().unwrap().insert(self.next, to);
        self.input.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        Call { lines, tool: tool.to_owned() }
    }
}

impl Call {
    /// The answer; progress messages on the way are kept in it.
    pub async fn answer(mut self) -> ToolAnswer {
        let mut progress = Vec::new();
        loop {
            let line = self.next().await;
            if let Some(message) = line["progress"].as_str() {
                progress.push(message.to_owned());
                continue;
            }
            if let Some(why) = line["refused"].as_str() {
                panic!("{} was refused: {why}", self.tool);
            }
            let images = line["images"].as_array().unwrap().iter().map(|image| {
                let data = base64::engine::general_purpose::STANDARD.decode(image["data"].as_str().unwrap()).unwrap();
                (image["mime"].as_str().unwrap().to_owned(), data)
            });
            return ToolAnswer {
                text: line["text"].as_str().unwrap().to_owned(),
                images: images.collect(),
                is_error: line["is_error"] == true,
                progress,
            };
        }
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(ANSWER_WITHIN, self.lines.recv()).await;
        line.unwrap_or_else(|_| panic!("{}: no answer", self.tool))
            .unwrap_or_else(|| panic!("{}: the client ended", self.tool))
    }
}

//! `tests/python/receiver.py` as a child process: somebody else's end of a webhook.

use std::process::Stdio;

use helmwatch_tests::node;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::room::SOON;

/// What every message is signed with here.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A running receiver.
pub struct Receiver {
    scheme: &'static str,
    port: u64,
    lines: Lines<BufReader<ChildStdout>>,
    /// Its end is the receiver's.
    _input: ChildStdin,
    _child: Child,
}

/// One request it got.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub path: String,
    /// `webhook-id`.
    pub id: String,
    /// Was its signature right? `None`: there was none.
    pub verified: Option<bool>,
    pub body: Value,
    pub text: String,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::run(&[], "http").await
    }

    /// Over TLS with this file of a certificate and its key.
    pub async fn encrypted(certificate: &str) -> Self {
        Self::run(&["--certificate", certificate], "https").await
    }

    async fn run(arguments: &[&str], scheme: &'static str) -> Self {
        let mut child = Command::new(node::python().unwrap())
            .arg(node::source("python/receiver.py").unwrap())
            .args(arguments)
            .env("RECEIVER_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut receiver = Self { scheme, port: 0, lines, _input: input, _child: child };
        receiver.port = receiver.line().await["port"].as_u64().unwrap();
        receiver
    }

    /// The address of a path that behaves in some way, as in `ok`.
    pub fn url(&self, path: &str) -> String {
        format!("{}://localhost:{}/{path}", self.scheme, self.port)
    }

    /// A `[[webhook]]` section of the settings for it, with further lines.
    pub fn hook(&self, name: &str, path: &str, more: &str) -> String {
        format!(
            "[[webhook]]\nname = \"{name}\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\nretry_ms = 10\n{more}\n",
            self.url(path)
        )
    }

    /// The next request it gets.
    pub async fn next(&mut self) -> Delivery {
        let line = self.line().await;
        let text = line["body"].as_str().unwrap().to_owned();
        assert_eq!(line["type"], "application/json", "{line}");
        Delivery {
            path: line["path"].as_str().unwrap().to_owned(),
            id: line["id"].as_str().unwrap().to_owned(),
            verified: line["verified"].as_bool(),
            body: serde_json::from_str(&text).unwrap(),
            text,
        }
    }

    /// The next request at this path that tells this event; requests at other paths may come between, other events may not.
    pub async fn event(&mut self, path: &str, event: &str) -> Delivery {
        loop {
            let delivery = self.next().await;
            if delivery.path.trim_start_matches('/') == path {
                assert_eq!(delivery.body["type"], event, "{}", delivery.text);
                return delivery;
            }
        }
    }

    async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(SOON, self.lines.next_line()).await;
        let line = line.expect("the receiver gets a message in time").unwrap().expect("the receiver runs");
        serde_json::from_str(&line).unwrap()
    }
}

//! What all tasks share: one service and one agent a corpus, and hands that read the page before they touch it.
//!
//! A task is done when the page, its storage or the site says so. What a tool answered is never the judge.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use helmwatch_tests::docs::Docs;
use helmwatch_tests::mcp::ToolAnswer;
use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::room::{SOON, section};

/// Fewest tool calls that act on or read the page before a task counts as one of several steps.
const STEPS_LEAST: usize = 2;

/// Lines of a snapshot that a failure shows.
const LINES_SHOWN: usize = 30;

/// Tokens a task spends on one snapshot at most.
const SNAPSHOT_TOKENS: usize = 100_000;

/// A set of pages and the agent that works on them.
pub(super) struct Corpus {
    name: &'static str,
    service: Service,
    hands: Hands,
    done: Vec<String>,
    wrong: Vec<String>,
}

/// The agent's hands: every method is one or two tool calls.
pub(super) struct Hands {
    agent: Agent,
    pub docs: Docs,
    steps: usize,
}

impl Corpus {
    /// Starts everything.
    pub async fn open(name: &'static str) -> Self {
        let docs = Docs::with_packages().await.unwrap();
        // Whether a press is to be asked about is for other tests.
        let service = Service::start(Options::allowing([docs.address()]).policy("open")).await.unwrap();
        let key = service.create_key("tasks", &["agent"], None).await.unwrap();
        let agent = Agent::connect(&service.mcp_url(), &key, "auto").await;
        Self { name, service, hands: Hands { agent, docs, steps: 0 }, done: Vec::new(), wrong: Vec::new() }
    }

    /// One task, in a session of its own. One that fails does not hide the next.
    pub async fn task(&mut self, what: impl Into<String>, steps: impl AsyncFnOnce(&mut Hands)) {
        let what = what.into();
        self.hands.steps = 0;
        let ended = AssertUnwindSafe(steps(&mut self.hands)).catch_unwind().await;
        let steps = self.hands.steps;
        match ended {
            Ok(()) if steps >= STEPS_LEAST => {
                println!("task {}: {what} ({steps} steps)", self.name);
                self.done.push(what);
            }
            Ok(()) => self.wrong.push(format!("{what}: {steps} steps are no task of several")),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                self.wrong.push(format!("{what}: {}", said.unwrap_or("see the panic above")));
            }
        }
        // The next one begins in an empty browser.
        self.hands.agent.call("browser_close", json!({})).await;
    }

    /// All went well, and there were as many as the module says.
    pub async fn close(self, tasks: usize) {
        let log = self.service.log();
        println!("{}: {} tasks done", self.name, self.done.len());
        assert!(self.wrong.is_empty(), "{} failed:\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert_eq!(self.done.len(), tasks, "the number the module gives is the number of its tasks");
        self.hands.agent.close().await;
        let ended = self.service.stop().await.unwrap();
        assert!(ended.left.is_empty() && ended.status.success(), "{ended:?}\n{log}");
    }
}

impl Hands {
    /// A tool call that is to go well; without a snapshot in its answer.
    pub async fn tool(&mut self, tool: &str, mut arguments: Value) -> ToolAnswer {
        self.steps += 1;
        if tool.starts_with("browser_") && tool != "browser_snapshot" {
            arguments["snapshot"] = "none".into();
        }
        self.agent.ok(tool, arguments).await
    }

    /// Goes to a page of the site.
    pub async fn goto(&mut self, path: &str) {
        let url = self.docs.url(path);
        self.tool("browser_navigate", json!({ "url": url })).await;
    }

    /// The page as the agent reads it.
    pub async fn look(&mut self) -> ToolAnswer {
        self.tool("browser_snapshot", json!({ "max_tokens": SNAPSHOT_TOKENS })).await
    }

    /// The ref of the first line of the snapshot with all these words.
    pub async fn find(&mut self, words: &[&str]) -> String {
        let snapshot = self.look().await;
        let near = |text: &str| {
            let lines = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
            lines.take(LINES_SHOWN).collect::<Vec<_>>().join("\n")
        };
        snapshot.find_ref(words).unwrap_or_else(|| panic!("no {words:?}; near it:\n{}", near(&snapshot.text)))
    }

    /// Clicks what the snapshot shows with these words.
    pub async fn click(&mut self, words: &[&str]) {
        let target = self.find(words).await;
        self.click_on(&target).await;
    }

    /// Clicks a ref or what a selector names.
    pub async fn click_on(&mut self, target: &str) {
        self.tool("browser_click", json!({ "target": target })).await;
    }

    /// Double-clicks what a selector names.
    pub async fn double_click(&mut self, target: &str) {
        self.tool("browser_click", json!({ "target": target, "doubleClick": true })).await;
    }

    /// Puts text into a field that the snapshot shows with these words.
    pub async fn fill(&mut self, words: &[&str], text: &str) {
        let target = self.find(words).await;
        self.tool("browser_type", json!({ "target": target, "text": text })).await;
    }

    /// The same key by key.
    pub async fn type_slowly(&mut self, target: &str, text: &str) {
        self.tool("browser_type", json!({ "target": target, "text": text, "slowly": true })).await;
    }

    /// Presses a key or a combination.
    pub async fn press(&mut self, key: &str) {
        self.tool("browser_press_key", json!({ "key": key })).await;
    }

    /// Waits until the page shows this text.
    pub async fn wait_for(&mut self, text: &str) {
        self.tool("browser_wait_for", json!({ "text": text })).await;
    }

    /// What an expression is in the page. Not a step of the task: it is how the task is judged.
    pub async fn state(&mut self, expression: &str) -> Value {
        let function = format!("() => {{ const value = {expression}; return value === undefined ? null : value; }}");
        let answer = self.agent.ok("browser_evaluate", json!({ "function": function })).await;
        let said = section(&answer.text, "Result");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{expression}: {error} in {said}"))
    }

    /// The page comes to be so. It is looked at until then: what a page does after a click may take it a frame or two.
    pub async fn check(&mut self, expression: &str, wanted: Value) {
        let last = async |hands: &mut Self| hands.state(expression).await;
        let mut seen = Value::Null;
        let waited = until("the page's state", Duration::from_secs(5), async || {
            seen = last(self).await;
            (seen == wanted).then_some(())
        });
        if waited.await.is_err() {
            panic!("{expression}\n  is     {seen}\n  not    {wanted}");
        }
    }

    /// The site saw a request whose line begins so.
    pub async fn site_saw(&self, start: &str) -> String {
        let waited = until("a request", SOON, async || self.docs.asked(start).pop());
        waited.await.unwrap_or_else(|fault| panic!("{start}: {fault}; the site saw {:?}", self.docs.asked("")))
    }
}

//! What most tests begin with: a site, a service that may reach it, and an agent with its own key.

use std::time::Duration;

use helmwatch_tests::mcp::{Era, McpClient, ToolAnswer};
use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::site::Site;
use serde_json::{Value, json};

/// Longest wait for something a running service does by itself.
pub const SOON: Duration = Duration::from_secs(15);

/// A site and a service that may reach it under both its names.
pub struct Room {
    pub site: Site,
    pub service: Service,
}

impl Room {
    /// With the program's own default policy.
    pub async fn open() -> Self {
        Self::with(|options| options).await
    }

    /// With every site in a process of its own, as full Chromium has it by itself.
    pub async fn isolated() -> Self {
        Self::with(|options| options.config("[browser]\nargs = [\"--site-per-process\"]\n")).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let site = Site::start().await.unwrap();
        let options = change(Options::allowing([site.address(), site.other_address()]));
        let service = Service::start(options).await.unwrap();
        Self { site, service }
    }

    /// An agent with a key of its own that has no other scope.
    pub async fn agent(&self) -> Hand {
        self.agent_named("agent").await
    }

    /// The same with a key of this name.
    pub async fn agent_named(&self, name: &str) -> Hand {
        let key = self.service.create_key(name, &["agent"], None).await.unwrap();
        self.hand(&key).await
    }

    /// An agent with more toolsets, as in `storage,pdf`; `name` is its key's.
    pub async fn agent_with(&self, name: &str, caps: &str) -> Hand {
        let key = self.service.create_key(name, &["agent"], None).await.unwrap();
        let url = format!("{}?caps={caps}", self.service.mcp_url());
        Hand { client: McpClient::connect(&url, Some(&key), Era::Modern).await.unwrap() }
    }

    /// The address of the files of the session that `name`'s key opened.
    pub async fn files_of(&self, name: &str) -> String {
        let key = self.service.admin_key();
        let (_, list) = self.service.api("GET", "/v1/sessions", Some(key), None).await.unwrap();
        let sessions = list["sessions"].as_array().unwrap();
        let session = sessions.iter().find(|one| one["owner"] == name).unwrap_or_else(|| panic!("{name} in {list}"));
        format!("/v1/sessions/{}/files", session["id"].as_str().unwrap())
    }

    /// What a file of an answer's Result section holds, fetched by its link.
    pub async fn file(&self, answer: &ToolAnswer) -> Vec<u8> {
        let result = section(&answer.text, "Result");
        let url =
            result.split_whitespace().rfind(|word| word.starts_with("http")).unwrap_or_else(|| panic!("{result}"));
        let (status, _, body) = self.service.fetch(url, None).await.unwrap();
        assert_eq!(status, 200, "{url}");
        body
    }

    /// A raw client with this key.
    pub async fn hand(&self, key: &str) -> Hand {
        Hand { client: McpClient::connect(&self.service.mcp_url(), Some(key), Era::Modern).await.unwrap() }
    }

    /// The pending approvals, as a person with the admin key sees them.
    pub async fn pending(&self) -> Vec<Value> {
        let key = self.service.admin_key();
        let (status, body) = self.service.api("GET", "/v1/approvals?state=pending", Some(key), None).await.unwrap();
        assert_eq!(status, 200, "{body}");
        body["approvals"].as_array().unwrap().clone()
    }

    /// Waits until a call is held.
    pub async fn held(&self) -> Value {
        let waited =
            helmwatch_tests::wait::until("a held call", SOON, async || self.pending().await.into_iter().next());
        waited.await.unwrap_or_else(|fault| panic!("{fault}\n{}", self.service.log()))
    }

    /// Decides with this key; status and body.
    pub async fn decide(&self, key: &str, id: &str, decision: &str) -> (u16, Value) {
        let body = json!({ "decision": decision });
        self.service.api("POST", &format!("/v1/approvals/{id}"), Some(key), Some(body)).await.unwrap()
    }

    /// Ends it as an operator does; nothing may be left.
    pub async fn close(self) {
        let log = self.service.log();
        let ended = self.service.stop().await.unwrap();
        assert!(ended.left.is_empty(), "processes left: {:#?}\n{log}", ended.left);
        assert!(ended.status.success(), "{}\n{log}", ended.status);
    }
}

/// An agent's hand on the tools, for tests that are about the page and not about the client.
pub struct Hand {
    pub client: McpClient,
}

impl Hand {
    /// A call, whatever comes of it.
    pub async fn call(&self, tool: &str, arguments: Value) -> ToolAnswer {
        self.client.call(tool, arguments).await.unwrap_or_else(|refused| panic!("{tool}: {refused}"))
    }

    /// A call that is to go well.
    pub async fn ok(&self, tool: &str, arguments: Value) -> ToolAnswer {
        let answer = self.call(tool, arguments).await;
        assert!(!answer.is_error, "{tool}: {}", answer.text);
        answer
    }

    /// A call that is to be refused, with one line of what and one of what to do; both are returned.
    pub async fn refused(&self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments.clone()).await;
        assert!(answer.is_error, "{tool} {arguments} was not refused: {}", answer.text);
        two_lines(&format!("{tool} {arguments}"), &answer.text)
    }

    /// Goes to a page and returns its snapshot.
    pub async fn goto(&self, url: &str) -> ToolAnswer {
        self.ok("browser_navigate", json!({ "url": url })).await;
        self.ok("browser_snapshot", json!({})).await
    }

    /// The ref of the first snapshot line with all these words.
    pub async fn find(&self, words: &[&str]) -> String {
        let snapshot = self.ok("browser_snapshot", json!({})).await;
        snapshot.find_ref(words).unwrap_or_else(|| panic!("no {words:?} in\n{}", snapshot.text))
    }

    /// Clicks what the snapshot shows with these words.
    pub async fn click(&self, words: &[&str]) -> ToolAnswer {
        let target = self.find(words).await;
        self.ok("browser_click", json!({ "target": target, "element": words.join(" ") })).await
    }

    /// What a function says in the page, as text of the answer's Result section.
    pub async fn evaluate(&self, function: &str) -> String {
        section(&self.ok("browser_evaluate", json!({ "function": function })).await.text, "Result")
    }
}

/// The lines of a Markdown section of an answer.
pub fn section(text: &str, name: &str) -> String {
    let heading = format!("### {name}");
    let lines = text.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("### "));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Checks that an error is one line of what happened and one of what to do, and returns it.
pub fn two_lines(what: &str, text: &str) -> String {
    let error = section(text, "Error");
    let lines: Vec<&str> = error.lines().filter(|line| !line.trim().is_empty()).collect();
    // One phrase of the interface says both in one line, and clients match on it.
    let both = lines.len() == 1 && lines[0].ends_with("Try capturing new snapshot.");
    assert!(both || lines.len() == 2, "{what}: one line of what happened and one of what to do, not\n{text}");
    error
}

//! One side of the comparison: the same steps by raw CDP, through this service, or through Playwright MCP.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use crate::browser::Page;
use crate::cdp::Chromium;
use crate::mcp::{Era, McpClient, ToolAnswer};
use crate::peer::Playwright;
use crate::processes::{Memory, Process};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::steps::{GREETING, READ_ANSWER};
use crate::{Fault, Outcome};

/// A budget that the long list fits into.
const WHOLE_TOKENS: u32 = 1_000_000;

/// Who does the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SideName {
    /// Chromium alone, driven by the least that does the job: the floor.
    Raw,
    /// This service over HTTP.
    Helmwatch,
    /// The same asked for no snapshot after an action, as the peers answer that have none; takes part in the steps only.
    Bare,
    /// Playwright MCP over HTTP.
    Playwright,
    /// agent-browser's MCP server over stdio; takes part in the steps only.
    AgentBrowser,
    /// Chrome DevTools MCP over stdio; takes part in the steps only.
    Devtools,
}

impl SideName {
    /// In the order they take their turns.
    pub const ALL: [Self; 6] =
        [Self::Raw, Self::Helmwatch, Self::Bare, Self::Playwright, Self::AgentBrowser, Self::Devtools];

    /// Those that have sessions beside one another.
    pub const WITH_SESSIONS: [Self; 3] = [Self::Raw, Self::Helmwatch, Self::Playwright];
}

impl fmt::Display for SideName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Raw => "raw CDP",
            Self::Helmwatch => "Helmwatch",
            Self::Bare => "snapshot=none",
            Self::Playwright => "Playwright MCP",
            Self::AgentBrowser => "agent-browser",
            Self::Devtools => "Chrome DevTools MCP",
        })
    }
}

/// A started side.
pub struct Side {
    driver: Driver,
    form: String,
    list: String,
}

enum Driver {
    Raw(Chromium),
    Helmwatch { service: Box<Service>, client: McpClient },
    Playwright(Playwright),
}

/// An open session of a tool-calling side.
struct Tools<'a> {
    client: Client<'a>,
    /// The `session` argument, where there is one.
    session: Option<&'a str>,
}

enum Client<'a> {
    Shared(&'a McpClient),
    Own(McpClient),
}

impl Side {
    /// Starts it with room for so many sessions.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(name: SideName, site: &Site, room: u32) -> Outcome<Self> {
        let driver = match name {
            SideName::Raw => Driver::Raw(Chromium::launch().await?),
            SideName::Helmwatch => {
                let options = Options::allowing([site.address()]).config(&format!("[pool]\nmax_sessions = {room}\n"));
                let service = Box::new(Service::start(options).await?);
                let client = McpClient::connect(&service.mcp_url(), Some(service.admin_key()), Era::Modern).await?;
                Driver::Helmwatch { service, client }
            }
            SideName::Playwright => Driver::Playwright(Playwright::start().await?),
            SideName::Bare | SideName::AgentBrowser | SideName::Devtools => {
                return Err(Fault::of(&name.to_string(), "it has one session"));
            }
        };
        Ok(Self { driver, form: site.url("/form"), list: site.url("/list") })
    }

    /// Which it is.
    #[must_use]
    pub fn name(&self) -> SideName {
        match self.driver {
            Driver::Raw(_) => SideName::Raw,
            Driver::Helmwatch { .. } => SideName::Helmwatch,
            Driver::Playwright(_) => SideName::Playwright,
        }
    }

    /// The service's own process; raw CDP has none.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        match &self.driver {
            Driver::Raw(_) => None,
            Driver::Helmwatch { service, .. } => Some(service.process()),
            Driver::Playwright(peer) => peer.process(),
        }
    }

    /// From nothing to the first page loaded; closed again outside the time.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn open_first(&self, name: &str) -> Outcome<Duration> {
        let began = Instant::now();
        if let Driver::Raw(chromium) = &self.driver {
            let page = Page::open(&chromium.connection()).await?;
            page.goto(&self.form).await?;
            let took = began.elapsed();
            page.close().await?;
            return Ok(took);
        }
        let tools = self.open(name).await?;
        tools.call("browser_navigate", json!({ "url": self.form })).await?;
        let took = began.elapsed();
        tools.close().await?;
        Ok(took)
    }

    /// Clicks on a quiet page, and snapshots of the long list (none for raw CDP, which has no such thing).
    ///
    /// # Errors
    /// When a step fails.
    pub async fn quiet(&self, name: &str, clicks: u32) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
        let mut clicked = Vec::new();
        let mut taken = Vec::new();
        if let Driver::Raw(chromium) = &self.driver {
            let page = Page::open(&chromium.connection()).await?;
            page.goto(&self.form).await?;
            for _ in 0..clicks {
                let began = Instant::now();
                raw_click(&page).await?;
                clicked.push(began.elapsed());
            }
            page.close().await?;
            return Ok((clicked, taken));
        }
        let tools = self.open(name).await?;
        tools.call("browser_navigate", json!({ "url": self.form })).await?;
        let snapshot = tools.call("browser_snapshot", json!({})).await?;
        let button = find(&snapshot, &["button", "Greet"])?;
        for _ in 0..clicks {
            let began = Instant::now();
            tools.call("browser_click", json!({ "target": button, "element": "Greet" })).await?;
            clicked.push(began.elapsed());
        }
        tools.call("browser_navigate", json!({ "url": self.list })).await?;
        for _ in 0..3 {
            let began = Instant::now();
            let snapshot = tools.call("browser_snapshot", tools.whole_snapshot()).await?;
            taken.push(began.elapsed());
            if !snapshot.text.contains("Item 1000") {
                return Err(Fault::new("the snapshot of the list is not whole", "a shorter answer is no comparison"));
            }
        }
        tools.close().await?;
        Ok((clicked, taken))
    }

    /// A whole small session.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn whole(&self, name: &str) -> Outcome<()> {
        if let Driver::Raw(chromium) = &self.driver {
            return raw_whole(chromium, &self.form).await;
        }
        let tools = self.open(name).await?;
        tools.call("browser_navigate", json!({ "url": self.form })).await?;
        let snapshot = tools.call("browser_snapshot", json!({})).await?;
        let field = find(&snapshot, &["textbox", "Name"])?;
        let button = find(&snapshot, &["button", "Greet"])?;
        tools.call("browser_type", json!({ "target": field, "element": "Name", "text": "Ada" })).await?;
        tools.call("browser_click", json!({ "target": button, "element": "Greet" })).await?;
        let read = tools.call("browser_evaluate", json!({ "function": READ_ANSWER })).await?;
        if !read.text.contains(GREETING) {
            return Err(Fault::new(format!("the page did not greet: {}", read.text), "look at the steps before"));
        }
        let shot = tools.call("browser_take_screenshot", json!({ "type": "jpeg", "scale": "css" })).await?;
        if shot.images.is_empty() {
            return Err(Fault::new(format!("no picture: {}", shot.text), "look at the steps before"));
        }
        tools.close().await
    }

    /// Memory of the service's own process with so many sessions open on the form.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn weigh(&self, sessions: u32) -> Outcome<Option<Memory>> {
        let Some(process) = self.process() else { return Ok(None) };
        let names: Vec<String> = (0..sessions).map(|number| format!("weigh-{number}")).collect();
        let mut open = Vec::new();
        for name in &names {
            let tools = self.open(name).await?;
            tools.call("browser_navigate", json!({ "url": self.form })).await?;
            open.push(tools);
        }
        let memory = process.memory();
        for tools in open {
            tools.close().await?;
        }
        Ok(Some(memory))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end, or leaves processes.
    pub async fn stop(self) -> Outcome<()> {
        match self.driver {
            Driver::Raw(chromium) => chromium.close().await,
            Driver::Playwright(peer) => peer.stop().await,
            Driver::Helmwatch { service, .. } => {
                let ended = service.stop().await?;
                if ended.left.is_empty() {
                    return Ok(());
                }
                Err(Fault::new(format!("the service left {:?}", ended.left), "a leak: look at pool and shutdown"))
            }
        }
    }

    async fn open<'a>(&'a self, name: &'a str) -> Outcome<Tools<'a>> {
        match &self.driver {
            Driver::Helmwatch { client, .. } => {
                let tools = Tools { client: Client::Shared(client), session: None };
                tools.call("session_open", json!({ "name": name })).await?;
                Ok(Tools { session: Some(name), ..tools })
            }
            Driver::Playwright(peer) => {
                let client = McpClient::connect(&peer.url(), None, Era::Legacy).await?;
                Ok(Tools { client: Client::Own(client), session: None })
            }
            Driver::Raw(_) => Err(Fault::of("benchmark", "raw CDP has no tools")),
        }
    }
}

impl Tools<'_> {
    async fn call(&self, tool: &str, mut arguments: serde_json::Value) -> Outcome<ToolAnswer> {
        if let Some(session) = self.session {
            arguments["session"] = session.into();
        }
        let client = match &self.client {
            Client::Shared(client) => client,
            Client::Own(client) => client,
        };
        let answer = client.call(tool, arguments).await.map_err(|refused| Fault::of(tool, refused))?;
        if answer.is_error {
            return Err(Fault::new(format!("{tool}: {}", answer.text), "a benchmark of failures is none"));
        }
        Ok(answer)
    }

    /// Arguments for a snapshot of everything: only our side cuts one to a budget, and has to be told not to.
    fn whole_snapshot(&self) -> serde_json::Value {
        if self.session.is_some() { json!({ "max_tokens": WHOLE_TOKENS }) } else { json!({}) }
    }

    async fn close(self) -> Outcome<()> {
        if self.session.is_some() {
            self.call("session_close", json!({})).await?;
            return Ok(());
        }
        self.call("browser_close", json!({})).await?;
        match self.client {
            Client::Own(client) => client.close().await.map_err(|refused| Fault::of("close", refused)),
            Client::Shared(_) => Ok(()),
        }
    }
}

fn find(snapshot: &ToolAnswer, words: &[&str]) -> Outcome<String> {
    let missing = || Fault::new(format!("no {words:?} in the snapshot:\n{}", snapshot.text), "has the page loaded?");
    snapshot.find_ref(words).ok_or_else(missing)
}

pub(super) async fn raw_click(page: &Page) -> Outcome<()> {
    let place = page
        .evaluate("(() => { const box = document.getElementById('greet').getBoundingClientRect(); return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()")
        .await?;
    page.click_at(place["x"].as_f64().unwrap_or_default(), place["y"].as_f64().unwrap_or_default()).await
}

async fn raw_whole(chromium: &Chromium, form: &str) -> Outcome<()> {
    let page = Page::open(&chromium.connection()).await?;
    page.goto(form).await?;
    let tree = page.call("Accessibility.getFullAXTree", json!({})).await?;
    if !tree["nodes"].is_array() {
        return Err(Fault::of("raw CDP", "no accessibility tree"));
    }
    page.evaluate("document.querySelector('[name=name]').focus()").await?;
    page.insert("Ada").await?;
    raw_click(&page).await?;
    let read = page.evaluate(&format!("({READ_ANSWER})()")).await?;
    if read != GREETING {
        return Err(Fault::of("raw CDP", format!("the page says {read}")));
    }
    let picture = page.picture("jpeg").await?;
    if !picture.starts_with(&[0xff, 0xd8]) {
        return Err(Fault::of("raw CDP", "no JPEG"));
    }
    page.close().await
}

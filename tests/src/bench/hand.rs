//! A side that is started and at one page: who does the steps, and what each step said and took.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::Instant;

use super::SideName;
use super::agent_browser::AgentBrowser;
use super::deed::Deed;
use crate::browser::Page;
use crate::cdp::{self, Chromium};
use crate::mcp::{Era, McpClient, Refused, ToolAnswer};
use crate::peer::Playwright;
use crate::service::{Options, Service};
use crate::stdio::StdioClient;
use crate::{Fault, Outcome, node};

/// One started side.
pub(super) struct Hand {
    name: SideName,
    driver: Driver,
}

enum Driver {
    Raw { chromium: Chromium, page: Page },
    Helmwatch { service: Box<Service>, client: McpClient },
    Playwright { peer: Playwright, client: McpClient },
    AgentBrowser(AgentBrowser),
    Devtools { client: StdioClient, _home: TempDir },
}

/// What a step said, and what it took.
pub(super) struct Said {
    pub took: Duration,
    pub text: String,
    /// Bytes of its pictures.
    pub picture_bytes: usize,
}

impl Hand {
    /// Starts it; pages may reach these addresses.
    pub async fn start(name: SideName, addresses: &[String]) -> Outcome<Self> {
        let driver = match name {
            SideName::Raw => {
                let chromium = Chromium::launch().await?;
                let page = Page::open(&chromium.connection()).await?;
                Driver::Raw { chromium, page }
            }
            SideName::Helmwatch | SideName::Bare => {
                let service = Box::new(Service::start(Options::allowing(addresses.iter().cloned())).await?);
                let wish = if name == SideName::Bare { "?snapshot=none" } else { "" };
                let url = format!("{}{wish}", service.mcp_url());
                let client = McpClient::connect(&url, Some(service.admin_key()), Era::Modern).await?;
                Driver::Helmwatch { service, client }
            }
            SideName::Playwright => {
                let peer = Playwright::start().await?;
                let client = McpClient::connect(&peer.url(), None, Era::Legacy).await?;
                Driver::Playwright { peer, client }
            }
            SideName::AgentBrowser => {
                // Its hover is not among the tools it offers when nothing is said.
                Driver::AgentBrowser(AgentBrowser::start(&["--tools", "all"], &[]).await?)
            }
            SideName::Devtools => {
                let home = home()?;
                Driver::Devtools { client: StdioClient::start(devtools(&home)?).await?, _home: home }
            }
        };
        Ok(Self { name, driver })
    }

    pub fn name(&self) -> SideName {
        self.name
    }

    /// One step.
    ///
    /// # Errors
    /// When it fails: a benchmark of failures is none.
    pub async fn step(&self, deed: &Deed<'_>) -> Outcome<Said> {
        let began = Instant::now();
        if let Driver::Raw { page, .. } = &self.driver {
            let (text, picture_bytes) = raw(page, deed).await?;
            return Ok(Said { took: began.elapsed(), text, picture_bytes });
        }
        let (tool, arguments) = deed.call(self.name).ok_or_else(|| Fault::of("raw CDP", "it has no tools"))?;
        let answer = self.call(tool, arguments).await;
        let took = began.elapsed();
        let answer = answer.map_err(|refused| Fault::of(&format!("{}: {tool}", self.name), refused))?;
        if answer.is_error {
            let what = format!("{}: {tool}: {}", self.name, answer.text);
            return Err(Fault::new(what, "a benchmark of failures is none"));
        }
        let picture_bytes = answer.images.iter().map(|(_, bytes)| bytes.len()).sum();
        Ok(Said { took, text: answer.text, picture_bytes })
    }

    /// A tool by its name, as only one side has it.
    pub async fn call(&self, tool: &str, arguments: serde_json::Value) -> Result<ToolAnswer, Refused> {
        match &self.driver {
            Driver::Raw { .. } => Err(Refused::Gone("raw CDP has no tools".to_owned())),
            Driver::Helmwatch { client, .. } | Driver::Playwright { client, .. } => client.call(tool, arguments).await,
            Driver::AgentBrowser(running) => running.client.call(tool, arguments).await,
            Driver::Devtools { client, .. } => client.call(tool, arguments).await,
        }
    }

    /// Bytes of the tools it offers when nothing is said, as compact JSON; nothing for raw CDP.
    ///
    /// # Errors
    /// When it refuses to say.
    pub async fn tools(&self) -> Outcome<Option<(usize, usize)>> {
        let listed = match &self.driver {
            Driver::Raw { .. } => return Ok(None),
            Driver::Helmwatch { client, .. } | Driver::Playwright { client, .. } => {
                client.request("tools/list", json!({})).await
            }
            Driver::Devtools { client, .. } => client.request("tools/list", json!({})).await,
            Driver::AgentBrowser(_) => {
                let other = AgentBrowser::start(&[], &[]).await?;
                let listed = other.client.request("tools/list", json!({})).await;
                other.client.stop().await?;
                listed
            }
        };
        let listed = listed.map_err(|refused| Fault::of("tools/list", refused))?;
        let count = listed["tools"].as_array().map_or(0, Vec::len);
        Ok(Some((count, listed["tools"].to_string().len())))
    }

    /// Ends it with its browser.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(self) -> Outcome<()> {
        match self.driver {
            Driver::Raw { chromium, page } => {
                page.close().await?;
                chromium.close().await
            }
            Driver::Helmwatch { service, .. } => service.stop().await.map(drop),
            Driver::Playwright { peer, client } => {
                client.close().await.map_err(|refused| Fault::of("close", refused))?;
                peer.stop().await
            }
            Driver::AgentBrowser(running) => running.stop().await,
            Driver::Devtools { client, .. } => client.stop().await,
        }
    }
}

/// The same by the least of CDP that does it.
async fn raw(page: &Page, deed: &Deed<'_>) -> Outcome<(String, usize)> {
    match deed {
        Deed::Navigate(url) => page.goto(url).await?,
        Deed::Snapshot => {
            let tree = page.call("Accessibility.getFullAXTree", json!({})).await?;
            if !tree["nodes"].is_array() {
                return Err(Fault::of("raw CDP", "no accessibility tree"));
            }
        }
        Deed::Click(css) => {
            let (x, y) = middle(page, css).await?;
            page.click_at(x, y).await?;
        }
        Deed::Type(css, text) => {
            page.evaluate(&format!("(one => {{ one.focus(); one.select(); }})(document.querySelector({css:?}))"))
                .await?;
            page.insert(text).await?;
        }
        Deed::Hover(css) => {
            let (x, y) = middle(page, css).await?;
            let moved = json!({ "type": "mouseMoved", "x": x, "y": y });
            page.call("Input.dispatchMouseEvent", moved).await?;
        }
        Deed::Evaluate(expression) => return Ok((page.evaluate(expression).await?.to_string(), 0)),
        Deed::Screenshot => return Ok((String::new(), page.picture("jpeg").await?.len())),
    }
    Ok((String::new(), 0))
}

/// Where an element is, scrolled into view.
async fn middle(page: &Page, css: &str) -> Outcome<(f64, f64)> {
    let place = page
        .evaluate(&format!(
            "(one => {{ one.scrollIntoViewIfNeeded(); const box = one.getBoundingClientRect(); return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})(document.querySelector({css:?}))"
        ))
        .await?;
    Ok((place["x"].as_f64().unwrap_or_default(), place["y"].as_f64().unwrap_or_default()))
}

fn home() -> Outcome<TempDir> {
    TempDir::new().map_err(|error| Fault::of("no temporary folder", error))
}

/// Chrome DevTools MCP with a profile of its own.
fn devtools(home: &TempDir) -> Outcome<Command> {
    let mut command = Command::new(node::node()?);
    cdp::unprivileged(&mut command, home.path())?;
    command
        .arg(node::file("chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js")?)
        .args(["--headless", "--isolated", "--viewport", "1280x720"])
        .args(["--usageStatistics=false", "--performanceCrux=false"])
        .arg("--executablePath")
        .arg(cdp::executable());
    Ok(command)
}

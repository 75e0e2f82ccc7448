//! Our side: the service as an agent meets it.

use serde_json::json;

use super::Way;
use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::{Fault, Outcome};

/// A budget every page fits into.
const WHOLE_TOKENS: u32 = 20_000_000;

/// Waits until the page has come to rest; the peer runs the same.
const AT_REST: &str = include_str!("../../compare/at_rest.js");
/// Takes away what only the peer reads.
const WITHOUT_UNDRAWN: &str = include_str!("../../compare/undrawn.js");

/// A running service with one agent.
pub(super) struct Ours {
    service: Service,
    client: McpClient,
}

impl Ours {
    /// Starts it; pages may reach these addresses.
    pub async fn start(addresses: Vec<String>) -> Outcome<Self> {
        let service = Service::start(Options::allowing(addresses)).await?;
        let client = McpClient::connect(&service.mcp_url(), Some(service.admin_key()), Era::Modern).await?;
        Ok(Self { service, client })
    }

    /// The page's snapshot, in a tab of its own.
    pub async fn snapshot(&self, url: &str, way: Way) -> Outcome<String> {
        self.call("browser_tabs", json!({ "action": "new", "url": url, "snapshot": "none" })).await?;
        self.run(AT_REST).await?;
        if way.without_undrawn {
            self.run(WITHOUT_UNDRAWN).await?;
        }
        let mut wanted = json!({ "max_tokens": WHOLE_TOKENS, "boxes": way.boxes });
        if let Some(depth) = way.depth {
            wanted["depth"] = depth.into();
        }
        let text = self.call("browser_snapshot", wanted).await?;
        self.call("browser_tabs", json!({ "action": "close", "snapshot": "none" })).await?;
        let yaml = text.split_once("```yaml\n").and_then(|(_, rest)| rest.rsplit_once("\n```")).map(|(yaml, _)| yaml);
        Ok(yaml.map_or(text.clone(), str::to_owned))
    }

    /// Ends it.
    pub async fn stop(self) -> Outcome<()> {
        self.service.stop().await.map(drop)
    }

    /// Runs a script whose first line is a comment.
    async fn run(&self, script: &str) -> Outcome<String> {
        let function = script.split_once('\n').map_or(script, |(_, function)| function);
        self.call("browser_evaluate", json!({ "function": function })).await
    }

    async fn call(&self, tool: &str, arguments: serde_json::Value) -> Outcome<String> {
        let answer = self.client.call(tool, arguments).await.map_err(|refused| Fault::of(tool, refused))?;
        // What it says instead of a snapshot differs from the peer's, and is shown.
        Ok(answer.text)
    }
}

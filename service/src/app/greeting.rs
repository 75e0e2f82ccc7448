//! What is printed when the service is ready: everything needed to use it, ready to paste.

use crate::auth::{Caller, Secret};

/// Addresses and keys of a service that has started.
pub(super) struct Greeting {
    /// Our origin, without a slash at its end.
    pub url: String,
    /// Logs one person in, once.
    pub code: Option<Secret>,
    /// For the client configuration.
    pub agent_key: Option<Secret>,
    /// Who the local agent is.
    pub agent: Option<Caller>,
}

impl Greeting {
    /// To standard output, for the person who started it.
    pub fn print(&self) {
        println!("{}", self.text());
    }

    /// To the log, where standard output belongs to a client.
    pub fn print_to_log(&self) {
        eprintln!("Helmwatch: watch and approve at {}", self.viewer());
    }

    fn viewer(&self) -> String {
        match &self.code {
            Some(code) => format!("{}/#code={}", self.url, code.expose()),
            None => format!("{}/", self.url),
        }
    }

    fn text(&self) -> String {
        let (url, viewer) = (&self.url, self.viewer());
        let key = self.agent_key.as_ref().map_or("YOUR_KEY", |key| key.expose());
        let once = if self.code.is_some() { "   (logs you in once, within 10 minutes)" } else { "" };
        let make = match &self.agent_key {
            Some(_) => String::new(),
            None => "\nYOUR_KEY is made with: helmwatch keys create --name NAME --scope agent\n".to_owned(),
        };
        format!(
            r#"
Helmwatch is ready.

  Agents (MCP)     {url}/mcp
  People (viewer)  {viewer}{once}

Claude Code:
  claude mcp add --transport http helmwatch {url}/mcp --header "Authorization: Bearer {key}"

Any other client:
  {{
    "mcpServers": {{
      "helmwatch": {{
        "type": "http",
        "url": "{url}/mcp",
        "headers": {{ "Authorization": "Bearer {key}" }}
      }}
    }}
  }}
{make}"#
        )
    }
}

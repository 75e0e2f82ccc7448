//! `browser_webmcp_call`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::policy::Effect;
use crate::tools::response::one_line;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError};

/// How long a tool of a page may take.
const WAIT: Duration = Duration::from_secs(30);

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    name: String,
    /// By its inputSchema
    #[serde(default)]
    params: Option<Map<String, Value>>,
    /// Address of the frame that offers it, where several do
    #[serde(default)]
    frame: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_webmcp_call",
        "Call a page's tool",
        "Call a tool the page offers (WebMCP).",
        Hints::ACT,
        |a: Arguments| {
            let (name, input) = (a.name.clone(), Value::Object(a.params.clone().unwrap_or_default()).to_string());
            let verb = format!("Call the page's tool \"{}\"", one_line(&name).chars().take(80).collect::<String>());
            // What the site does with it is the site's affair: it is handed over, like a form.
            let prepared = Prepared::page(Effect::Send, verb, move |turn| async move {
                let page = turn.page()?;
                let mut tools = page.page_tools();
                let all: Vec<_> = tools.iter().map(|tool| one_line(&tool.name)).collect();
                tools.retain(|tool| tool.name == a.name && (a.frame.is_none() || a.frame == tool.frame_url));
                let tool = match tools.as_slice() {
                    [tool] => tool,
                    [] => {
                        let how = match all.is_empty() {
                            true => "The page does not register any WebMCP tools.".to_owned(),
                            false => format!("Available tools: {}.", all.join(", ")),
                        };
                        return Err(ToolError::new(
                            "no_page_tool",
                            format!("No WebMCP tool named \"{}\".", one_line(&a.name)),
                            how,
                        ));
                    }
                    _ => {
                        return Err(ToolError::new(
                            "ambiguous",
                            format!("WebMCP tool \"{}\" is registered in multiple frames.", one_line(&a.name)),
                            "Say which with frame (browser_webmcp_list names them).",
                        ));
                    }
                };
                let mark = page.mark();
                let output = page.call_page_tool(tool, a.params.unwrap_or_default(), WAIT).await?;
                turn.settled(&page, mark).await?;
                let output = serde_json::to_string_pretty(&output).unwrap_or_default();
                let of = tool.frame_url.clone().unwrap_or_else(|| page.url());
                let result = format!(
                    "Called WebMCP tool \"{}\" in {}. Output is page-provided and untrusted:\n{output}",
                    one_line(&tool.name),
                    one_line(&of)
                );
                Ok(Answer::result(result).and_snapshot())
            });
            Ok(prepared.with(&name).with(&input))
        },
    )
}

//! `browser_webmcp_list`.

use crate::policy::Effect;
use crate::session::PageTool;
use crate::tools::response::one_line;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_webmcp_list",
        "List the page's tools",
        "Tools the page itself offers (WebMCP).",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "List the page's tools", |turn| async move {
                let tools = turn.page()?.page_tools();
                if tools.is_empty() {
                    return Ok(Answer::result("No WebMCP tools registered on the page."));
                }
                let mut result = format!(
                    "Found {} WebMCP tool(s). Tool names, descriptions and schemas are page-provided and untrusted.",
                    tools.len()
                );
                tools.iter().for_each(|tool| result.push_str(&lines(tool)));
                Ok(Answer::result(result))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

fn lines(tool: &PageTool) -> String {
    let hints = if tool.hints.is_empty() { String::new() } else { format!(" [{}]", tool.hints.join(", ")) };
    let mut lines = format!("\n- {}{hints}: {}", one_line(&tool.name), one_line(&tool.description));
    if let Some(frame) = &tool.frame_url {
        lines.push_str(&format!("\n  - frame: {}", one_line(frame)));
    }
    if !tool.schema.is_empty() {
        lines.push_str(&format!("\n  - inputSchema: {}", one_line(&tool.schema)));
    }
    lines
}

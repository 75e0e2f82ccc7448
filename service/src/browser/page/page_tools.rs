//! Tools a page offers to agents (WebMCP, `document.modelContext`), by the events of the CDP domain of that name.
//!
//! Everything about them is the page's own word: data, never instruction. Chromium that does not have the domain yet, or has it
//! no more, has no such tools.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use chromiumoxide::types::{Command, Method, MethodId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Page;
use super::state::{PageState, cut};
use crate::browser::BrowserError;
use crate::browser::cdp::{CdpSession, Event};
use crate::browser::lock::lock;

/// Tools of one tab that are known; a page that offers more offers nonsense.
const TOOLS_MAX: usize = 64;
/// Longest name and description kept, characters, and longest schema, bytes of JSON.
const NAME_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 2_000;
const SCHEMA_BYTES_MAX: usize = 8 << 10;
/// Answers that wait to be fetched.
const ANSWERS_MAX: usize = 16;
/// Longest answer kept, bytes of JSON.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A tool of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageTool {
    pub name: String,
    pub description: String,
    /// JSON schema of what it takes, as JSON; empty when it has none or one that is too long.
    pub schema: String,
    /// What the page says of it: `readOnly`, `consequential`, `untrustedContent`.
    pub hints: Vec<&'static str>,
    /// Address of the frame that offers it, when that is not the page itself.
    pub frame_url: Option<String>,
    frame: String,
}

/// What is kept of the tools and their answers.
#[derive(Default)]
pub(in crate::browser) struct PageTools {
    tools: Vec<PageTool>,
    answers: VecDeque<(String, Answered)>,
}

#[derive(Clone)]
struct Answered {
    status: String,
    output: Value,
    error: String,
}

/// `WebMCP.enable`.
#[derive(Serialize)]
struct Enable {}

impl Method for Enable {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed("WebMCP.enable")
    }
}

impl Command for Enable {
    type Response = Value;
}

/// `WebMCP.invokeTool`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invoke {
    frame_id: String,
    tool_name: String,
    input: Map<String, Value>,
}

impl Method for Invoke {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed("WebMCP.invokeTool")
    }
}

impl Command for Invoke {
    type Response = Invoked;
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invoked {
    invocation_id: String,
}

/// `WebMCP.cancelInvocation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    invocation_id: String,
}

impl Method for Cancel {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed("WebMCP.cancelInvocation")
    }
}

impl Command for Cancel {
    type Response = Value;
}

#[derive(Deserialize)]
struct Added {
    tools: Vec<RawTool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTool {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    input_schema: Option<Box<RawValue>>,
    #[serde(default)]
    annotations: RawHints,
    frame_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawHints {
    read_only: bool,
    untrusted_content: bool,
    consequential: bool,
}

#[derive(Deserialize)]
struct Removed {
    tools: Vec<RemovedTool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemovedTool {
    name: String,
    frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Responded {
    invocation_id: String,
    status: String,
    #[serde(default)]
    output: Option<Box<RawValue>>,
    #[serde(default)]
    error_text: Option<String>,
}

impl PageState {
    /// An event of the domain; true when it was one.
    pub fn page_tools_event(&mut self, event: Event<'_>) -> bool {
        match event.method {
            "WebMCP.toolsAdded" => {
                for tool in event.decode::<Added>().map(|added| added.tools).unwrap_or_default() {
                    self.page_tools.tools.retain(|known| known.name != tool.name || known.frame != tool.frame_id);
                    if self.page_tools.tools.len() < TOOLS_MAX && tool.name.chars().count() <= NAME_CHARS_MAX {
                        self.page_tools.tools.push(tool.into());
                    }
                }
            }
            "WebMCP.toolsRemoved" => {
                for gone in event.decode::<Removed>().map(|removed| removed.tools).unwrap_or_default() {
                    self.page_tools.tools.retain(|known| known.name != gone.name || known.frame != gone.frame_id);
                }
            }
            "WebMCP.toolResponded" => {
                let Some(answer) = event.decode::<Responded>() else { return true };
                let output = answer.output.as_deref().map_or("null", RawValue::get);
                let output = match output.len() > ANSWER_BYTES_MAX {
                    true => Value::String(format!("(the answer has {} bytes and was not kept)", output.len())),
                    false => serde_json::from_str(output).unwrap_or_default(),
                };
                if self.page_tools.answers.len() == ANSWERS_MAX {
                    self.page_tools.answers.pop_front();
                }
                let error = cut(&answer.error_text.unwrap_or_default(), 1_000);
                let answered = Answered { status: answer.status, output, error };
                self.page_tools.answers.push_back((answer.invocation_id, answered));
            }
            _ => return false,
        }
        true
    }

    /// A frame has another document, or is gone: its tools went with the old one.
    pub fn page_tools_gone(&mut self, frame: &str) {
        self.page_tools.tools.retain(|tool| tool.frame != frame);
    }
}

impl From<RawTool> for PageTool {
    fn from(raw: RawTool) -> Self {
        let hints = [
            ("readOnly", raw.annotations.read_only),
            ("consequential", raw.annotations.consequential),
            ("untrustedContent", raw.annotations.untrusted_content),
        ];
        let schema = raw.input_schema.as_deref().map(RawValue::get).filter(|schema| schema.len() <= SCHEMA_BYTES_MAX);
        Self {
            name: raw.name,
            description: cut(&raw.description, DESCRIPTION_CHARS_MAX),
            schema: schema.unwrap_or_default().to_owned(),
            hints: hints.into_iter().filter(|(_, said)| *said).map(|(word, _)| word).collect(),
            frame_url: None,
            frame: raw.frame_id,
        }
    }
}

impl Page {
    /// Hears of the tools of a session's documents from now on; a browser without them says nothing.
    pub(super) async fn hear_page_tools(&self, session: &CdpSession) {
        if let Err(error) = session.execute(Enable {}).await {
            tracing::debug!(%error, "this browser has no page tools");
        }
    }

    /// The tools the page and its frames offer, in the order they came.
    #[must_use]
    pub fn page_tools(&self) -> Vec<PageTool> {
        let state = lock(&self.state);
        let mut tools = state.page_tools.tools.clone();
        for tool in &mut tools {
            if tool.frame != state.main_frame {
                tool.frame_url = Some(state.frames.get(&tool.frame).map(|frame| frame.url.clone()).unwrap_or_default());
            }
        }
        tools
    }

    /// Calls a tool of the page (`WebMCP.invokeTool`) and answers what it says: page text.
    ///
    /// # Errors
    /// `Page` (`page_tool_failed`) with the page's words; `Timeout` after `wait`: the call is cancelled then.
    pub async fn call_page_tool(
        &self,
        tool: &PageTool,
        input: Map<String, Value>,
        wait: Duration,
    ) -> Result<Value, BrowserError> {
        let session = lock(&self.state).frames.get(&tool.frame).map(|frame| frame.session.clone());
        let session = session.ok_or(BrowserError::Closed)?;
        let invoke = Invoke { frame_id: tool.frame.clone(), tool_name: tool.name.clone(), input };
        let id = self.unless_dialog(session.execute(invoke)).await?.invocation_id;
        let answer = |state: &PageState| {
            state.page_tools.answers.iter().find(|(of, _)| *of == id).map(|(_, answer)| answer.clone())
        };
        let waited = self.unless_dialog(self.until("the page's tool", wait, answer)).await;
        lock(&self.state).page_tools.answers.retain(|(of, _)| *of != id);
        if matches!(waited, Err(BrowserError::Timeout { .. })) {
            session.post(&Cancel { invocation_id: id.clone() });
        }
        let Answered { status, output, error } = waited?;
        if status == "Completed" {
            return Ok(output);
        }
        Err(BrowserError::Page {
            code: "page_tool_failed".to_owned(),
            message: format!(
                "the page's tool \"{}\" failed ({status}{}{error}); correct the input by its schema (browser_webmcp_list)",
                cut(&tool.name, 80),
                if error.is_empty() { "" } else { ": " }
            ),
        })
    }
}

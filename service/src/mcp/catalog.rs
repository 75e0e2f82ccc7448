//! The tools as MCP shows them: built once at start, in the gate's order.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::backend::Backend;
use crate::tools::{Capabilities, Capability, Hints, ToolSpec};

/// The argument every tool takes: which browser is meant.
pub(super) const SESSION: &str = "session";

/// All tools, whatever toolset they belong to.
pub(super) struct Catalog {
    entries: Vec<Entry>,
}

struct Entry {
    capability: Capability,
    tool: Tool,
    /// The tool declares `session` itself (as `session_close` does), so it is its own argument too.
    own_session: bool,
}

/// What a name stands for, for one caller.
pub(super) enum Found<'a> {
    Tool {
        tool: &'a Tool,
        own_session: bool,
    },
    /// It exists, in a toolset that was not chosen.
    NotChosen(Capability),
    Unknown,
}

impl Catalog {
    pub(super) fn new(backend: &dyn Backend) -> Self {
        let words = Capability::ALL.map(Capability::word).join(",");
        let all: Capabilities = words.parse().expect("every toolset's own word names a toolset");
        Self { entries: backend.list(&all).iter().map(|spec| Entry::new(spec)).collect() }
    }

    /// The tools of these toolsets.
    pub(super) fn list(&self, chosen: &Capabilities) -> Vec<Tool> {
        self.entries.iter().filter(|entry| chosen.has(entry.capability)).map(|entry| entry.tool.clone()).collect()
    }

    pub(super) fn find(&self, name: &str, chosen: &Capabilities) -> Found<'_> {
        match self.entries.iter().find(|entry| entry.tool.name == name) {
            None => Found::Unknown,
            Some(entry) if !chosen.has(entry.capability) => Found::NotChosen(entry.capability),
            Some(entry) => Found::Tool { tool: &entry.tool, own_session: entry.own_session },
        }
    }

    /// The tool of this name in any toolset, for checks on headers that do not depend on who asks.
    pub(super) fn any(&self, name: &str) -> Option<&Tool> {
        self.entries.iter().map(|entry| &entry.tool).find(|tool| tool.name == name)
    }
}

impl Entry {
    fn new(spec: &ToolSpec) -> Self {
        let own_session = properties(&spec.schema).is_some_and(|properties| properties.contains_key(SESSION));
        let mut schema = spec.schema.clone();
        if !own_session {
            add_session(&mut schema);
        }
        let tool = Tool::new(spec.name, spec.description, Arc::new(schema))
            .with_title(spec.title)
            .with_annotations(annotations(spec.hints));
        Self { capability: spec.capability, tool, own_session }
    }
}

fn properties(schema: &JsonObject) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// `session` as the last property, so that a tool's own arguments come first where a client shows them in order. What it is for is said
/// once, in the instructions, and not once a tool.
fn add_session(schema: &mut JsonObject) {
    let property = json!({ "type": "string" });
    schema.entry("type").or_insert_with(|| Value::from("object"));
    let properties = schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(SESSION.to_owned(), property);
    }
}

/// Without the title, which the tool itself has: every byte of a list is sent to every agent.
fn annotations(hints: Hints) -> ToolAnnotations {
    ToolAnnotations::default()
        .read_only(hints.read_only)
        .destructive(hints.destructive)
        .idempotent(hints.idempotent)
        .open_world(hints.open_world)
}

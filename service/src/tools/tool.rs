//! One tool, as its file declares it.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::prepared::Prepared;
use super::{Capability, Hints, ToolError, ToolSpec};

type Prepare = Box<dyn Fn(Map<String, Value>) -> Result<Prepared, ToolError> + Send + Sync>;

/// A tool: what a client is told of it, and how its arguments become a call.
pub(super) struct Tool {
    pub spec: Arc<ToolSpec>,
    prepare: Prepare,
}

impl Tool {
    /// A tool of the core toolset.
    pub fn core<A: DeserializeOwned + JsonSchema + 'static>(
        name: &'static str,
        title: &'static str,
        description: &'static str,
        hints: Hints,
        prepare: impl Fn(A) -> Result<Prepared, ToolError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(Capability::Core, name, title, description, hints, prepare)
    }

    /// A tool of a toolset.
    pub fn of<A: DeserializeOwned + JsonSchema + 'static>(
        capability: Capability,
        name: &'static str,
        title: &'static str,
        description: &'static str,
        hints: Hints,
        prepare: impl Fn(A) -> Result<Prepared, ToolError> + Send + Sync + 'static,
    ) -> Self {
        let mut schema = schema_of::<A>();
        let known: BTreeSet<String> =
            schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|p| p.keys().cloned()).collect();
        let nullable = nullable(&mut schema);
        if name.starts_with("browser_") {
            add_terms(&mut schema, hints);
        }
        let parse = move |arguments: Map<String, Value>| {
            let arguments = renamed(arguments, &known, &nullable);
            if let Some(unknown) = arguments.keys().find(|key| !known.contains(*key)) {
                let unknown: String = unknown.chars().take(60).collect();
                let names = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let what = match names.as_str() {
                    "" => format!("there is no argument \"{unknown}\"; it takes none."),
                    names => format!("there is no argument \"{unknown}\"; it takes {names}."),
                };
                return Err(ToolError::arguments(name, &what));
            }
            let arguments: A = serde_json::from_value(Value::Object(arguments))
                .map_err(|error| ToolError::arguments(name, &format!("{}.", plain(&error))))?;
            prepare(arguments)
        };
        let spec = ToolSpec { name, title, description, capability, hints, schema };
        Self { spec: Arc::new(spec), prepare: Box::new(parse) }
    }

    /// Understands the arguments. Nothing runs.
    pub fn prepare(&self, arguments: Map<String, Value>) -> Result<Prepared, ToolError> {
        (self.prepare)(arguments)
    }
}

/// What every tool that looks at a page understands, taken out of the arguments by the gate. Without words of its own: it is
/// sent to every agent once a tool; and `snapshot`, which is about what follows an action, only where one may.
fn add_terms(schema: &mut Map<String, Value>, hints: Hints) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("max_tokens".to_owned(), json!({ "type": "integer" }));
        if !hints.read_only {
            let words = super::terms::SnapshotMode::ALL.map(super::terms::SnapshotMode::word);
            properties.insert("snapshot".to_owned(), json!({ "enum": words }));
        }
    }
}

/// Arguments of a tool that takes none.
#[derive(serde::Deserialize, JsonSchema)]
pub(super) struct Nothing {}

/// The arguments to which `null` is a value of its own; they are marked with `keep_null`, which no client needs to see.
fn nullable(schema: &mut Map<String, Value>) -> BTreeSet<String> {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let marked = properties.into_iter().flatten().filter_map(|(name, property)| {
        let property = property.as_object_mut()?;
        property.remove("keep_null")?;
        property.remove("type");
        Some(name.clone())
    });
    marked.collect()
}

/// Names clients of older versions use.
fn renamed(
    mut arguments: Map<String, Value>,
    known: &BTreeSet<String>,
    nullable: &BTreeSet<String>,
) -> Map<String, Value> {
    let older = [("ref", "target"), ("startRef", "startTarget"), ("endRef", "endTarget"), ("includeStatic", "static")];
    for (old, new) in older {
        if known.contains(new)
            && !arguments.contains_key(new)
            && let Some(value) = arguments.remove(old)
        {
            arguments.insert(new.to_owned(), value);
        }
    }
    // `null` for an argument that may be left out means that it is left out.
    arguments.retain(|name, value| !value.is_null() || nullable.contains(name));
    arguments
}

fn plain(error: &serde_json::Error) -> String {
    let text: String = error.to_string().chars().take(300).collect();
    text.trim_end_matches('.').to_owned()
}

fn schema_of<A: JsonSchema>() -> Map<String, Value> {
    let generator = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator();
    let mut schema = generator.into_root_schema_for::<A>().to_value();
    slim(&mut schema);
    let mut schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    schema.remove("$schema");
    schema.remove("title");
    schema.remove("description");
    schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    schema
}

/// Takes out what tells a client nothing: every byte of it is sent to every agent.
fn slim(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.remove("format");
            // Sizes and numbers are none below 0, and one below is refused.
            if object.get("minimum").is_some_and(|least| *least == json!(0)) {
                object.remove("minimum");
            }
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|one| one != "null");
                if types.len() == 1 {
                    let only = types.remove(0);
                    object.insert("type".to_owned(), only);
                }
            }
            if !object.contains_key("keep_null")
                && let Some(Value::Array(words)) = object.get_mut("enum")
            {
                words.retain(|word| !word.is_null());
            }
            // What is not said is not so: that goes without saying.
            if object.get("default").is_some_and(|default| default.is_null() || *default == Value::Bool(false)) {
                object.remove("default");
            }
            object.values_mut().for_each(slim);
        }
        Value::Array(items) => items.iter_mut().for_each(slim),
        _ => {}
    }
}

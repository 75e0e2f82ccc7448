//! Fixture tools that answer in one round.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CreateMessageRequestParams, ElicitRequestParams,
    ErrorData, JsonObject, LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, Tool,
};
use rmcp::service::{RequestContext, ServiceError};
use serde_json::{Value, json};

use super::{PNG, WAV, declares, rounds, wire};

/// The suite asks for this pause between two notifications.
const PAUSE: Duration = Duration::from_millis(50);

/// All tools, these and those of several rounds, in their fixed order.
pub(super) fn tools() -> Vec<Tool> {
    let plain = [
        "test_simple_text",
        "test_image_content",
        "test_audio_content",
        "test_embedded_resource",
        "test_multiple_content_types",
        "test_error_handling",
        "test_tool_with_logging",
        "test_logging_tool",
        "test_tool_with_progress",
        "test_reconnection",
        "test_missing_capability",
        "test_elicitation_sep1034_defaults",
        "test_elicitation_sep1330_enums",
    ];
    let with_arguments = [
        ("test_sampling", object(json!({ "prompt": { "type": "string" } }), &["prompt"])),
        ("test_elicitation", object(json!({ "message": { "type": "string" } }), &["message"])),
        ("test_header_argument", object(json!({ "region": { "type": "string", "x-mcp-header": "Region" } }), &[])),
        ("json_schema_2020_12_tool", every_keyword()),
    ];
    plain
        .into_iter()
        .chain(rounds::NAMES)
        .map(|name| (name, object(json!({}), &[])))
        .chain(with_arguments)
        .map(|(name, schema)| Tool::new(name, "A fixture of the conformance suite.", Arc::new(schema)))
        .collect()
}

fn object(properties: Value, required: &[&str]) -> JsonObject {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// A schema that has every kind of keyword a server might lose on the way (SEP-1613, SEP-2106).
fn every_keyword() -> JsonObject {
    let contact = json!({ "contactMethod": { "const": "phone" } });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": contact, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    });
    schema.as_object().cloned().unwrap_or_default()
}

pub(super) async fn call(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let picture = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    match &*request.name {
        "test_image_content" => content(json!([picture])),
        "test_audio_content" => content(json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }])),
        "test_embedded_resource" => {
            let resource = json!({
                "uri": "test://embedded-resource",
                "mimeType": "text/plain",
                "text": "An embedded resource.",
            });
            content(json!([{ "type": "resource", "resource": resource }]))
        }
        "test_multiple_content_types" => {
            let resource = json!({
                "uri": "test://mixed-content-resource",
                "mimeType": "application/json",
                "text": "{\"test\":\"data\",\"value\":123}",
            });
            content(json!([
                { "type": "text", "text": "Several kinds of content:" },
                picture,
                { "type": "resource", "resource": resource },
            ]))
        }
        "test_error_handling" => {
            let text = json!([{ "type": "text", "text": "This tool always fails." }]);
            Ok(wire::<CallToolResult>(json!({ "resultType": "complete", "content": text, "isError": true }))?.into())
        }
        "test_tool_with_logging" => {
            for step in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                log(context, step).await?;
                tokio::time::sleep(PAUSE).await;
            }
            text("logged three times")
        }
        "test_logging_tool" => {
            if context.meta.log_level().is_some() {
                log(context, "asked for by the request").await?;
            }
            text("logged if asked to")
        }
        "test_tool_with_progress" => {
            for done in [0.0, 50.0, 100.0] {
                if let Some(token) = context.meta.get_progress_token() {
                    let progress = ProgressNotificationParam::new(token, done).with_total(100.0);
                    context.peer.notify_progress(progress).await.map_err(failed)?;
                }
                tokio::time::sleep(PAUSE).await;
            }
            text("done")
        }
        "test_missing_capability" if !declares(context, "sampling") => {
            Err(ErrorData::missing_required_client_capability(wire(json!({ "sampling": {} }))?))
        }
        "test_sampling" => sample(request, context).await,
        "test_elicitation" => {
            let message = argument(request, "message");
            let properties = json!({
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            });
            elicit(context, message, properties, &["username", "email"]).await
        }
        "test_elicitation_sep1034_defaults" => elicit(context, "Please check these values", defaults(), &[]).await,
        "test_elicitation_sep1330_enums" => elicit(context, "Please choose", choices(), &[]).await,
        _ => text("This is a simple text response for testing."),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller writes the blocks down in place")]
fn content(blocks: Value) -> Result<CallToolResponse, ErrorData> {
    Ok(wire::<CallToolResult>(json!({ "resultType": "complete", "content": blocks }))?.into())
}

pub(super) fn text(text: &str) -> Result<CallToolResponse, ErrorData> {
    content(json!([{ "type": "text", "text": text }]))
}

fn argument<'a>(request: &'a CallToolRequestParams, name: &str) -> &'a str {
    request.arguments.as_ref().and_then(|arguments| arguments.get(name)).and_then(Value::as_str).unwrap_or_default()
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

async fn log(context: &RequestContext<RoleServer>, line: &str) -> Result<(), ErrorData> {
    let line = LoggingMessageNotificationParam::new(LoggingLevel::Info, line.into());
    context.peer.notify_logging_message(line).await.map_err(failed)
}

async fn sample(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let asked: CreateMessageRequestParams = wire(json!({
        "messages": [{ "role": "user", "content": { "type": "text", "text": argument(request, "prompt") } }],
        "maxTokens": 100,
    }))?;
    let answer = context.peer.create_message(asked).await.map_err(failed)?;
    text(&format!("LLM response: {}", json!(answer.message)))
}

async fn elicit(
    context: &RequestContext<RoleServer>,
    message: &str,
    properties: Value,
    required: &[&str],
) -> Result<CallToolResponse, ErrorData> {
    let asked: ElicitRequestParams = wire(json!({
        "mode": "form",
        "message": message,
        "requestedSchema": { "type": "object", "properties": properties, "required": required },
    }))?;
    let answer = context.peer.create_elicitation(asked).await.map_err(failed)?;
    text(&format!("Elicitation completed: {}", json!(answer)))
}

/// One property of each primitive kind, with a default (SEP-1034).
fn defaults() -> Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    })
}

/// Every way to offer a choice (SEP-1330).
fn choices() -> Value {
    let titled = json!([
        { "const": "value1", "title": "First" },
        { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" },
    ]);
    json!({
        "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
        "titledSingle": { "type": "string", "oneOf": titled },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled } },
    })
}

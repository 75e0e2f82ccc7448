//! Fixture resources and prompts.

use rmcp::model::{
    ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ReadResourceResponse, ReadResourceResult,
};
use serde_json::{Value, json};

use super::rounds::{ask, form};
use super::{PNG, wire};

pub(super) fn resources() -> Result<ListResourcesResult, ErrorData> {
    let of = |uri: &str, mime: &str| json!({ "uri": uri, "name": uri, "description": "A fixture.", "mimeType": mime });
    wire(json!({
        "resultType": "complete",
        "resources": [
            of("test://static-text", "text/plain"),
            of("test://static-binary", "image/png"),
            of("test://watched-resource", "text/plain"),
        ],
    }))
}

pub(super) fn templates() -> Result<ListResourceTemplatesResult, ErrorData> {
    let uri = "test://template/{id}/data";
    wire(json!({
        "resultType": "complete",
        "resourceTemplates": [
            { "uriTemplate": uri, "name": uri, "description": "A fixture.", "mimeType": "application/json" },
        ],
    }))
}

pub(super) fn read(uri: &str) -> Result<ReadResourceResponse, ErrorData> {
    let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
    let contents = match (uri, id) {
        ("test://static-text" | "test://watched-resource", _) => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "The content of a static text." })
        }
        ("test://static-binary", _) => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        (_, Some(id)) => {
            let text = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string();
            json!({ "uri": uri, "mimeType": "application/json", "text": text })
        }
        _ => return Err(ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })))),
    };
    Ok(wire::<ReadResourceResult>(json!({ "resultType": "complete", "contents": [contents] }))?.into())
}

pub(super) fn prompts() -> Result<ListPromptsResult, ErrorData> {
    let of = |name: &str, arguments: &[&str]| {
        let arguments: Vec<_> =
            arguments.iter().map(|name| json!({ "name": name, "description": "A text.", "required": true })).collect();
        json!({ "name": name, "description": "A fixture.", "arguments": arguments })
    };
    wire(json!({
        "resultType": "complete",
        "prompts": [
            of("test_simple_prompt", &[]),
            of("test_prompt_with_arguments", &["arg1", "arg2"]),
            of("test_prompt_with_embedded_resource", &["resourceUri"]),
            of("test_prompt_with_image", &[]),
            of("test_input_required_result_prompt", &[]),
        ],
    }))
}

pub(super) fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        request.arguments.as_ref().and_then(|arguments| arguments.get(name)).and_then(Value::as_str).unwrap_or_default()
    };
    let text = |words: &str| json!({ "type": "text", "text": words });
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            vec![text(&format!("Prompt with arguments: arg1='{}', arg2='{}'", argument("arg1"), argument("arg2")))]
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({ "uri": argument("resourceUri"), "mimeType": "text/plain", "text": "Embedded." });
            vec![json!({ "type": "resource", "resource": resource }), text("Please use the resource above.")]
        }
        "test_prompt_with_image" => {
            let picture = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
            vec![picture, text("Please look at the picture above.")]
        }
        "test_input_required_result_prompt" => {
            let answers = request.input_responses.as_ref();
            match answers.and_then(|answers| answers.get("user_context")).filter(|answer| answer.is_object()) {
                None => {
                    let form = form("What context should the prompt use?", "context", "string");
                    return ask(json!({ "user_context": form }), None);
                }
                Some(_) => vec![text("A prompt with your context.")],
            }
        }
        name => return Err(ErrorData::invalid_params(format!("Unknown prompt: {name}"), None)),
    };
    let messages: Vec<_> = contents.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    Ok(wire::<GetPromptResult>(json!({ "resultType": "complete", "messages": messages }))?.into())
}

//! Fixture tools that ask the client for input first (`input_required`, 2026-07-28).
//!
//! The state goes through the client's hands, so it is sealed, and bound to the tool it was made for.

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, InputRequiredResult, RequestStateCodec, SealOptions,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::calls::text;
use super::{declares, wire};

pub(super) const NAMES: [&str; 9] = [
    "test_streaming_elicitation",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

pub(super) struct Rounds {
    seal: RequestStateCodec,
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self { seal: RequestStateCodec::new(rand::random::<[u8; 32]>().to_vec()) }
    }

    /// The answer of one of [`NAMES`]; `None` for any other tool.
    pub(super) fn call(
        &self,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<CallToolResponse>, ErrorData> {
        let name = &*request.name;
        if !NAMES.contains(&name) {
            return Ok(None);
        }
        let round = self.round(request)?;
        let answered = |key: &str| {
            request.input_responses.as_ref().and_then(|answers| answers.get(key)).is_some_and(Value::is_object)
        };
        let response = match name.trim_start_matches("test_input_required_result_") {
            "sampling" if answered("capital_question") => text("thank you"),
            "sampling" => ask(json!({ "capital_question": question("What is the capital of France?") }), None),
            "list_roots" if answered("client_roots") => text("thank you for the roots"),
            "list_roots" => ask(json!({ "client_roots": roots() }), None),
            "request_state" | "tampered_state" if round == 1 && answered("confirm") => text("state-ok"),
            "request_state" | "tampered_state" => {
                ask(json!({ "confirm": form("Please confirm", "ok", "boolean") }), Some(self.sealed(name, 1)?))
            }
            "multiple_inputs" if round == 1 && ["user_name", "greeting", "client_roots"].into_iter().all(answered) => {
                text("thank you for all three")
            }
            "multiple_inputs" => {
                let all = json!({
                    "user_name": form("What is your name?", "name", "string"),
                    "greeting": question("Generate a greeting"),
                    "client_roots": roots(),
                });
                ask(all, Some(self.sealed(name, 1)?))
            }
            "multi_round" if round == 2 && answered("step2") => text("both steps done"),
            "multi_round" if round == 1 && answered("step1") => {
                let second = json!({ "step2": form("Step 2: What is your favorite color?", "color", "string") });
                ask(second, Some(self.sealed(name, 2)?))
            }
            "multi_round" => {
                let first = json!({ "step1": form("Step 1: What is your name?", "name", "string") });
                ask(first, Some(self.sealed(name, 1)?))
            }
            "capabilities" => {
                let mut wanted = serde_json::Map::new();
                if declares(context, "sampling") {
                    wanted.insert("greeting".to_owned(), question("Generate a greeting"));
                }
                if declares(context, "elicitation") {
                    wanted.insert("user_name".to_owned(), form("What is your name?", "name", "string"));
                }
                ask(Value::Object(wanted), None)
            }
            _ if answered("user_name") => text("Hello, and thank you!"),
            _ => ask(json!({ "user_name": form("What is your name?", "name", "string") }), None),
        };
        response.map(Some)
    }

    /// Which round the client comes back from, 0 at first. A state that was not made here for this tool is an error.
    fn round(&self, request: &CallToolRequestParams) -> Result<u64, ErrorData> {
        let Some(state) = &request.request_state else { return Ok(0) };
        self.seal
            .open_json_with(state, request.name.as_bytes())
            .map_err(|_| ErrorData::invalid_params("requestState was not made by this server for this call", None))
    }

    fn sealed(&self, name: &str, round: u64) -> Result<String, ErrorData> {
        let bound = SealOptions::new().associated_data(name.as_bytes());
        self.seal
            .seal_json_with(&round, &bound)
            .map_err(|error| ErrorData::internal_error(format!("fixture: {error}"), None))
    }
}

pub(super) fn ask<T: From<InputRequiredResult>>(requests: Value, state: Option<String>) -> Result<T, ErrorData> {
    Ok(InputRequiredResult::new(Some(wire(requests)?), state).into())
}

pub(super) fn form(message: &str, property: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { property: { "type": kind } }, "required": [property] });
    json!({
        "method": "elicitation/create",
        "params": { "mode": "form", "message": message, "requestedSchema": schema },
    })
}

fn question(words: &str) -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": words } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": 100 } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

//! What the official conformance suite calls by name, behind the **same transport** as `/mcp`: same sessions, limits, `Host`
//! and `Origin` checks. So what the suite proves of this holds for the real route, whose tools need a browser.
//!
//! Only in builds with the feature `conformance`. The route takes no key: the HTTP edge must mount it on loopback only.
//! Nothing here may touch a session, a browser or a key.

#![expect(deprecated, reason = "the older revisions' suite asks for logging, sampling and resource subscriptions")]

mod calls;
mod pages;
mod rounds;

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{McpConfig, McpService};
use rounds::Rounds;

/// The service of the route `/__conformance/mcp`.
pub type ConformanceService = McpService<Fixtures>;

/// Makes the tower service for `/__conformance/mcp`. Mount it on loopback only: it asks for no key.
#[must_use]
pub fn conformance_service(config: &McpConfig, cancel: &CancellationToken) -> ConformanceService {
    let fixtures = Fixtures { tools: Arc::new(calls::tools()), rounds: Arc::new(Rounds::new()) };
    McpService::new(move || fixtures.clone(), config, cancel).without_keys()
}

/// One pixel, red, as PNG in base64.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/// A millisecond of silence, as WAV in base64.
const WAV: &str = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

/// The suite's tools, prompts and resources.
#[derive(Clone)]
pub struct Fixtures {
    tools: Arc<Vec<Tool>>,
    rounds: Arc<Rounds>,
}

/// Reads a wire shape written down as JSON: fixtures are easiest checked against the suite's words as they stand there.
/// Results say `resultType` themselves; `rmcp` takes it out for older clients.
fn wire<T: DeserializeOwned>(shape: Value) -> Result<T, ErrorData> {
    serde_json::from_value(shape).map_err(|error| ErrorData::internal_error(format!("fixture: {error}"), None))
}

/// Does the client say in this request, or did it at the start of its session, that it can do `capability`?
fn declares(context: &RequestContext<RoleServer>, capability: &str) -> bool {
    context
        .client_capabilities()
        .and_then(|declared| serde_json::to_value(declared).ok())
        .is_some_and(|declared| declared.get(capability).is_some())
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let declared = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_resources()
            .enable_tools()
            .build();
        ServerConfig::new(declared)
            .with_server_info(Implementation::new("helmwatch-conformance", env!("CARGO_PKG_VERSION")))
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(super::handler::VERSIONS)
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let fitting = ["testValue1", "testValue2", "paris", "park"]
            .into_iter()
            .filter(|value| value.starts_with(&request.argument.value))
            .map(str::to_owned)
            .collect();
        let info = CompletionInfo::with_all_values(fitting).map_err(|error| ErrorData::internal_error(error, None))?;
        Ok(CompleteResult::new(info))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if self.get_tool(&request.name).is_none() {
            return Err(ErrorData::invalid_params(format!("Unknown tool: {}", request.name), None));
        }
        match self.rounds.call(&request, &context)? {
            Some(response) => Ok(response),
            None => calls::call(&request, &context).await,
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        pages::resources()
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        pages::templates()
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        pages::read(&request.uri)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        pages::prompts()
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        pages::prompt(&request)
    }
}

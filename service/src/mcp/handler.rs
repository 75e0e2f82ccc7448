//! What MCP asks, answered. One value serves every request of both eras; all it holds is shared and never changes, so no
//! answer can depend on the connection or on what was called before.

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestMethod, CallToolRequestParams, CallToolResponse, ConstString, CustomRequest,
    CustomResult, DiscoverResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;

use super::McpConfig;
use super::backend::Backend;
use super::call;
use super::catalog::{Catalog, Found, SESSION};
use super::elicit::States;
use super::instructions::INSTRUCTIONS;
use super::terms::{Identity, Terms};
use crate::auth::Caller;
use crate::tools::{Capabilities, Capability};

/// The revisions that are served and tested. Older clients are offered the newest of these that they may still speak.
pub(super) const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// The protocol's side of the tools. Cheap to clone.
#[derive(Clone)]
pub struct Handler(Arc<Shared>);

struct Shared {
    backend: Arc<dyn Backend>,
    catalog: Catalog,
    info: ServerConfig,
    identity: Identity,
    capabilities: Capabilities,
    states: States,
    /// Milliseconds, as lists carry it.
    list_ttl_ms: u64,
}

impl Handler {
    pub(super) fn over_http(backend: Arc<dyn Backend>, config: &McpConfig) -> Self {
        Self::new(backend, Identity::Request, config)
    }

    pub(super) fn for_one(backend: Arc<dyn Backend>, caller: Caller, config: &McpConfig) -> Self {
        Self::new(backend, Identity::One(caller), config)
    }

    fn new(backend: Arc<dyn Backend>, identity: Identity, config: &McpConfig) -> Self {
        let catalog = Catalog::new(&*backend);
        // Resources and prompts are declared though there are none, so that clients which ask get empty lists, not errors.
        let declared = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        let server = Implementation::new("helmwatch", env!("CARGO_PKG_VERSION")).with_title("Helmwatch");
        Self(Arc::new(Shared {
            backend,
            catalog,
            info: ServerConfig::new(declared).with_server_info(server).with_instructions(INSTRUCTIONS),
            identity,
            capabilities: config.capabilities.clone(),
            states: States::new(),
            list_ttl_ms: u64::try_from(config.list_ttl.as_millis()).unwrap_or(u64::MAX),
        }))
    }

    fn terms(&self, context: &RequestContext<RoleServer>) -> Result<Terms, ErrorData> {
        Terms::of(context, &self.0.identity, &self.0.capabilities)
    }

    fn unknown_tool(name: &str) -> ErrorData {
        let name: String = name.chars().take(64).collect();
        ErrorData::invalid_params(format!("Unknown tool: {name:?}\nCall one of the tools that tools/list shows."), None)
    }

    fn not_chosen(name: &str, capability: Capability) -> ErrorData {
        let word = capability.word();
        ErrorData::invalid_params(
            format!(
                "Unknown tool: {name:?} is in the toolset \"{word}\", which is not chosen.\nAdd it to this server's URL: /mcp?caps={word}"
            ),
            None,
        )
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.0.info.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    /// `initialize`. A URL with a mistake is told here, where the client still shows it to a person.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.terms(&context)?;
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    /// `server/discover`. Says nothing of a mistake in the URL: clients take any error here for an older server and hide it;
    /// `tools/list`, which follows, tells.
    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        Ok(DiscoverResult::from_server_info(VERSIONS.to_vec(), self.get_info())
            .with_ttl_ms(self.0.list_ttl_ms)
            .with_cache_scope(CacheScope::Private))
    }

    /// `tools/list`, on one page: it differs by URL, so caches must not share it.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let terms = self.terms(&context)?;
        Ok(ListToolsResult::with_all_items(self.0.catalog.list(&terms.capabilities))
            .with_ttl_ms(self.0.list_ttl_ms)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.catalog.any(name).cloned()
    }

    /// `tools/call`. Only what no tool could answer is a protocol error; everything else the agent must be able to read.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let mut terms = self.terms(&context)?;
        let (tool, own_session) = match self.0.catalog.find(&request.name, &terms.capabilities) {
            Found::Tool { tool, own_session } => (tool, own_session),
            Found::NotChosen(capability) => return Err(Self::not_chosen(&request.name, capability)),
            Found::Unknown => return Err(Self::unknown_tool(&request.name)),
        };
        let asking = self.0.states.asking(&terms, &context, &request)?;
        let mut arguments = request.arguments.unwrap_or_default();
        let named = if own_session { arguments.get(SESSION).cloned() } else { arguments.shift_remove(SESSION) };
        terms.session.argument = match named {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::String(name)) => Some(name),
            Some(_) => {
                let text = "### Error\nThe argument session is not a text.\n\
                            Give the name or id of a session as session_list shows it, or leave it out.";
                return Ok(call::wrong(text));
            }
        };
        Ok(call::run(&*self.0.backend, tool, arguments, terms, &self.0.states, asking, context).await)
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::default().with_ttl_ms(self.0.list_ttl_ms).with_cache_scope(CacheScope::Private))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::default().with_ttl_ms(self.0.list_ttl_ms).with_cache_scope(CacheScope::Private))
    }

    /// What `rmcp` could not read as any request it knows: a method there is none of, or parameters of the wrong shape.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == CallToolRequestMethod::VALUE {
            let told = "The parameters of tools/call do not fit.\nGive name as a text and arguments as an object.";
            return Err(ErrorData::invalid_params(told, None));
        }
        let method: String = request.method.chars().take(64).collect();
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None))
    }

    /// `resources/read`: there is none. The code differs by era; `rmcp` translates it.
    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let told = "Resource not found.\nThis server has tools only: see tools/list.";
        Err(ErrorData::resource_not_found(told, Some(json!({ "uri": request.uri }))))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::default().with_ttl_ms(self.0.list_ttl_ms).with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name: String = request.name.chars().take(64).collect();
        Err(ErrorData::invalid_params(
            format!("Unknown prompt: {name:?}\nThis server has tools only: see tools/list."),
            None,
        ))
    }
}

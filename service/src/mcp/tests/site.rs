//! A running endpoint with tools that need no browser, and a client that speaks plain HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::auth::{Caller, Scope, Scopes};
use crate::mcp::backend::Backend;
use crate::mcp::handler::Handler;
use crate::mcp::{AgentService, McpConfig, McpService};
use crate::tools::{CallContext, Capabilities, Capability, Hints, Image, Progress, Reply, ToolSpec};

/// Tools of a kind each: what they are told, they tell back.
pub(super) struct Bench {
    specs: Vec<Arc<ToolSpec>>,
    /// One word for each call of `hold` that saw its client leave.
    left: mpsc::Sender<()>,
}

impl Bench {
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<()>) {
        let (left, seen) = mpsc::channel(8);
        let spec = |name: &'static str, capability, hints, schema: Value| {
            let schema = schema.as_object().expect("an object").clone();
            Arc::new(ToolSpec { name, title: name, description: "For tests.", capability, hints, schema })
        };
        let plain = || json!({ "type": "object", "properties": { "word": { "type": "string" } } });
        let own =
            json!({ "type": "object", "properties": { "session": { "type": "string" } }, "required": ["session"] });
        let specs = vec![
            spec("tell", Capability::Core, Hints::READ, plain()),
            spec("hold", Capability::Core, Hints::ACT, plain()),
            spec("steps", Capability::Core, Hints::ACT, plain()),
            spec("close", Capability::Core, Hints::ACT, own),
            spec("print", Capability::Pdf, Hints::READ, plain()),
        ];
        (Arc::new(Self { specs, left }), seen)
    }
}

impl Backend for Bench {
    fn list(&self, capabilities: &Capabilities) -> Vec<Arc<ToolSpec>> {
        self.specs.iter().filter(|spec| capabilities.has(spec.capability)).cloned().collect()
    }

    fn call<'a>(&'a self, context: CallContext, name: &'a str, arguments: Map<String, Value>) -> BoxFuture<'a, Reply> {
        async move {
            assert!(!arguments.contains_key("panic"), "as asked");
            if name == "hold" {
                context.cancelled.cancelled().await;
                self.left.send(()).await.expect("the test still looks");
            }
            if let (Some(progress), "steps") = (&context.progress, name) {
                for step in [0.0, 1.0, 1.0] {
                    let word = Progress { step, message: "going".to_owned() };
                    progress.send(word).await.expect("the edge still listens");
                }
            }
            let told = json!({
                "key": context.caller.key().as_str(),
                "arguments": arguments,
                "argument": context.session.argument,
                "url": context.session.url,
                "legacy": context.session.legacy,
            });
            let image = Image { mime: "image/png", data: Bytes::from_static(b"picture") };
            let images = if name == "print" { vec![image] } else { Vec::new() };
            Reply { text: told.to_string(), images, is_error: arguments.contains_key("fail"), ..Reply::default() }
        }
        .boxed()
    }
}

/// A server on a free port. Ends with the value.
pub(super) struct Site {
    pub address: SocketAddr,
    pub service: AgentService,
    pub left: mpsc::Receiver<()>,
    pub cancel: CancellationToken,
    _serving: JoinSet<()>,
}

impl Site {
    pub(super) async fn new(config: McpConfig) -> Self {
        let cancel = CancellationToken::new();
        let (bench, left) = Bench::new();
        let handler = Handler::over_http(bench, &config);
        let service = McpService::new(move || handler.clone(), &config, &cancel);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, service.clone()));
        Self { address, service, left, cancel, _serving: serving }
    }

    /// Sends one request; `key` stands for what the HTTP edge makes of a bearer key.
    pub(super) async fn send(&self, ask: Ask) -> Told {
        let (mut connection, response) = self.start(ask).await;
        let (parts, body) = response.into_parts();
        let body = tokio::select! {
            body = body.collect() => body.expect("a whole body").to_bytes(),
            _ = &mut connection => panic!("the connection ended first"),
        };
        let text = String::from_utf8(body.to_vec()).expect("text");
        let lines = text.lines().map(|line| line.strip_prefix("data:").unwrap_or(line));
        let messages = lines.filter_map(|line| serde_json::from_str(line.trim()).ok()).collect();
        Told { status: parts.status, headers: parts.headers, messages, text }
    }

    /// Sends one request and hands over the open answer; dropping both hangs up.
    pub(super) async fn start(&self, ask: Ask) -> (BoxFuture<'static, ()>, http::Response<Incoming>) {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        let mut connection = async move { connection.await.expect("a whole conversation") }.boxed();
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        if ask.headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = ask.body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        let response = tokio::select! {
            biased;
            response = sender.send_request(request) => response.expect("an answer"),
            () = &mut connection => panic!("hung up without an answer"),
        };
        // The sender goes with the connection, or it would end as soon as the answer has.
        let connection = async move {
            connection.await;
            drop(sender);
        };
        (connection.boxed(), response)
    }

    /// A whole `initialize` and `notifications/initialized` of an older client; its session.
    pub(super) async fn initialize(&self, key: &'static str) -> String {
        let told = self.send(Ask::initialize(key)).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
        let id = told.headers["mcp-session-id"].to_str().expect("text").to_owned();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let told = self.send(Ask::post(key, ready).session(&id)).await;
        assert_eq!(told.status, StatusCode::ACCEPTED, "{}", told.text);
        id
    }
}

async fn serve(listener: TcpListener, service: AgentService) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = service.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let service = service.clone();
            async move {
                if let Some(caller) = caller(request.headers()) {
                    request.extensions_mut().insert(caller);
                }
                Ok::<_, std::convert::Infallible>(service.handle(request).await)
            }
        });
        connections.spawn(async move {
            // A client that hangs up in the middle is what some tests do.
            drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
        });
    }
}

fn caller(headers: &HeaderMap) -> Option<Caller> {
    let key = headers.get("x-test-key")?.to_str().ok()?;
    let scope = if key == "watcher" { Scope::View } else { Scope::Agent };
    Some(Caller::for_tests(key, "default", Scopes::default().with(scope)))
}

/// One HTTP request.
pub(super) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Ask {
    pub(super) fn post(key: &'static str, body: Value) -> Self {
        let headers = vec![("x-test-key", key.to_owned())];
        Self { method: Method::POST, path: "/mcp".to_owned(), headers, body: Some(body) }
    }

    pub(super) fn initialize(key: &'static str) -> Self {
        let params = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        Self::post(key, json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }))
    }

    /// A request of protocol 2026-07-28.
    pub(super) fn modern(key: &'static str, method: &'static str, mut params: Value) -> Self {
        let version = "2026-07-28";
        let mut meta = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        if let Some(token) = params.as_object_mut().and_then(|params| params.remove("progressToken")) {
            meta["progressToken"] = token;
        }
        params["_meta"] = meta;
        let name = params["name"].as_str().map(str::to_owned);
        let mut ask = Self::post(key, json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }))
            .header("mcp-protocol-version", version)
            .header("mcp-method", method);
        if let Some(name) = name {
            ask = ask.header("mcp-name", &name);
        }
        ask
    }

    pub(super) fn tool(key: &'static str, name: &str, arguments: &Value) -> Self {
        Self::modern(key, "tools/call", json!({ "name": name, "arguments": arguments }))
    }

    pub(super) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(super) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn session(self, id: &str) -> Self {
        self.header("mcp-session-id", id)
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }
}

/// The answer to it.
#[derive(Debug)]
pub(super) struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// JSON-RPC messages, in order.
    pub messages: Vec<Value>,
    pub text: String,
}

impl Told {
    /// The last message: the response.
    pub(super) fn last(&self) -> &Value {
        self.messages.last().unwrap_or_else(|| panic!("no message in {self:?}"))
    }

    /// What `tell` and its like were told.
    pub(super) fn told(&self) -> Value {
        let text =
            self.last()["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {self:?}"));
        serde_json::from_str(text).expect("JSON")
    }

    /// The error's code and message.
    pub(super) fn error(&self) -> (i64, &str) {
        let error = &self.last()["error"];
        (
            error["code"].as_i64().unwrap_or_else(|| panic!("no error in {self:?}")),
            error["message"].as_str().expect("text"),
        )
    }
}

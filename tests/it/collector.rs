//! An OpenTelemetry collector, as far as its wire goes: it takes what it is sent, by the protocol's own message types, and keeps it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::tls::Certificate;

/// A running collector.
pub struct Collector {
    /// `scheme://host:port`.
    origin: String,
    kept: Arc<Mutex<Kept>>,
    _servers: Vec<JoinSet<()>>,
}

/// What it got.
#[derive(Debug, Default, Clone)]
pub struct Kept {
    pub spans: Vec<Span>,
    pub logs: Vec<LogRecord>,
    pub resources: Vec<Resource>,
    pub headers: Vec<HeaderMap>,
}

impl Collector {
    pub async fn start() -> Self {
        let (address, kept, server) = Self::listen().await;
        Self { origin: format!("http://{address}"), kept, _servers: vec![server] }
    }

    /// Over TLS with this certificate.
    pub async fn encrypted(certificate: &Certificate) -> Self {
        let (address, kept, server) = Self::listen().await;
        let (port, tls) = certificate.in_front_of(address).await;
        Self { origin: format!("https://localhost:{port}"), kept, _servers: vec![server, tls] }
    }

    async fn listen() -> (SocketAddr, Arc<Mutex<Kept>>, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let routes =
            Router::new().route("/v1/traces", post(traces)).route("/v1/logs", post(logs)).with_state(Arc::clone(&kept));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (address, kept, server)
    }

    /// A `[telemetry]` section for it, with further lines.
    pub fn section(&self, more: &str) -> String {
        format!("[telemetry]\nendpoint = \"{}/\"\n{more}\n", self.origin)
    }

    /// Everything it got so far.
    pub fn kept(&self) -> Kept {
        self.kept.lock().unwrap().clone()
    }
}

async fn traces(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: Bytes) {
    let message = ExportTraceServiceRequest::decode(body).unwrap();
    let mut kept = kept.lock().unwrap();
    kept.headers.push(headers);
    for of_resource in message.resource_spans {
        kept.resources.extend(of_resource.resource);
        kept.spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
}

async fn logs(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: Bytes) {
    let message = ExportLogsServiceRequest::decode(body).unwrap();
    let mut kept = kept.lock().unwrap();
    kept.headers.push(headers);
    for of_resource in message.resource_logs {
        kept.resources.extend(of_resource.resource);
        kept.logs.extend(of_resource.scope_logs.into_iter().flat_map(|scope| scope.log_records));
    }
}

/// Attributes as texts.
pub fn texts(attributes: &[KeyValue]) -> HashMap<&str, String> {
    attributes.iter().map(|one| (one.key.as_str(), text(one.value.as_ref()))).collect()
}

/// A value as text.
pub fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

/// Lower-case hexadecimal digits, as `traceparent` has them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

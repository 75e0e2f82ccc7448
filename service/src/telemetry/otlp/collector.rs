//! The other side: one message, one answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;

use crate::config::TelemetryConfig;
use crate::telemetry::Tasks;

/// One message, from looking up the name to the end of the answer.
const POST_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read; it says little.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Who takes it.
pub(super) struct Collector {
    client: Pooled<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Without a slash at its end.
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What it said.
pub(super) enum Answer {
    /// It has the message; the bytes say what it thinks of it.
    Taken(Bytes),
    /// It will never take it.
    Refused(StatusCode),
    /// It may take it later, perhaps after that long. In words why not now, which never hold an address or a header.
    Later(String, Option<Duration>),
}

/// Runs connections as tasks that somebody owns, and keeps them silent.
#[derive(Clone)]
struct Silent(Tasks);

impl<F> hyper::rt::Executor<F> for Silent
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.0.spawn("telemetry connection", future.with_subscriber(Dispatch::none())));
    }
}

impl Collector {
    /// # Errors
    /// Two lines, what and how, when it is to be reached over TLS and no trusted certificates can be found.
    pub fn new(config: &TelemetryConfig, connections: &Tasks) -> Result<Arc<Self>, String> {
        let provider = rustls::crypto::ring::default_provider();
        let settings = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of TLS 1.2 and 1.3");
        let settings = if config.is_encrypted() {
            settings.with_native_roots().map_err(|error| {
                format!(
                    "telemetry.endpoint: no trusted certificates were found on this machine: {error}\n\
                     Install ca-certificates, or name a file of them in SSL_CERT_FILE."
                )
            })?
        } else {
            settings.with_root_certificates(rustls::RootCertStore::empty())
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(settings.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        let client = Pooled::builder(Silent(connections.clone())).pool_max_idle_per_host(1).build(connector);
        let base = config.endpoint.trim_end_matches('/').to_owned();
        Ok(Arc::new(Self { client, base, headers: config.header_pairs() }))
    }

    /// One attempt.
    pub async fn post(&self, path: &str, body: Bytes) -> Answer {
        let exchange = self.exchange(path, body).with_subscriber(Dispatch::none());
        let answer = tokio::time::timeout(POST_MAX, exchange).await;
        answer.unwrap_or_else(|_| Answer::Later("it did not answer in time".to_owned(), None))
    }

    async fn exchange(&self, path: &str, body: Bytes) -> Answer {
        let mut request = Request::post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(USER_AGENT, concat!("helmwatch/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(body)) {
            Ok(request) => request,
            Err(error) => return Answer::Later(error.to_string(), None),
        };
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return Answer::Later(cause(&error), None),
        };
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            let read = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            return Answer::Taken(read.map(|body| body.to_bytes()).unwrap_or_default());
        }
        // Which answers mean "later" is the protocol's word (OTLP, "Retryable Response Codes").
        if matches!(head.status.as_u16(), 429 | 502 | 503 | 504) {
            let after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Answer::Later(format!("it answers {}", head.status.as_u16()), after.map(Duration::from_secs));
        }
        Answer::Refused(head.status)
    }
}

/// The last cause: "Connection refused", and not where.
fn cause(error: &hyper_util::client::legacy::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let what = if error.is_connect() { "it cannot be connected to" } else { "the exchange broke off" };
    format!("{what}: {last}")
}

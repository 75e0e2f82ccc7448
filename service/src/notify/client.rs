//! One attempt: a signed `POST`, and what came back.

use std::error::Error as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use rand::RngExt as _;

use super::sign::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};
use super::words::cut;
use super::{Hook, HookError, News};
use crate::telemetry::Tasks;

/// Bytes of an answer that are read: enough to say what is wrong, not enough to be a burden.
const ANSWER_BYTES_MAX: usize = 4 << 10;
/// Characters of an answer that are told.
const ANSWER_CHARS_MAX: usize = 200;

/// Random bytes of a message's id.
const ID_BYTES: usize = 16;

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 2xx.
    Taken(u16),
    /// Another status, and the beginning of what it said. A redirect is one of these: it is not followed.
    Refused { status: u16, said: String, retry_after: Option<Duration> },
    /// There was no answer: the words say what went wrong and never name the address.
    Unreachable(String),
    /// There was none in time.
    TimedOut,
}

impl Answer {
    /// May another attempt go better? Not when the receiver says that the message or the address is wrong.
    pub(super) fn is_worth_another(&self) -> bool {
        match self {
            Self::Taken(_) => false,
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 409 | 425 | 429),
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        if let Self::Refused { retry_after, .. } = self { *retry_after } else { None }
    }

    /// For metrics: few words.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Refused { .. } => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }
}

/// Sends. One connection a message: there are few of them, and a kept one would be found closed by the other side when it is wanted.
pub struct Client {
    inner: Pooled<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// Runs the client's connections as tasks that somebody owns.
#[derive(Clone)]
struct Owned(Tasks);

impl<F> hyper::rt::Executor<F> for Owned
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.0.spawn("webhook connection", future));
    }
}

impl Client {
    /// A client for these webhooks. Which certificates are trusted is this machine's affair.
    ///
    /// # Errors
    /// [`HookError`] when a webhook goes over TLS and no trusted certificates can be found.
    pub fn new(hooks: &[Hook], tasks: &Tasks) -> Result<Self, HookError> {
        let provider = rustls::crypto::ring::default_provider();
        let settings = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of TLS 1.2 and 1.3");
        let settings = match hooks.iter().find(|hook| hook.is_encrypted()) {
            None => settings.with_root_certificates(rustls::RootCertStore::empty()),
            Some(hook) => settings.with_native_roots().map_err(|error| HookError {
                name: hook.name.clone(),
                what: format!("no trusted certificates were found on this machine: {error}"),
                how: "Install ca-certificates, or name a file of them in SSL_CERT_FILE.".to_owned(),
            })?,
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(settings.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        let inner = Pooled::builder(Owned(tasks.clone())).pool_max_idle_per_host(0).build(connector);
        Ok(Self { inner })
    }

    /// One attempt to send a message to a webhook, for whoever wants to know what it says.
    pub async fn try_once(&self, hook: &Hook, news: &News) -> Answer {
        self.attempt(hook, &message_id(), &Bytes::from(hook.body(news))).await
    }

    /// One attempt, within the webhook's deadline.
    pub(super) async fn attempt(&self, hook: &Hook, id: &str, body: &Bytes) -> Answer {
        tokio::time::timeout(hook.deadline, self.post(hook, id, body)).await.unwrap_or(Answer::TimedOut)
    }

    async fn post(&self, hook: &Hook, id: &str, body: &Bytes) -> Answer {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut request = Request::post(&hook.address)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("helmwatch/", env!("CARGO_PKG_VERSION")))
            .header(ID_HEADER, id)
            .header(TIMESTAMP_HEADER, now);
        if let Some(key) = &hook.key {
            request = request.header(SIGNATURE_HEADER, signature(key, id, now, body));
        }
        let request = match request.body(Full::new(body.clone())) {
            Ok(request) => request,
            Err(error) => return Answer::Unreachable(error.to_string()),
        };
        let response = match self.inner.request(request).await {
            Ok(response) => response,
            Err(error) => return Answer::Unreachable(chain(&error)),
        };
        let status = response.status();
        if status.is_success() {
            return Answer::Taken(status.as_u16());
        }
        let retry_after = retry_after(status, response.headers().get(RETRY_AFTER));
        let said = cut(&beginning(response.into_body()).await, ANSWER_CHARS_MAX);
        Answer::Refused { status: status.as_u16(), said, retry_after }
    }
}

/// As much of an answer as is looked at. What breaks off on the way is as good as what came.
async fn beginning(mut body: Incoming) -> String {
    let mut read = Vec::new();
    while read.len() < ANSWER_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        read.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// A message's id: the same at each of its attempts.
pub(super) fn message_id() -> String {
    let random: [u8; ID_BYTES] = rand::rng().random();
    random.iter().fold("msg_".to_owned(), |id, byte| id + &format!("{byte:02x}"))
}

/// Seconds alone are understood; a date is a wish like none.
fn retry_after(status: StatusCode, header: Option<&HeaderValue>) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    header?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// What went wrong, down to the cause.
fn chain(error: &hyper_util::client::legacy::Error) -> String {
    let mut words =
        if error.is_connect() { "it cannot be connected to".to_owned() } else { "the exchange broke off".to_owned() };
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    cut(&words, ANSWER_CHARS_MAX)
}

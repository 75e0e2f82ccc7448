//! `[telemetry]`: traces and logs for an OpenTelemetry collector. Off unless an endpoint is named.
//!
//! The variables of OpenTelemetry's own SDKs (`OTEL_…`) are not looked at: what a platform puts into every environment must not
//! make this service talk to somebody. Whoever wants theirs writes `HELMWATCH_TELEMETRY__ENDPOINT=$OTEL_EXPORTER_OTLP_ENDPOINT`.

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::Hidden;

/// Headers that may be named: each goes out with every message.
const HEADERS_MAX: usize = 16;
/// Characters of the service's name.
const NAME_CHARS_MAX: usize = 128;

/// Where traces and logs go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Address of a collector that takes OTLP over HTTP (protobuf), as in `http://127.0.0.1:4318`; `/v1/traces` and `/v1/logs` are
    /// added. Empty: nothing is recorded and nothing is sent.
    pub endpoint: String,
    /// Headers for the collector, as in `authorization=Bearer abc,x-tenant=7`: the form of `OTEL_EXPORTER_OTLP_HEADERS`, with
    /// nothing escaped. Shown nowhere.
    pub headers: Hidden,
    /// `service.name` of all that is sent.
    pub service_name: String,
    /// How many of a hundred traces that begin here are recorded. Who calls with a `traceparent` has decided for theirs.
    pub sample_percent: u8,
    /// How fine traces are.
    pub detail: Detail,
    /// Do log lines go out too? Those that `log.filter` lets through.
    pub logs: bool,
    /// Spans, and as many log lines, that may wait for the collector; what is beyond is dropped and counted.
    pub queue_max: usize,
}

/// How fine traces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Requests, tool calls, and what they wait for.
    Calls,
    /// Each command to Chromium too: dozens a call.
    Commands,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: Hidden::default(),
            service_name: "helmwatch".to_owned(),
            sample_percent: 100,
            detail: Detail::Calls,
            logs: true,
            queue_max: 2_048,
        }
    }
}

impl TelemetryConfig {
    /// Is there a collector?
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.endpoint.is_empty()
    }

    /// Does the collector listen over TLS?
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        url::Url::parse(&self.endpoint).is_ok_and(|url| url.scheme() == "https")
    }

    /// The headers, each with its value. Those that are none are left out; [`super::Config::load`] has refused them.
    #[must_use]
    pub fn header_pairs(&self) -> Vec<(HeaderName, HeaderValue)> {
        parts(self.headers.expose()).filter_map(header).collect()
    }

    /// What is wrong with it: the key, what, how. `None` when nothing is.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        if self.is_on() && !is_base(&self.endpoint) {
            // Not repeated: whoever put a key into it would find it in the log.
            let what = "telemetry.endpoint is no plain http or https address".to_owned();
            let how = "Write scheme, host and port, as in http://127.0.0.1:4318; keys go into telemetry.headers.";
            return Some(("telemetry.endpoint", what, how));
        }
        let headers = parts(self.headers.expose());
        if headers.clone().count() > HEADERS_MAX {
            let what = format!("telemetry.headers has more than {HEADERS_MAX} headers");
            return Some(("telemetry.headers", what, "Name fewer."));
        }
        if let Some((at, _)) = headers.enumerate().find(|(_, part)| header(part).is_none()) {
            // The part itself may be a secret.
            let what = format!("part {} of telemetry.headers is no name=value", at + 1);
            return Some(("telemetry.headers", what, "Write them as in authorization=Bearer abc,x-tenant=7."));
        }
        if self.service_name.trim().is_empty() || self.service_name.chars().count() > NAME_CHARS_MAX {
            let what = format!("telemetry.service_name has not 1 to {NAME_CHARS_MAX} characters");
            return Some(("telemetry.service_name", what, "Name the service as it is to be found, as in helmwatch."));
        }
        if self.sample_percent > 100 {
            let what = format!("telemetry.sample_percent is {}", self.sample_percent);
            return Some(("telemetry.sample_percent", what, "Give it a value from 0 to 100."));
        }
        if self.queue_max == 0 {
            return Some(("telemetry.queue_max", "telemetry.queue_max is 0".to_owned(), "Give it at least 1."));
        }
        None
    }
}

/// A path is allowed, because some collectors sit behind one; what follows a path is not, and neither are names and passwords.
fn is_base(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn parts(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn header(part: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = part.split_once('=')?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_by_default() {
        let config = TelemetryConfig::default();
        assert!(!config.is_on());
        assert_eq!(config.fault(), None);
    }

    #[test]
    fn headers_are_read_and_shown_nowhere() {
        let config = TelemetryConfig {
            headers: "authorization=Bearer a=b==, x-tenant = 7,".into(),
            ..TelemetryConfig::default()
        };
        let pairs = config.header_pairs();
        let read: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(read, [("authorization", "Bearer a=b=="), ("x-tenant", "7")]);
        assert!(!format!("{config:?}{pairs:?}").contains("Bearer"), "{config:?}");
    }

    #[test]
    fn what_cannot_be_is_named_without_its_secret() {
        let fault = |change: fn(&mut TelemetryConfig)| {
            let mut config = TelemetryConfig::default();
            change(&mut config);
            config.fault().expect("a fault")
        };
        for endpoint in ["collector:4318", "ftp://c", "http://", "http://u:p@c:4318", "http://c:4318/?k=v", "grpc://c"]
        {
            let config = TelemetryConfig { endpoint: endpoint.to_owned(), ..TelemetryConfig::default() };
            assert_eq!(config.fault().map(|fault| fault.0), Some("telemetry.endpoint"), "{endpoint}");
        }
        let (key, what, _) = fault(|config| config.headers = "good=1,sesame".into());
        assert_eq!((key, what.contains("sesame")), ("telemetry.headers", false), "{what}");
        assert_eq!(fault(|config| config.sample_percent = 101).0, "telemetry.sample_percent");
        assert_eq!(fault(|config| config.service_name = " ".to_owned()).0, "telemetry.service_name");
        assert_eq!(fault(|config| config.queue_max = 0).0, "telemetry.queue_max");
        for endpoint in ["http://127.0.0.1:4318", "https://otlp.example/otlp", "http://[::1]:4318/"] {
            let config = TelemetryConfig { endpoint: endpoint.to_owned(), ..TelemetryConfig::default() };
            assert_eq!(config.fault(), None, "{endpoint}");
        }
    }
}

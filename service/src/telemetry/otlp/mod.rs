//! Traces and logs on their way to an OpenTelemetry collector: OTLP over HTTP.
//!
//! Off unless `telemetry.endpoint` names one. Nothing here ever makes anybody wait: what is recorded goes into a bounded queue, one a
//! signal, and what does not fit is dropped and counted. A collector that is not there costs those counts and a line in the log now
//! and then. Neither may what is sent here be traced or logged itself, or it would never end.

mod collector;
mod pipe;
mod signal;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::{EnvFilter, Layer, Registry};

use self::collector::Collector;
use self::signal::{Logs, Spans};
use super::Tasks;
use crate::config::{Detail, TelemetryConfig};

/// How long the end of the service may wait for the last of it to be taken.
const FLUSH_MAX: Duration = Duration::from_secs(2);
/// How long its connections may take to go; they are dropped where they stand.
const CONNECTIONS_END: Duration = Duration::from_millis(100);

/// Our own spans, and no library's.
const OURS: &str = "helmwatch";

/// What sends. Dropping it ends that at once; [`Otlp::close`] sends the rest first.
pub(super) struct Otlp {
    pipes: Tasks,
    connections: Tasks,
    // The layers hold them too, for as long as the process lives.
    _tracer: SdkTracerProvider,
    _logger: Option<SdkLoggerProvider>,
}

/// One layer of the process's subscriber.
pub(super) type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

impl Otlp {
    /// Starts what sends, on the runtime it is called in, with the layers that feed it. `None` when it is off. `filter` is which
    /// lines go out.
    ///
    /// # Errors
    /// Two lines, what and how.
    pub fn start(config: &TelemetryConfig, filter: EnvFilter) -> Result<Option<(Self, Vec<Boxed>)>, String> {
        if !config.is_on() {
            return Ok(None);
        }
        let (pipes, connections) = (Tasks::new(), Tasks::new());
        let collector = Collector::new(config, &connections)?;
        let resource = resource(config);
        let mut layers = Vec::new();

        let spans = pipe::start(&pipes, config.queue_max, &collector, &resource);
        let ratio = f64::from(config.sample_percent) / 100.0;
        let tracer = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
            .with_resource(resource.clone())
            .with_span_processor(Spans(spans))
            .build();
        let level = match config.detail {
            Detail::Calls => LevelFilter::INFO,
            Detail::Commands => LevelFilter::DEBUG,
        };
        let ours = filter_fn(move |metadata| {
            metadata.is_span() && metadata.target().starts_with(OURS) && *metadata.level() <= level
        });
        // Events stay out of spans: they go as logs, each once.
        layers.push(
            tracing_opentelemetry::layer()
                .with_tracer(tracer.tracer(OURS))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_filter(ours.with_max_level_hint(level))
                .boxed(),
        );

        let logger = config.logs.then(|| {
            let lines = pipe::start(&pipes, config.queue_max, &collector, &resource);
            let logger = SdkLoggerProvider::builder().with_resource(resource).with_log_processor(Logs(lines)).build();
            layers.push(OpenTelemetryTracingBridge::new(&logger).with_filter(filter).boxed());
            logger
        });
        Ok(Some((Self { pipes, connections, _tracer: tracer, _logger: logger }, layers)))
    }

    /// Sends what waits, as far as that goes in [`FLUSH_MAX`], and ends.
    pub async fn close(&self) {
        self.pipes.end(FLUSH_MAX).await;
        self.connections.end(CONNECTIONS_END).await;
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.pipes.cancel();
        self.connections.cancel();
    }
}

/// Who sends. From the settings alone: the SDK would read `OTEL_…` variables by itself.
fn resource(config: &TelemetryConfig) -> Resource {
    let instance: [u8; 16] = rand::random();
    let instance = instance.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    Resource::builder_empty()
        .with_service_name(config.service_name.clone())
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
            KeyValue::new("process.pid", i64::from(std::process::id())),
        ])
        .build()
}

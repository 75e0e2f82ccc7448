//! Setting up the log of the process, and what goes to a collector.

use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::log_writer::{LogWriter, WriterThread};
use super::otlp::Otlp;
use crate::config::{LogConfig, LogFormat, TelemetryConfig};

/// Keep it until the end of `main`: dropping it writes what is still waiting.
pub struct LogGuard {
    writer: LogWriter,
    otlp: Option<Otlp>,
    _thread: WriterThread,
}

impl LogGuard {
    /// Lines dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    /// The writer, whose count of dropped lines goes into `/metrics`.
    #[must_use]
    pub fn writer(&self) -> LogWriter {
        self.writer.clone()
    }

    /// Sends what still waits for the telemetry collector, two seconds at most; nothing goes there afterwards.
    pub async fn close(&self) {
        if let Some(otlp) = &self.otlp {
            otlp.close().await;
        }
    }
}

/// Sends every event of the process to standard error (standard output belongs to `helmwatch mcp`), and to the telemetry collector
/// if there is one. Call once, first thing, inside the runtime that is to send.
///
/// # Errors
/// Two lines, what and how, when `log.filter` cannot be read, the collector cannot be reached the way it is to be, or a log was
/// already set up.
pub fn init_logs(config: &LogConfig, telemetry: &TelemetryConfig) -> Result<LogGuard, String> {
    let filter = || {
        EnvFilter::try_new(&config.filter).map_err(|error| {
            let how = "Write it as in info,helmwatch::pool=debug.";
            format!("log.filter \"{}\" cannot be read: {error}\n{how}", config.filter)
        })
    };
    let (writer, thread) = LogWriter::start(config.lines_waiting_max, std::io::stderr())
        .map_err(|error| format!("no thread for the log: {error}\nRaise the limit of threads (ulimit -u)."))?;
    let lines = fmt::layer().with_writer(writer.clone());
    let layer = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
    };
    // Spans are for traces alone: while nobody takes those, making one costs a look at a flag. The hint keeps the levels nobody
    // wants as cheap as they are without this filter.
    let events = filter_fn(|metadata| metadata.is_event()).with_max_level_hint(LevelFilter::TRACE);
    let mut layers = vec![layer.with_filter(filter()?.and(events)).boxed()];
    let otlp = Otlp::start(telemetry, filter()?)?.map(|(otlp, more)| {
        layers.extend(more);
        otlp
    });
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| format!("the log is set up twice: {error}\nCall init_logs once."))?;
    Ok(LogGuard { writer, otlp, _thread: thread })
}

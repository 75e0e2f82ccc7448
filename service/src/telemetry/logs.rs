//! Setting up the log of the process.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::log_writer::{LogWriter, WriterThread};
use crate::config::{LogConfig, LogFormat};

/// Keep it until the end of `main`: dropping it writes what is still waiting.
pub struct LogGuard {
    writer: LogWriter,
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
}

/// Sends every event of the process to standard error (standard output belongs to `helmwatch mcp`). Call once, first thing.
///
/// # Errors
/// Two lines, what and how, when `log.filter` cannot be read or a log was already set up.
pub fn init_logs(config: &LogConfig) -> Result<LogGuard, String> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|error| {
        format!("log.filter \"{}\" cannot be read: {error}\nWrite it as in info,helmwatch::pool=debug.", config.filter)
    })?;
    let (writer, thread) = LogWriter::start(config.lines_waiting_max, std::io::stderr())
        .map_err(|error| format!("no thread for the log: {error}\nRaise the limit of threads (ulimit -u)."))?;
    let lines = fmt::layer().with_writer(writer.clone());
    let layer = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()
        .map_err(|error| format!("the log is set up twice: {error}\nCall init_logs once."))?;
    Ok(LogGuard { writer, _thread: thread })
}

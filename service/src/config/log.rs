//! `[log]`: what is written to standard error, and how.

use serde::{Deserialize, Serialize};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` or `json`.
    pub format: LogFormat,
    /// Which events, as in `info,helmwatch::pool=debug`.
    pub filter: String,
    /// Lines that may wait for a slow reader of standard error; what is beyond is dropped and counted.
    pub lines_waiting_max: usize,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,rmcp=off".to_owned(), lines_waiting_max: 4_096 }
    }
}

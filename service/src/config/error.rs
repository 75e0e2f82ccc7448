//! What is wrong with a setting, where it was written, and what to do.

use std::fmt;

/// A setting that cannot be used. One line what, one line how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was written: `helmwatch.toml, line 3`, `environment variable HELMWATCH_LISTEN`, `flag --listen`.
    pub source: String,
    /// What is wrong, naming the key.
    pub what: String,
    /// What to do.
    pub how: String,
}

impl ConfigError {
    pub(super) fn new(source: impl Into<String>, what: impl Into<String>, how: impl Into<String>) -> Self {
        Self { source: source.into(), what: what.into(), how: how.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n{}", self.source, self.what, self.how)
    }
}

impl std::error::Error for ConfigError {}

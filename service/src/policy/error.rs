//! What is wrong with a rule file.

use std::fmt;

/// A rule file that is not used. Says where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, as it was named.
    pub source_name: String,
    /// Counts from 1; absent when no single line is to blame.
    pub line: Option<usize>,
    /// The key or rule the mistake is in.
    pub key: Option<String>,
    /// One line: what is wrong.
    pub what: String,
    /// One line: what to do.
    pub how: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy {}", self.source_name)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", {key}")?;
        }
        write!(f, ": {}\n{}", self.what, self.how)
    }
}

impl std::error::Error for PolicyError {}

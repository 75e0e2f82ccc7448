//! The one error of this crate: what happened, and what to do.

use std::fmt;

/// A failure with its remedy, for the person who runs a test, the load test or a benchmark.
#[derive(Debug, Clone)]
pub struct Fault {
    /// One line: what happened.
    pub what: String,
    /// One line: what to do about it.
    pub hint: String,
}

/// What most of this crate returns.
pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A fault from its two lines.
    #[must_use]
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }

    /// A fault of this crate's own making or of the machine: nothing a user did.
    #[must_use]
    pub fn of(what: &str, error: impl fmt::Display) -> Self {
        Self::new(format!("{what}: {error}"), "look at the lines above it; run again with fewer things running")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.what, self.hint)
    }
}

impl std::error::Error for Fault {}

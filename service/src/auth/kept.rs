//! The words for state that must outlive the process: what a keeper answers, and why it may refuse.
//!
//! They stand here because `approval`, `audit` and `auth` ask to be kept, `store` keeps, and all three name this room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What a keeper's method returns: a future that can be called through `dyn`.
pub type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, NotKept>> + Send + 'a>>;

/// Why nothing was kept. Whatever waited for it must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKeptReason {
    /// No space on the disk, or a quota.
    DiskFull,
    /// Another process holds the file for too long.
    Busy,
    /// The file or its disk cannot be written.
    ReadOnly,
    /// The file is damaged.
    Damaged,
    /// Anything else the disk or the database said, or a queue in front of it that is full.
    Failed,
}

/// State that could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept {
    pub reason: NotKeptReason,
    /// One line: what happened.
    pub what: String,
}

impl NotKept {
    #[must_use]
    pub fn new(reason: NotKeptReason, what: impl Into<String>) -> Self {
        Self { reason, what: what.into() }
    }

    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.reason {
            NotKeptReason::DiskFull => {
                "Free space on the disk of the data directory; the service goes on by itself then."
            }
            NotKeptReason::Busy => "Try again; if it stays so, look for another process that holds the data directory.",
            NotKeptReason::ReadOnly => "Make the data directory writable for the service.",
            NotKeptReason::Damaged => {
                "Stop the service, move the database away or restore a backup, and start it again."
            }
            NotKeptReason::Failed => "Try again; if it stays so, look at the service's log.",
        }
    }

    /// May the same succeed a moment later?
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(self.reason, NotKeptReason::Busy | NotKeptReason::DiskFull | NotKeptReason::Failed)
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the state could not be kept: {}", self.what)
    }
}

impl std::error::Error for NotKept {}

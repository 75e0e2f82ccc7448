//! Why a session could not be had.

use std::time::Duration;

use crate::browser::BrowserError;

/// When a service that ends may be there again, or another in its place.
const BACK_AFTER: Duration = Duration::from_secs(5);

/// An error of the pool.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PoolError {
    /// As many wait as may.
    #[error("all {sessions} browser sessions are in use and {waiting} callers wait already")]
    Full { sessions: u32, waiting: u32, retry_after: Duration },
    /// One tenant has as many waiting as it may.
    #[error("your tenant has {sessions} browser sessions open and {waiting} callers waiting, which is all it may have")]
    TenantFull { sessions: u32, waiting: u32, retry_after: Duration },
    /// The wait for a place ran out.
    #[error("no browser session became free within {} s", after.as_secs())]
    WaitedTooLong { after: Duration, retry_after: Duration },
    /// The machine or its cgroup has too little memory left for one more.
    #[error("only {free_mib} MiB of memory are free, and a new session needs {needed_mib} MiB")]
    LowMemory { free_mib: u64, needed_mib: u64, retry_after: Duration },
    /// The process may open too few files for one more session and its connections.
    #[error("only {free} more files may be opened, and a new session needs {needed}")]
    LowDescriptors { free: u64, needed: u64, retry_after: Duration },
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Draining,
    /// Chromium failed several times in a row; it is not tried again before this time.
    #[error("Chromium could not be started: {error}")]
    Broken {
        #[source]
        error: BrowserError,
        retry_after: Duration,
    },
    /// No browser, or none that works.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The way out for the session's pages could not be opened.
    #[error("no egress lane could be opened: {0}")]
    Lane(std::sync::Arc<std::io::Error>),
    /// A limit out of its range.
    #[error("the limit {name} is {value}; it must be between {least} and {most}")]
    Limit { name: &'static str, value: u32, least: u32, most: u32 },
    /// Two bounds that contradict each other.
    #[error("the limit browser_memory_mib_renew would be {renew}, not below browser_memory_mib_max {max}")]
    Bounds { renew: u32, max: u32 },
}

impl PoolError {
    /// Stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "queue_full",
            Self::TenantFull { .. } => "tenant_full",
            Self::WaitedTooLong { .. } => "queue_timeout",
            Self::LowMemory { .. } => "low_memory",
            Self::LowDescriptors { .. } => "low_fds",
            Self::Draining => "draining",
            Self::Broken { .. } | Self::Browser(_) => "browser_unavailable",
            Self::Lane(_) => "egress_unavailable",
            Self::Limit { .. } | Self::Bounds { .. } => "bad_limit",
        }
    }

    /// When trying again makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Full { retry_after, .. }
            | Self::TenantFull { retry_after, .. }
            | Self::WaitedTooLong { retry_after, .. }
            | Self::LowMemory { retry_after, .. }
            | Self::LowDescriptors { retry_after, .. }
            | Self::Broken { retry_after, .. } => Some(*retry_after),
            Self::Browser(_) | Self::Lane(_) => Some(Duration::from_secs(1)),
            Self::Draining => Some(BACK_AFTER),
            Self::Limit { .. } | Self::Bounds { .. } => None,
        }
    }

    /// One line: what to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Browser(BrowserError::Launch { hint, .. })
            | Self::Broken { error: BrowserError::Launch { hint, .. }, .. } => hint.clone(),
            Self::Draining => "Try again when the service is back.".to_owned(),
            Self::LowDescriptors { retry_after, .. } => format!(
                "Try again in {} s; whoever runs the service can raise its limit of open files (LimitNOFILE=, ulimit -n).",
                retry_after.as_secs()
            ),
            Self::Limit { .. } => "Give a number within the range.".to_owned(),
            Self::Bounds { .. } => {
                "A browser is to be renewed before its pages are ended: lower the one, raise the other, or give 0 for no bound.".to_owned()
            }
            other => {
                // Whole seconds as in `Retry-After`: one number for both.
                let seconds = other.retry_after().unwrap_or_default().as_millis().div_ceil(1_000).max(1);
                format!("Try again in {seconds} s, or close a session you no longer need (session_close).")
            }
        }
    }
}

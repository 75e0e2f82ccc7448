//! What is wrong with the database, and what to do.

use std::path::PathBuf;

use crate::auth::{NotKept, NotKeptReason};

/// A database that is not opened. The service does not start then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database {} is damaged: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("the database {} has format {found}; this version knows formats up to {known}", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the file {} is a database of another program", path.display())]
    NotOurs { path: PathBuf },
    #[error("another service already uses the data directory of {}", path.display())]
    InUse { path: PathBuf },
    #[error("the database {} is locked by another process", path.display())]
    Locked { path: PathBuf },
    #[error("the database {} cannot be written", path.display())]
    ReadOnly { path: PathBuf },
    #[error("there is no space left for the database {}", path.display())]
    DiskFull { path: PathBuf },
    #[error("the database {} cannot be opened: {what}", path.display())]
    CannotOpen { path: PathBuf, what: String },
}

impl StoreError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => {
                "Restore a backup, or move the file away (with its -wal and -shm) to start with none: keys and history are lost then."
            }
            Self::Newer { .. } => "Start the newer version of helmwatch that wrote it, or give another --data-dir.",
            Self::NotOurs { .. } => "Give another --data-dir.",
            Self::InUse { .. } => "Stop the other service, or give this one its own --data-dir.",
            Self::Locked { .. } => "Close the program that holds it (a database browser, a backup) and start again.",
            Self::ReadOnly { .. } => "Make the file and its directory writable for the user helmwatch runs as.",
            Self::DiskFull { .. } => "Free space on that disk, or give a --data-dir on another.",
            Self::CannotOpen { .. } => "Check that the directory exists and belongs to the user helmwatch runs as.",
        }
    }

    pub(super) fn of(path: &std::path::Path, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        let NotKept { reason, what } = not_kept(error);
        match reason {
            NotKeptReason::DiskFull => Self::DiskFull { path },
            NotKeptReason::Busy => Self::Locked { path },
            NotKeptReason::ReadOnly => Self::ReadOnly { path },
            NotKeptReason::Damaged => Self::Damaged { path, what },
            NotKeptReason::Failed => Self::CannotOpen { path, what },
        }
    }
}

/// What a failed statement means for whoever wanted something kept. Result codes: <https://sqlite.org/rescode.html>.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn not_kept(error: sqlx::Error) -> NotKept {
    let reason = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<u32>().ok());
            // The low byte is the primary code.
            match code.map(|code| code & 0xff) {
                Some(13) => NotKeptReason::DiskFull,
                Some(5 | 6) => NotKeptReason::Busy,
                Some(8) => NotKeptReason::ReadOnly,
                Some(11 | 26) => NotKeptReason::Damaged,
                _ => NotKeptReason::Failed,
            }
        }
        sqlx::Error::PoolTimedOut => NotKeptReason::Busy,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            NotKeptReason::Damaged
        }
        _ => NotKeptReason::Failed,
    };
    let what = match &error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    };
    NotKept::new(reason, what.lines().next().unwrap_or_default())
}

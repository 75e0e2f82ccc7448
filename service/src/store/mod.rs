//! State that outlives the process, in SQLite: keys, approvals, the audit chain, the history of sessions.
//!
//! One writer connection, a few readers, WAL, and `synchronous=FULL`: what a method answers `Ok` to has been synced to the disk.
//! This room decides nothing and keeps no copy in memory. It must never start on a file that is damaged, newer than it knows, or not
//! its own, and never repair one by itself: it says what is wrong and what to do.

mod approvals;
mod audit;
mod error;
mod grants;
mod keys;
mod open;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

pub use error::StoreError;
pub use open::Purpose;
pub use sessions::PastSession;

use crate::auth::{NotKept, NotKeptReason};
use error::not_kept;

/// How long a write waits for the writes before it. Each takes a few milliseconds; a queue this long means a dead disk.
const WRITER_WAIT_MAX: Duration = Duration::from_secs(10);

/// The database. Cheap to clone; `approval::Ledger`, `audit::AuditStore` and `auth::KeyStore` are implemented on it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// The only connection that writes: SQLite has one writer anyway, and in a queue of ours waiting is fair and bounded.
    writer: Mutex<WriterState>,
    readers: SqlitePool,
    /// Held by the one service of this data directory; released by the kernel when the process dies, however it dies.
    _lock: Option<open::ServiceLock>,
}

struct WriterState {
    connection: SqliteConnection,
    /// A transaction was begun and its end has not been seen.
    open: bool,
}

/// The writer connection, while one write has it.
struct Writer<'a>(MutexGuard<'a, WriterState>);

impl Writer<'_> {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }

    /// A transaction that has the database's write lock from its first statement.
    ///
    /// Not sqlx's own: when SQLite itself rolls back, as it does when the disk is full, sqlx goes on counting that transaction as open and
    /// the connection never takes another one.
    async fn begin(&mut self) -> Result<Change<'_>, NotKept> {
        let state = &mut *self.0;
        if state.open {
            // A write whose future was dropped midway. It fails where SQLite has rolled back already, which is as good.
            drop(sqlx::query("ROLLBACK").execute(&mut state.connection).await);
            state.open = false;
        }
        state.open = true;
        if let Err(why) = sqlx::query("BEGIN IMMEDIATE").execute(&mut state.connection).await {
            state.open = false;
            return Err(not_kept(why));
        }
        Ok(Change(state))
    }
}

/// An open transaction.
struct Change<'a>(&'a mut WriterState);

impl Change<'_> {
    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }

    /// Commits what went well, rolls back what did not. Only after an `Ok` from here is anything kept.
    async fn end<T>(self, done: Result<T, NotKept>) -> Result<T, NotKept> {
        let state = self.0;
        let kept = match done {
            Ok(answer) => sqlx::query("COMMIT").execute(&mut state.connection).await.map(|_| answer).map_err(not_kept),
            Err(why) => Err(why),
        };
        if kept.is_err() {
            drop(sqlx::query("ROLLBACK").execute(&mut state.connection).await);
        }
        state.open = false;
        kept
    }
}

impl Store {
    async fn writer(&self) -> Result<Writer<'_>, NotKept> {
        match tokio::time::timeout(WRITER_WAIT_MAX, self.inner.writer.lock()).await {
            Ok(guard) => Ok(Writer(guard)),
            Err(_) => Err(NotKept::new(NotKeptReason::Busy, "the database takes writes too slowly")),
        }
    }

    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// Closes the database: what is in the write-ahead log moves into the file. Not needed for safety.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        let mut writer = self.inner.writer.lock().await;
        if let Err(why) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await {
            tracing::warn!(error = %why, "the write-ahead log was left as it is");
        }
    }
}

/// SQLite's integers are signed; times and counts of ours never come near the end.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A negative number where none can be means damage.
fn from_sql(number: i64) -> Result<u64, NotKept> {
    u64::try_from(number).map_err(|_| NotKept::new(NotKeptReason::Damaged, "a stored number is negative"))
}

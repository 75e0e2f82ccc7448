//! Opening the database: whole, ours, of a format we know, writable; or not at all.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tokio::sync::Mutex;

use super::{Inner, Store, StoreError, WriterState};

/// "HWST" in SQLite's `application_id`: tells our files from those of other programs.
const APPLICATION_ID: i64 = 0x4857_5354;
/// One step each; the number of steps taken is the file's `user_version`. Steps that were released are never changed.
const STEPS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
];
/// How long to wait for another process that writes (`helmwatch keys`, a backup).
const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);
const READERS_MAX: u32 = 3;
/// Pages each connection keeps in memory: SQLite's own 2 MiB, filled over a thousand sessions, are more than rows this small want. Negative: KiB.
const CACHE: &str = "-256";

const DATABASE_FILE: &str = "helmwatch.db";
const LOCK_FILE: &str = "service.lock";

pub(super) type ServiceLock = Flock<File>;

/// Who opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The service: one at a time for a data directory, because its start ends what a former service left open.
    Service,
    /// A tool beside it, as `helmwatch keys` and `helmwatch audit` are.
    Tool,
}

impl Store {
    /// Opens the database `helmwatch.db` in this directory; makes both when they are not there (readable for this user only).
    ///
    /// # Errors
    /// [`StoreError`]: damaged, of a newer format, another program's, in use, locked, not writable, no space.
    pub async fn open(data_dir: &Path, purpose: Purpose) -> Result<Self, StoreError> {
        let path = data_dir.join(DATABASE_FILE);
        let cannot = |what: &std::io::Error| StoreError::CannotOpen { path: path.clone(), what: what.to_string() };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(|why| cannot(&why))?;
        let lock = match purpose {
            Purpose::Service => Some(take_lock(&data_dir.join(LOCK_FILE), &path)?),
            Purpose::Tool => None,
        };
        // Made by us first, so that it never exists with wider permissions; SQLite gives its -wal and -shm the same.
        fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(|why| match why.kind() {
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                StoreError::ReadOnly { path: path.clone() }
            }
            _ => cannot(&why),
        })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(BUSY_WAIT_MAX)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", CACHE)
            .disable_statement_logging();
        let fault = |why: sqlx::Error| StoreError::of(&path, why);
        let mut writer = options.clone().journal_mode(SqliteJournalMode::Wal).connect().await.map_err(fault)?;
        check(&mut writer, &path).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(BUSY_WAIT_MAX)
            .connect_lazy_with(options.read_only(true));
        Ok(Self {
            inner: Arc::new(Inner {
                writer: Mutex::new(WriterState { connection: writer, open: false }),
                readers,
                _lock: lock,
            }),
        })
    }
}

fn take_lock(lock_path: &Path, path: &Path) -> Result<ServiceLock, StoreError> {
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(lock_path);
    let file = opened.map_err(|why| match why.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { path: path.to_owned() }
        }
        _ => StoreError::CannotOpen { path: path.to_owned(), what: why.to_string() },
    })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| StoreError::InUse { path: path.to_owned() })
}

/// Looks before it touches: ours, known, whole; then brings the format up to date and tries a write.
async fn check(writer: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let fault = |why: sqlx::Error| StoreError::of(path, why);
    let number = async |writer: &mut SqliteConnection, sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(writer).await
    };
    let application = number(writer, "PRAGMA application_id").await.map_err(fault)?;
    let tables = number(writer, "SELECT count(*) FROM sqlite_schema").await.map_err(fault)?;
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    let found = number(writer, "PRAGMA user_version").await.map_err(fault)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known || found < 0 {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let health: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *writer).await.map_err(fault)?;
    if health != "ok" {
        return Err(StoreError::Damaged { path: path.to_owned(), what: health.lines().collect::<Vec<_>>().join(" ") });
    }
    let mut change = writer.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    // Asked again under the lock: another process may have been faster.
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *change).await.map_err(fault)?;
    for (step, sql) in (1_i64..).zip(STEPS).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        change.execute(*sql).await.map_err(fault)?;
        // Numbers of ours, and PRAGMA takes no parameters.
        let mark = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {step}");
        change.execute(AssertSqlSafe(mark)).await.map_err(fault)?;
    }
    sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'opened'")
        .execute(&mut *change)
        .await
        .map_err(fault)?;
    change.commit().await.map_err(fault)
}

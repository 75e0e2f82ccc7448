use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use helmwatch_protocol::SessionId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::*;
use crate::auth::NotKeptReason;

async fn refusal(dir: &TempDir) -> StoreError {
    match Store::open(dir.path(), Purpose::Service).await {
        Ok(_) => panic!("it must not open"),
        Err(why) => {
            assert!(!why.hint().is_empty() && why.to_string().lines().count() == 1, "{why}");
            why
        }
    }
}

async fn raw(dir: &TempDir, sql: &'static str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.path().join("helmwatch.db")).create_if_missing(true);
    let mut connection = options.connect().await.expect("a connection");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("a statement");
    connection
}

#[tokio::test]
async fn a_store_is_made_private_and_opens_again() {
    let dir = TempDir::new().expect("a folder");
    let inner = dir.path().join("a/b");
    for _ in 0..2 {
        let store = Store::open(&inner, Purpose::Service).await.expect("a store");
        store.close().await;
    }
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&inner.join("helmwatch.db")), 0o600);
}

#[tokio::test]
async fn one_service_at_a_time_and_tools_beside_it() {
    let dir = TempDir::new().expect("a folder");
    let first = store(&dir).await;
    assert!(matches!(refusal(&dir).await, StoreError::InUse { .. }));
    Store::open(dir.path(), Purpose::Tool).await.expect("a tool may look");
    drop(first);
    store(&dir).await;
}

/// F38: a schema of another version.
#[tokio::test]
async fn a_newer_or_foreign_file_is_left_alone() {
    let dir = TempDir::new().expect("a folder");
    drop(store(&dir).await);
    raw(&dir, "PRAGMA user_version = 99").await.close().await.expect("closed");
    assert!(matches!(refusal(&dir).await, StoreError::Newer { found: 99, .. }));

    let dir = TempDir::new().expect("a folder");
    raw(&dir, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").await.close().await.expect("closed");
    assert!(matches!(refusal(&dir).await, StoreError::NotOurs { .. }));
    let mut theirs = raw(&dir, "SELECT 1").await;
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut theirs).await.expect("read");
    assert_eq!(count, 1, "nothing was added to it");
}

/// F38: a second writer.
#[tokio::test]
async fn a_locked_file_is_named() {
    let dir = TempDir::new().expect("a folder");
    drop(store(&dir).await);
    let _holder = raw(&dir, "BEGIN IMMEDIATE").await;
    assert!(matches!(refusal(&dir).await, StoreError::Locked { .. }));
}

#[tokio::test]
async fn garbage_is_no_database() {
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join("helmwatch.db"), vec![b'x'; 5_000]).expect("written");
    assert!(matches!(refusal(&dir).await, StoreError::Damaged { .. }));
    let dir = TempDir::new().expect("a folder");
    fs::create_dir(dir.path().join("helmwatch.db")).expect("a folder in its place");
    assert!(matches!(refusal(&dir).await, StoreError::CannotOpen { .. }));
}

/// F38: cut anywhere, and with bits turned.
#[tokio::test]
async fn a_torn_or_damaged_file_is_refused_or_whole_never_half_used() {
    let dir = TempDir::new().expect("a folder");
    let first = store(&dir).await;
    let running = Running::start(&first, WallClock::system()).await;
    for digest in 0..8 {
        running.desk.ask(card("1", "t", digest)).await.expect("a ticket");
    }
    running.end().await;
    first.close().await;
    drop(first);
    let whole = fs::read(dir.path().join("helmwatch.db")).expect("the file");
    let mut refused = 0;
    let cuts = (1..24).map(|part| whole[..whole.len() * part / 24].to_vec());
    let flips = (0..24).map(|part| {
        let mut bytes = whole.clone();
        let at = bytes.len() * part / 24 + 5;
        bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
        bytes
    });
    for bytes in cuts.chain(flips) {
        let dir = TempDir::new().expect("a folder");
        fs::write(dir.path().join("helmwatch.db"), bytes).expect("written");
        match Store::open(dir.path(), Purpose::Service).await {
            Err(
                StoreError::Damaged { .. }
                | StoreError::NotOurs { .. }
                | StoreError::Newer { .. }
                | StoreError::CannotOpen { .. },
            ) => refused += 1,
            Err(other) => panic!("{other}"),
            // Bytes of a picture or of free space: the database itself is whole.
            Ok(_) => {}
        }
    }
    assert!(refused >= 24, "every cut and most damage is found: {refused}");
}

/// F38: read-only.
#[tokio::test]
async fn a_file_that_cannot_be_written_says_so() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let refused = sqlx::query("UPDATE counters SET value = 1").execute(store.readers()).await.expect_err("read-only");
    assert_eq!(error::not_kept(refused).reason, NotKeptReason::ReadOnly);
}

#[tokio::test]
async fn sessions_are_remembered_and_end_with_the_service() {
    let dir = TempDir::new().expect("a folder");
    let store = store(&dir).await;
    let session = |id: &str, tenant: &str, opened_at| PastSession {
        id: SessionId::from_random(id).expect("an id"),
        tenant: Tenant::new(tenant),
        owner: KeyId::new("k"),
        name: "default".into(),
        opened_at,
        closed_at: None,
        close_reason: None,
    };
    for past in [session("1", "t", 1), session("2", "t", 2), session("3", "u", 3)] {
        store.session_opened(&past).await.expect("kept");
    }
    store.session_closed(&session("1", "t", 1).id, 5, "the agent closed it").await.expect("kept");
    store.sessions_ended_by_restart(9).await.expect("kept");
    let past = store.past_sessions(Some(&Tenant::new("t"))).await.expect("read");
    let ends: Vec<_> = past.iter().map(|past| (past.opened_at, past.closed_at)).collect();
    assert_eq!(ends, [(2, Some(9)), (1, Some(5))]);
    assert_eq!(store.past_sessions(None).await.expect("read").len(), 3);
}

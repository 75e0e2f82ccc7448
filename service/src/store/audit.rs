//! The audit chain on disk.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::not_kept;
use super::{Store, from_sql, to_sql};
use crate::audit::{AuditStore, Entry, Head, Line, chain};
use crate::auth::{Kept, NotKept};

/// Adds lines inside a transaction that is already open, so that a change and its line are there together or not at all.
pub(super) async fn append(open: &mut SqliteConnection, lines: Vec<Line>) -> Result<(), NotKept> {
    let row = sqlx::query("SELECT seq, hash FROM audit_head").fetch_optional(&mut *open).await.map_err(not_kept)?;
    let (entries, head) = chain(row.map_or_else(|| Ok(Head::beginning()), |row| head(&row))?, lines);
    for entry in entries {
        sqlx::query(
            "INSERT INTO audit (seq, at, kind, tenant, actor, session, subject, text, outcome, took_ms, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(to_sql(entry.seq))
        .bind(to_sql(entry.at))
        .bind(entry.kind)
        .bind(entry.tenant)
        .bind(entry.actor)
        .bind(entry.session)
        .bind(entry.subject)
        .bind(entry.text)
        .bind(entry.outcome)
        .bind(entry.took_ms.map(to_sql))
        .bind(entry.hash.as_slice())
        .execute(&mut *open)
        .await
        .map_err(not_kept)?;
    }
    sqlx::query("INSERT INTO audit_head (one, seq, hash) VALUES (1, $1, $2) ON CONFLICT (one) DO UPDATE SET seq = $1, hash = $2")
        .bind(to_sql(head.seq))
        .bind(head.hash.as_slice())
        .execute(open)
        .await
        .map_err(not_kept)?;
    Ok(())
}

impl AuditStore for Store {
    fn append(&self, lines: Vec<Line>) -> Kept<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = append(change.connection(), lines).await;
            change.end(done).await
        })
    }

    fn page(&self, after_seq: u64, count: u32) -> Kept<'_, Vec<Entry>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(to_sql(after_seq))
                .bind(i64::from(count))
                .fetch_all(self.readers())
                .await
                .map_err(not_kept)?;
            rows.iter().map(entry).collect()
        })
    }

    fn head(&self) -> Kept<'_, Head> {
        Box::pin(async move {
            let row = sqlx::query("SELECT seq, hash FROM audit_head")
                .fetch_optional(self.readers())
                .await
                .map_err(not_kept)?;
            row.map_or_else(|| Ok(Head::beginning()), |row| head(&row))
        })
    }
}

fn head(row: &SqliteRow) -> Result<Head, NotKept> {
    Ok(Head { seq: from_sql(row.try_get("seq").map_err(not_kept)?)?, hash: bytes(row, "hash")? })
}

fn entry(row: &SqliteRow) -> Result<Entry, NotKept> {
    let read = || -> Result<Entry, sqlx::Error> {
        Ok(Entry {
            seq: row.try_get::<i64, _>("seq")?.cast_unsigned(),
            at: row.try_get::<i64, _>("at")?.cast_unsigned(),
            kind: row.try_get("kind")?,
            tenant: row.try_get("tenant")?,
            actor: row.try_get("actor")?,
            session: row.try_get("session")?,
            subject: row.try_get("subject")?,
            text: row.try_get("text")?,
            outcome: row.try_get("outcome")?,
            took_ms: row.try_get::<Option<i64>, _>("took_ms")?.map(i64::cast_unsigned),
            hash: [0; 32],
        })
    };
    Ok(Entry { hash: bytes(row, "hash")?, ..read().map_err(not_kept)? })
}

/// A column of 32 bytes.
pub(super) fn bytes(row: &SqliteRow, column: &str) -> Result<[u8; 32], NotKept> {
    let bytes: Vec<u8> = row.try_get(column).map_err(not_kept)?;
    bytes.try_into().map_err(|_| not_kept(sqlx::Error::Decode("a stored hash has not 32 bytes".into())))
}

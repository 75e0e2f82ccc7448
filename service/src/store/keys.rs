//! Keys on disk.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::not_kept;
use super::{Store, audit, from_sql, to_sql};
use crate::audit::{Kind, Line};
use crate::auth::{Kept, KeyId, KeyInfo, KeyRecord, KeyStore, KeyTerms, NotKept, NotKeptReason, Tenant};

impl KeyStore for Store {
    fn all(&self) -> Kept<'_, Vec<KeyRecord>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM keys").fetch_all(self.readers()).await.map_err(not_kept)?;
            rows.iter().map(record).collect()
        })
    }

    fn insert<'a>(&'a self, keys: &'a [KeyRecord]) -> Kept<'a, ()> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = async {
                for KeyRecord { info, hash } in keys {
                    sqlx::query(
                        "INSERT INTO keys (id, name, tenant, scopes, hash, created_at, expires_at, revoked_at, caps, snapshot, max_tokens, may_elicit)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                    )
                    .bind(info.id.as_str())
                    .bind(&info.name)
                    .bind(info.tenant.as_str())
                    .bind(info.scopes.words().join(","))
                    .bind(hash.as_slice())
                    .bind(to_sql(info.created_at))
                    .bind(info.expires_at.map(to_sql))
                    .bind(info.revoked_at.map(to_sql))
                    .bind(&info.terms.caps)
                    .bind(&info.terms.snapshot)
                    .bind(info.terms.max_tokens.map(i64::from))
                    .bind(info.terms.may_elicit)
                    .execute(change.connection())
                    .await
                    .map_err(not_kept)?;
                    let client = if info.terms.may_elicit { "; its client may answer for its calls" } else { "" };
                    let text = format!("key \"{}\" made with {}{client}", info.name, info.scopes.words().join(", "));
                    let mut line = Line::new(info.created_at, Kind::KeyMade, info.tenant.clone(), "operator", text);
                    line.subject = Some(info.id.to_string());
                    audit::append(change.connection(), vec![line]).await?;
                }
                sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'keys'")
                    .execute(change.connection())
                    .await
                    .map_err(not_kept)?;
                Ok(())
            }
            .await;
            change.end(done).await
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId, at: u64) -> Kept<'a, bool> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = async {
                let found = sqlx::query("SELECT * FROM keys WHERE id = $1")
                    .bind(id.as_str())
                    .fetch_optional(change.connection())
                    .await;
                let Some(row) = found.map_err(not_kept)? else { return Ok(false) };
                let info = record(&row)?.info;
                if info.revoked_at.is_none() {
                    sqlx::query("UPDATE keys SET revoked_at = $2 WHERE id = $1")
                        .bind(id.as_str())
                        .bind(to_sql(at))
                        .execute(change.connection())
                        .await
                        .map_err(not_kept)?;
                    sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'keys'")
                        .execute(change.connection())
                        .await
                        .map_err(not_kept)?;
                    let text = format!("key \"{}\" revoked", info.name);
                    let mut line = Line::new(at, Kind::KeyRevoked, info.tenant, "operator", text);
                    line.subject = Some(id.to_string());
                    audit::append(change.connection(), vec![line]).await?;
                }
                Ok(true)
            }
            .await;
            change.end(done).await
        })
    }

    fn generation(&self) -> Kept<'_, i64> {
        Box::pin(async move {
            let counter = sqlx::query_scalar("SELECT value FROM counters WHERE name = 'keys'");
            counter.fetch_one(self.readers()).await.map_err(not_kept)
        })
    }
}

fn record(row: &SqliteRow) -> Result<KeyRecord, NotKept> {
    let time = |column: &str| -> Result<Option<u64>, NotKept> {
        row.try_get::<Option<i64>, _>(column).map_err(not_kept)?.map(from_sql).transpose()
    };
    let text = |column: &str| row.try_get::<String, _>(column).map_err(not_kept);
    let scopes = text("scopes")?;
    let info = KeyInfo {
        id: KeyId::new(&text("id")?),
        name: text("name")?,
        tenant: Tenant::new(&text("tenant")?),
        scopes: scopes.parse().map_err(|why: String| NotKept::new(NotKeptReason::Damaged, why))?,
        terms: KeyTerms {
            caps: row.try_get("caps").map_err(not_kept)?,
            snapshot: row.try_get("snapshot").map_err(not_kept)?,
            max_tokens: time("max_tokens")?.and_then(|tokens| u32::try_from(tokens).ok()),
            may_elicit: row.try_get("may_elicit").map_err(not_kept)?,
        },
        created_at: time("created_at")?.unwrap_or_default(),
        expires_at: time("expires_at")?,
        revoked_at: time("revoked_at")?,
    };
    Ok(KeyRecord { info, hash: audit::bytes(row, "hash")? })
}

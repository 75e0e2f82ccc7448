//! The history of sessions.

use helmwatch_protocol::SessionId;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::error::not_kept;
use super::{Store, from_sql, to_sql};
use crate::auth::{KeyId, NotKept, NotKeptReason, Tenant};

/// Most rows of one answer.
const LIST_MAX: u32 = 500;

/// A session that is or was. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSession {
    pub id: SessionId,
    pub tenant: Tenant,
    pub owner: KeyId,
    pub name: String,
    pub opened_at: u64,
    /// `None` while it is open.
    pub closed_at: Option<u64>,
    pub close_reason: Option<String>,
}

impl Store {
    /// Writes down that a session was opened.
    ///
    /// # Errors
    /// [`NotKept`]
    pub async fn session_opened(&self, session: &PastSession) -> Result<(), NotKept> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "INSERT INTO sessions (id, tenant, owner, name, opened_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
        )
        .bind(session.id.as_str())
        .bind(session.tenant.as_str())
        .bind(session.owner.as_str())
        .bind(&session.name)
        .bind(to_sql(session.opened_at))
        .execute(writer.connection())
        .await
        .map_err(not_kept)?;
        Ok(())
    }

    /// Writes down that a session was closed; the first closing counts.
    ///
    /// # Errors
    /// [`NotKept`]
    pub async fn session_closed(&self, id: &SessionId, at: u64, reason: &str) -> Result<(), NotKept> {
        let mut writer = self.writer().await?;
        sqlx::query("UPDATE sessions SET closed_at = $2, close_reason = $3 WHERE id = $1 AND closed_at IS NULL")
            .bind(id.as_str())
            .bind(to_sql(at))
            .bind(reason)
            .execute(writer.connection())
            .await
            .map_err(not_kept)?;
        Ok(())
    }

    /// At start: sessions do not outlive the service that had them.
    ///
    /// # Errors
    /// [`NotKept`]
    pub async fn sessions_ended_by_restart(&self, at: u64) -> Result<(), NotKept> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "UPDATE sessions SET closed_at = $1, close_reason = 'the service was restarted' WHERE closed_at IS NULL",
        )
        .bind(to_sql(at))
        .execute(writer.connection())
        .await
        .map_err(not_kept)?;
        Ok(())
    }

    /// The last sessions, newest first, at most 500; of one tenant, or (`None`) of all.
    ///
    /// # Errors
    /// [`NotKept`]
    pub async fn past_sessions(&self, tenant: Option<&Tenant>) -> Result<Vec<PastSession>, NotKept> {
        let rows =
            sqlx::query("SELECT * FROM sessions WHERE $1 IS NULL OR tenant = $1 ORDER BY opened_at DESC, id LIMIT $2")
                .bind(tenant.map(Tenant::as_str))
                .bind(i64::from(LIST_MAX))
                .fetch_all(self.readers())
                .await
                .map_err(not_kept)?;
        rows.iter().map(past_session).collect()
    }
}

fn past_session(row: &SqliteRow) -> Result<PastSession, NotKept> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(not_kept);
    let damaged = |why: helmwatch_protocol::IdError| NotKept::new(NotKeptReason::Damaged, why.to_string());
    Ok(PastSession {
        id: text("id")?.parse().map_err(damaged)?,
        tenant: Tenant::new(&text("tenant")?),
        owner: KeyId::new(&text("owner")?),
        name: text("name")?,
        opened_at: from_sql(row.try_get("opened_at").map_err(not_kept)?)?,
        closed_at: row.try_get::<Option<i64>, _>("closed_at").map_err(not_kept)?.map(from_sql).transpose()?,
        close_reason: row.try_get("close_reason").map_err(not_kept)?,
    })
}

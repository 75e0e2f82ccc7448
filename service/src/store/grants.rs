//! Grants on disk. Each use and each end is one transaction with its audit line.

use helmwatch_protocol::GrantId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::error::not_kept;
use super::{audit, to_sql};
use crate::approval::GrantRecord;
use crate::audit::{Kind, Line};
use crate::auth::{NotKept, Tenant};

/// Keeps a new one; its audit line is the answer, to be written with that of the yes it came with.
pub(super) async fn insert(open: &mut SqliteConnection, grant: &GrantRecord) -> Result<Line, NotKept> {
    sqlx::query(
        "INSERT INTO grants (id, tenant, session, session_name, rule, approval, given_key, given_by, given_at, expires_at, uses_max)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(grant.id.as_str())
    .bind(grant.tenant.as_str())
    .bind(grant.session.as_str())
    .bind(&grant.session_name)
    .bind(&grant.rule)
    .bind(grant.approval.as_str())
    .bind(grant.key.as_str())
    .bind(&grant.by)
    .bind(to_sql(grant.given_at))
    .bind(to_sql(grant.expires_at))
    .bind(i64::from(grant.uses_max))
    .execute(open)
    .await
    .map_err(not_kept)?;
    let minutes = grant.expires_at.saturating_sub(grant.given_at) / 60_000;
    let text = format!(
        "grant given by {}: rule \"{}\" asks no more for {minutes} min or {} calls",
        grant.by, grant.rule, grant.uses_max
    );
    let mut line = Line::new(grant.given_at, Kind::Approval, grant.tenant.clone(), grant.key.as_str(), text);
    line.session = Some(grant.session.clone());
    line.subject = Some(grant.id.to_string());
    line.outcome = "granted".to_owned();
    Ok(line)
}

/// Counts one call for each; `None`, and nothing is changed, when one of them does not stand. Inside a transaction that has the
/// write lock, so that what is looked at first is so still when it is counted.
pub(super) async fn count(
    open: &mut SqliteConnection,
    ids: &[GrantId],
    at: u64,
    what: &str,
) -> Result<Option<Vec<u32>>, NotKept> {
    for id in ids {
        let stands: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM grants WHERE id = $1 AND ended_at IS NULL AND uses < uses_max AND expires_at > $2",
        )
        .bind(id.as_str())
        .bind(to_sql(at))
        .fetch_optional(&mut *open)
        .await
        .map_err(not_kept)?;
        if stands.is_none() {
            return Ok(None);
        }
    }
    let mut counts = Vec::with_capacity(ids.len());
    let mut lines = Vec::with_capacity(ids.len());
    for id in ids {
        let row = sqlx::query("UPDATE grants SET uses = uses + 1 WHERE id = $1 RETURNING *")
            .bind(id.as_str())
            .fetch_one(&mut *open)
            .await
            .map_err(not_kept)?;
        let uses = row.try_get::<i64, _>("uses").map_err(not_kept)?;
        counts.push(u32::try_from(uses).unwrap_or(u32::MAX));
        lines.push(line(&row, at, "service", "let_through", format!("let through by grant {id}: {what}"))?);
    }
    audit::append(open, lines).await?;
    Ok(Some(counts))
}

/// Ends one, or all that stand; how many that were.
pub(super) async fn end(
    open: &mut SqliteConnection,
    id: Option<&GrantId>,
    at: u64,
    actor: &str,
    reason: &str,
) -> Result<u64, NotKept> {
    let rows = sqlx::query(
        "UPDATE grants SET ended_at = $2, end_reason = $3
         WHERE ended_at IS NULL AND ($1 IS NULL OR id = $1) RETURNING *",
    )
    .bind(id.map(GrantId::as_str))
    .bind(to_sql(at))
    .bind(reason)
    .fetch_all(&mut *open)
    .await
    .map_err(not_kept)?;
    let lines = rows.iter().map(|row| line(row, at, actor, "ended", format!("grant ended: {reason}")));
    let lines = lines.collect::<Result<Vec<Line>, NotKept>>()?;
    let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    if count > 0 {
        audit::append(open, lines).await?;
    }
    Ok(count)
}

fn line(row: &SqliteRow, at: u64, actor: &str, outcome: &str, text: String) -> Result<Line, NotKept> {
    let column = |name: &str| row.try_get::<String, _>(name).map_err(not_kept);
    let mut line = Line::new(at, Kind::Approval, Tenant::new(&column("tenant")?), actor, text);
    line.session = column("session")?.parse().ok();
    line.subject = Some(column("id")?);
    line.outcome = outcome.to_owned();
    Ok(line)
}

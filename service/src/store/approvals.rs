//! Held calls on disk. Every step of a life and its audit line are one transaction.

use std::time::Duration;

use bytes::Bytes;
use helmwatch_protocol::{ApprovalId, CardField, EditField, EditView, GrantId, Rect};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::error::not_kept;
use super::{Store, audit, from_sql, grants, to_sql};
use crate::approval::{Asking, Card, Change, Changed, Filter, Ledger, Record, State, Yes};
use crate::audit::{Kind, Line};
use crate::auth::{Kept, KeyId, NotKept, NotKeptReason, Tenant};

impl Ledger for Store {
    fn insert<'a>(&'a self, record: &'a Record, picture: Option<Bytes>) -> Kept<'a, ()> {
        Box::pin(async move {
            let card = &record.card;
            let fields = serde_json::to_string(&card.fields).map_err(|why| unwritable(&why))?;
            let deciders = serde_json::to_string(&card.asking.by).map_err(|why| unwritable(&why))?;
            let editable = serde_json::to_string(&card.editable).map_err(|why| unwritable(&why))?;
            let outline =
                card.outline.as_ref().map(serde_json::to_string).transpose().map_err(|why| unwritable(&why))?;
            let [width, height] = match record.picture_size {
                Some([width, height]) => [Some(i64::from(width)), Some(i64::from(height))],
                None => [None, None],
            };
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = async {
            sqlx::query(
                "INSERT INTO approvals (id, state, session, session_name, tenant, owner, tool, summary, origin, url, rule, reason,
                     fields, outline, picture_width, picture_height, fingerprint, digest, ttl_ms, asked_at, expires_at, approvers,
                     deciders, editable)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
                     $24)",
            )
            .bind(record.id.as_str())
            .bind(record.state.word())
            .bind(card.session.as_str())
            .bind(&card.session_name)
            .bind(card.tenant.as_str())
            .bind(card.owner.as_str())
            .bind(&card.tool)
            .bind(&card.summary)
            .bind(&card.origin)
            .bind(&card.url)
            .bind(&card.rule)
            .bind(&card.reason)
            .bind(fields)
            .bind(outline)
            .bind(width)
            .bind(height)
            .bind(&card.fingerprint)
            .bind(card.arguments_digest.as_slice())
            .bind(to_sql(u64::try_from(card.ttl.as_millis()).unwrap_or(u64::MAX)))
            .bind(to_sql(record.asked_at))
            .bind(to_sql(record.expires_at))
            .bind(i64::from(card.asking.approvers))
            .bind(deciders)
            .bind(editable)
            .execute(change.connection())
            .await
            .map_err(not_kept)?;
            if let Some(jpeg) = picture {
                sqlx::query("INSERT INTO approval_pictures (id, jpeg) VALUES ($1, $2)")
                    .bind(record.id.as_str())
                    .bind(jpeg.as_ref())
                    .execute(change.connection())
                    .await
                    .map_err(not_kept)?;
            }
            let text = format!("asked by rule \"{}\": {}", card.rule, card.summary);
            let line = line(record, record.asked_at, card.owner.as_str(), text);
            audit::append(change.connection(), vec![line]).await?;
            Ok(())
            }
            .await;
            change.end(done).await
        })
    }

    fn change<'a>(&'a self, id: &'a ApprovalId, change: &'a Change) -> Kept<'a, Changed> {
        Box::pin(async move {
            let yes = change.yes.as_ref().map(|yes| yes_text(yes).to_string());
            let edit = change.edit.as_ref().map(serde_json::to_string).transpose().map_err(|why| unwritable(&why))?;
            let mut writer = self.writer().await?;
            let mut open = writer.begin().await?;
            let done = async {
                let changed = sqlx::query(
                    // The person's part is written once, by the step that leaves `pending`.
                    "UPDATE approvals SET state = $3,
                     decided_at = CASE WHEN state = 'pending' AND $3 <> 'pending' THEN $4 ELSE decided_at END,
                     decided_by = CASE WHEN state = 'pending' THEN $5 ELSE decided_by END,
                     decision_reason = CASE WHEN state = 'pending' THEN $6 ELSE decision_reason END,
                     note = coalesce($7, note),
                     use_by = coalesce($8, use_by),
                     ended_at = CASE WHEN $9 THEN $4 ELSE NULL END,
                     yes = CASE WHEN $11 IS NULL THEN yes ELSE json_insert(yes, '$[#]', json($11)) END,
                     edit = coalesce($12, edit),
                     grant_id = coalesce($13, grant_id)
                 WHERE id = $1 AND state = $2 AND json_array_length(yes) = $10
                     AND ($3 NOT IN ('pending', 'approved', 'edited') OR expires_at > $4)",
                )
                .bind(id.as_str())
                .bind(change.from.word())
                .bind(change.to.word())
                .bind(to_sql(change.at))
                .bind(&change.by)
                .bind(&change.reason)
                .bind(&change.note)
                .bind(change.use_by.map(to_sql))
                .bind(change.to.is_final())
                .bind(i64::try_from(change.yes_before).unwrap_or(i64::MAX))
                .bind(yes)
                .bind(edit)
                .bind(change.grant.as_ref().map(|grant| grant.id.as_str()))
                .execute(open.connection())
                .await
                .map_err(not_kept)?;
                let Some(record) = find(open.connection(), id).await? else { return Ok(Changed::Missing) };
                if changed.rows_affected() == 0 {
                    return Ok(Changed::Lost(Box::new(record)));
                }
                let why = change.reason.as_ref().or(change.note.as_ref());
                let step = match (&change.yes, change.to) {
                    (Some(yes), State::Pending) => {
                        format!("{} said yes, {} of {}", yes.by, record.yes.len(), record.card.asking.approvers)
                    }
                    _ => format!("{} to {}", change.from.word(), change.to.word()),
                };
                let mut text = match why {
                    Some(why) => format!("{step}: {why}"),
                    None => step,
                };
                if let Some(edit) = &change.edit {
                    text.push_str(&format!("; {}", edit.what));
                }
                let actor = change.by.as_deref().or(change.yes.as_ref().map(|yes| yes.by.as_str()));
                let mut lines = vec![line(&record, change.at, actor.unwrap_or("service"), text)];
                if let Some(grant) = &change.grant {
                    lines.push(grants::insert(open.connection(), grant).await?);
                }
                audit::append(open.connection(), lines).await?;
                Ok(Changed::Done(Box::new(record)))
            }
            .await;
            open.end(done).await
        })
    }

    fn get<'a>(&'a self, id: &'a ApprovalId) -> Kept<'a, Option<Record>> {
        Box::pin(async move {
            let mut reader = self.readers().acquire().await.map_err(not_kept)?;
            find(&mut reader, id).await
        })
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Kept<'a, Vec<Record>> {
        Box::pin(async move {
            let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM approvals WHERE 1 = 1");
            if let Some(tenant) = &filter.tenant {
                query.push(" AND tenant = ").push_bind(tenant.as_str());
            }
            if let Some(session) = &filter.session {
                query.push(" AND session = ").push_bind(session.as_str());
            }
            if !filter.states.is_empty() {
                query.push(" AND state IN (");
                let mut states = query.separated(", ");
                for state in &filter.states {
                    states.push_bind(state.word());
                }
                query.push(")");
            }
            query.push(" ORDER BY asked_at DESC, id LIMIT ").push_bind(i64::from(filter.count_max));
            let rows = query.build().fetch_all(self.readers()).await.map_err(not_kept)?;
            rows.iter().map(record).collect()
        })
    }

    fn picture<'a>(&'a self, id: &'a ApprovalId) -> Kept<'a, Option<Bytes>> {
        Box::pin(async move {
            let jpeg: Option<Vec<u8>> = sqlx::query_scalar("SELECT jpeg FROM approval_pictures WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(self.readers())
                .await
                .map_err(not_kept)?;
            Ok(jpeg.map(Bytes::from))
        })
    }

    fn use_grants<'a>(&'a self, ids: &'a [GrantId], at: u64, what: &'a str) -> Kept<'a, Option<Vec<u32>>> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = grants::count(change.connection(), ids, at, what).await;
            change.end(done).await
        })
    }

    fn end_grants<'a>(&'a self, id: Option<&'a GrantId>, at: u64, actor: &'a str, reason: &'a str) -> Kept<'a, u64> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = grants::end(change.connection(), id, at, actor, reason).await;
            change.end(done).await
        })
    }

    fn prune(&self, pictures_before: u64, cards_before: u64) -> Kept<'_, ()> {
        Box::pin(async move {
            let mut writer = self.writer().await?;
            let mut change = writer.begin().await?;
            let done = async {
                sqlx::query("DELETE FROM approval_pictures WHERE id IN (SELECT id FROM approvals WHERE ended_at < $1)")
                    .bind(to_sql(pictures_before))
                    .execute(change.connection())
                    .await
                    .map_err(not_kept)?;
                sqlx::query(
                    "UPDATE approvals SET picture_width = NULL, picture_height = NULL
                 WHERE ended_at < $1 AND picture_width IS NOT NULL",
                )
                .bind(to_sql(pictures_before))
                .execute(change.connection())
                .await
                .map_err(not_kept)?;
                for old in ["DELETE FROM approvals WHERE ended_at < $1", "DELETE FROM grants WHERE ended_at < $1"] {
                    sqlx::query(old).bind(to_sql(cards_before)).execute(change.connection()).await.map_err(not_kept)?;
                }
                Ok(())
            }
            .await;
            change.end(done).await
        })
    }
}

fn line(record: &Record, at: u64, actor: &str, text: String) -> Line {
    let mut line = Line::new(at, Kind::Approval, record.card.tenant.clone(), actor, text);
    line.session = Some(record.card.session.clone());
    line.subject = Some(record.id.to_string());
    line.outcome = record.state.word().to_owned();
    line
}

async fn find(open: &mut SqliteConnection, id: &ApprovalId) -> Result<Option<Record>, NotKept> {
    let row = sqlx::query("SELECT * FROM approvals WHERE id = $1").bind(id.as_str()).fetch_optional(open).await;
    row.map_err(not_kept)?.as_ref().map(record).transpose()
}

fn record(row: &SqliteRow) -> Result<Record, NotKept> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(not_kept);
    let maybe = |column: &str| row.try_get::<Option<String>, _>(column).map_err(not_kept);
    let number = |column: &str| from_sql(row.try_get::<i64, _>(column).map_err(not_kept)?);
    let time = |column: &str| -> Result<Option<u64>, NotKept> {
        row.try_get::<Option<i64>, _>(column).map_err(not_kept)?.map(from_sql).transpose()
    };
    let pixels =
        |column: &str| -> Result<Option<u32>, NotKept> { Ok(time(column)?.and_then(|n| u32::try_from(n).ok())) };
    let damaged =
        |what: &str| NotKept::new(NotKeptReason::Damaged, format!("a stored approval's {what} makes no sense"));
    let fields: Vec<CardField> = serde_json::from_str(&text("fields")?).map_err(|_| damaged("fields"))?;
    let outline: Option<Rect> =
        maybe("outline")?.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| damaged("outline"))?;
    let approvers = u32::try_from(number("approvers")?).map_err(|_| damaged("number of people"))?;
    let by: Vec<Vec<String>> = serde_json::from_str(&text("deciders")?).map_err(|_| damaged("deciders"))?;
    let editable: Vec<EditField> = serde_json::from_str(&text("editable")?).map_err(|_| damaged("editable fields"))?;
    let edit: Option<EditView> =
        maybe("edit")?.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| damaged("edit"))?;
    let yes: Vec<Value> = serde_json::from_str(&text("yes")?).map_err(|_| damaged("yes"))?;
    let yes = yes.iter().map(yes_of).collect::<Option<Vec<Yes>>>().ok_or_else(|| damaged("yes"))?;
    let grant: Option<GrantId> = maybe("grant_id")?.map(|id| id.parse()).transpose().map_err(|_| damaged("grant"))?;
    let card = Card {
        session: text("session")?.parse().map_err(|_| damaged("session"))?,
        session_name: text("session_name")?,
        tenant: Tenant::new(&text("tenant")?),
        owner: KeyId::new(&text("owner")?),
        tool: text("tool")?,
        summary: text("summary")?,
        origin: text("origin")?,
        url: text("url")?,
        rule: text("rule")?,
        reason: text("reason")?,
        asking: Asking { rules: Vec::new(), approvers, by },
        fields,
        editable,
        editing: None,
        outline,
        picture: None,
        fingerprint: text("fingerprint")?,
        arguments_digest: audit::bytes(row, "digest")?,
        ttl: Duration::from_millis(number("ttl_ms")?),
    };
    Ok(Record {
        id: text("id")?.parse().map_err(|_| damaged("id"))?,
        card,
        picture_size: pixels("picture_width")?.zip(pixels("picture_height")?).map(|(width, height)| [width, height]),
        state: State::from_word(&text("state")?).ok_or_else(|| damaged("state"))?,
        asked_at: number("asked_at")?,
        expires_at: number("expires_at")?,
        use_by: time("use_by")?,
        decided_at: time("decided_at")?,
        decided_by: maybe("decided_by")?,
        decision_reason: maybe("decision_reason")?,
        note: maybe("note")?,
        yes,
        edit,
        grant,
    })
}

/// One person's yes, as it is kept.
fn yes_text(yes: &Yes) -> Value {
    json!({ "key": yes.key.as_str(), "by": yes.by, "at": yes.at, "reason": yes.reason })
}

fn yes_of(kept: &Value) -> Option<Yes> {
    let text = |part: &str| kept[part].as_str();
    Some(Yes {
        key: KeyId::new(text("key")?),
        by: text("by")?.to_owned(),
        at: kept["at"].as_u64()?,
        reason: text("reason").map(str::to_owned),
    })
}

fn unwritable(why: &serde_json::Error) -> NotKept {
    NotKept::new(NotKeptReason::Failed, format!("the card cannot be written: {why}"))
}

//! Grants at the desk: given with a yes, used by calls, ended by people and by time.

use helmwatch_protocol::{GrantId, GrantView, GrantWish, SessionId};
use tokio::time::Instant;

use super::board::Standing;
use super::desk::random_word;
use super::limits::{GRANT_MINUTES_MAX, GRANT_USES, GRANT_USES_MAX};
use super::{Desk, GrantRecord, Reach, Record, Yes};
use crate::auth::{Human, NotKept};
use crate::policy::{Asking, Policy};

/// A grant that is not given, or not ended.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No such grant that stands, or one of another tenant: both read the same.
    #[error("there is no such grant")]
    NotFound,
    #[error("a grant is for 1 to {GRANT_MINUTES_MAX} minutes and 1 to {GRANT_USES_MAX} calls")]
    OutOfBounds,
    /// Each call is to be seen by several people.
    #[error("a rule that asks several people asks them each time")]
    SeveralPeople,
    /// More than one rule asks: letting all of them through is more than a person sees on one card.
    #[error("more than one rule asks about this call")]
    SeveralRules,
    #[error("{count_max} grants of this {whose} stand already")]
    Full {
        /// `session` or `service`.
        whose: &'static str,
        count_max: usize,
    },
    #[error("the end of the grant could not be stored")]
    NotKept(#[source] NotKept),
}

impl GrantError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound => "Look at the list of grants again: it may have ended by itself.",
            Self::OutOfBounds => "Give fewer minutes or calls.",
            Self::SeveralPeople | Self::SeveralRules => "Approve this one call.",
            Self::Full { .. } => "Approve this one call, or revoke a grant first.",
            Self::NotKept(inner) => inner.hint(),
        }
    }
}

impl Desk {
    /// The grant that goes with a yes, not kept yet.
    pub(super) fn grant_of(&self, record: &Record, yes: &Yes, wish: GrantWish) -> Result<GrantRecord, GrantError> {
        let card = &record.card;
        let uses_max = wish.uses.unwrap_or(GRANT_USES);
        if !(1..=GRANT_MINUTES_MAX).contains(&wish.minutes) || !(1..=GRANT_USES_MAX).contains(&uses_max) {
            return Err(GrantError::OutOfBounds);
        }
        if card.asking.approvers > 1 {
            return Err(GrantError::SeveralPeople);
        }
        let [rule] = card.asking.rules.as_slice() else { return Err(GrantError::SeveralRules) };
        let limits = &self.inner.limits;
        {
            let board = self.board();
            let of_session = board.grants.values().filter(|grant| grant.record.session == card.session).count();
            if of_session >= limits.grants_per_session_max {
                return Err(GrantError::Full { whose: "session", count_max: limits.grants_per_session_max });
            }
            if board.grants.len() >= limits.grants_max {
                return Err(GrantError::Full { whose: "service", count_max: limits.grants_max });
            }
        }
        Ok(GrantRecord {
            id: GrantId::from_random(&random_word()).expect("base64url of 16 bytes is 22 plain characters"),
            tenant: card.tenant.clone(),
            session: card.session.clone(),
            session_name: card.session_name.clone(),
            rule: rule.name.clone(),
            mark: rule.mark,
            approval: record.id.clone(),
            key: yes.key.clone(),
            by: yes.by.clone(),
            given_at: yes.at,
            expires_at: yes.at.saturating_add(u64::from(wish.minutes) * 60_000),
            uses: 0,
            uses_max,
            ended_at: None,
            end_reason: None,
        })
    }

    /// Lets a call through that these rules ask about, if there is a grant for every one of them: counted and written down, on disk,
    /// before this answers with their ids. `what` is the call in words, secrets masked.
    ///
    /// # Errors
    /// [`NotKept`]: it could not be written down; the call is to be asked about.
    pub async fn let_through(
        &self,
        session: &SessionId,
        asking: &Asking,
        what: &str,
    ) -> Result<Option<Vec<GrantId>>, NotKept> {
        let now_ms = self.inner.clock.now_ms();
        let found: Option<Vec<GrantId>> = {
            let board = self.board();
            let good = |grant: &&Standing| grant.record.stands(now_ms) && Instant::now() < grant.until;
            let one = |rule: &crate::policy::AskingRule| {
                let fits = |grant: &&Standing| grant.record.covers(session, &rule.name, rule.mark);
                board.grants.values().filter(good).find(fits).map(|grant| grant.record.id.clone())
            };
            if asking.approvers > 1 { None } else { asking.rules.iter().map(one).collect() }
        };
        let Some(ids) = found.filter(|ids| !ids.is_empty()) else { return Ok(None) };
        let Some(counts) = self.inner.ledger.use_grants(&ids, now_ms, what).await? else { return Ok(None) };
        let mut board = self.board();
        for (id, uses) in ids.iter().zip(counts) {
            let Some(grant) = board.grants.get_mut(id) else { continue };
            grant.record.uses = grant.record.uses.max(uses);
            let record = grant.record.clone();
            board.publish_grant(&record);
        }
        drop(board);
        // The last use ends it: the clock task says so.
        self.inner.added.notify_one();
        Ok(Some(ids))
    }

    /// The grants within reach that stand, oldest first.
    #[must_use]
    pub fn grants_within(&self, reach: &Reach) -> Vec<GrantView> {
        let board = self.board();
        let seen = board.grants.values().map(|grant| &grant.record).filter(|grant| reach.covers(&grant.tenant));
        let mut views: Vec<GrantView> = seen.map(GrantRecord::view).collect();
        views.sort_by(|a, b| (a.given_at, a.id.as_str()).cmp(&(b.given_at, b.id.as_str())));
        views
    }

    /// A person takes a grant back. When this answers it lets nothing through any more, and that is on disk.
    ///
    /// # Errors
    /// [`GrantError`]: unknown, over or another tenant's; not stored, and then it stands still.
    pub async fn revoke(&self, human: &Human, id: &GrantId) -> Result<GrantView, GrantError> {
        let caller = human.caller();
        let reach = Reach::of(caller);
        let stands = self.board().grants.get(id).is_some_and(|grant| reach.covers(&grant.record.tenant));
        if !stands {
            return Err(GrantError::NotFound);
        }
        let reason = format!("revoked by {}", caller.name());
        let ended = self.end_one(id, caller.key().as_str(), &reason).await.map_err(GrantError::NotKept)?;
        ended.map(|grant| grant.view()).ok_or(GrantError::NotFound)
    }

    /// Other rules hold: ends what was given for a rule that is not written as it was.
    ///
    /// # Errors
    /// [`NotKept`]: not stored yet. Such a grant lets nothing through all the same.
    pub async fn rules_changed(&self, policy: &Policy) -> Result<(), NotKept> {
        let changed = |grant: &GrantRecord| policy.mark_of(&grant.rule) != Some(grant.mark);
        self.end_grants_where("service", "its rule was changed", changed).await
    }

    /// Ends those whose time or number is over.
    pub(super) async fn end_spent_grants(&self, now_ms: u64) -> Result<(), NotKept> {
        let spent: Vec<(GrantId, &'static str)> = {
            let board = self.board();
            let why = |grant: &Standing| {
                let late = (Instant::now() >= grant.until).then_some("its time is over");
                grant.record.is_spent(now_ms).or(late)
            };
            board.grants.values().filter_map(|grant| Some((grant.record.id.clone(), why(grant)?))).collect()
        };
        let mut result = Ok(());
        for (id, reason) in spent {
            result = result.and(self.end_one(&id, "service", reason).await.map(drop));
        }
        result
    }

    pub(super) async fn end_grants_where(
        &self,
        actor: &str,
        reason: &str,
        which: impl Fn(&GrantRecord) -> bool,
    ) -> Result<(), NotKept> {
        let ids: Vec<GrantId> = {
            let board = self.board();
            board.grants.values().filter(|grant| which(&grant.record)).map(|grant| grant.record.id.clone()).collect()
        };
        let mut result = Ok(());
        for id in ids {
            result = result.and(self.end_one(&id, actor, reason).await.map(drop));
        }
        result
    }

    /// Ends one, on disk first; `None`: it had ended already.
    async fn end_one(&self, id: &GrantId, actor: &str, reason: &str) -> Result<Option<GrantRecord>, NotKept> {
        let at = self.inner.clock.now_ms();
        let ended = self.inner.ledger.end_grants(Some(id), at, actor, reason).await?;
        let mut board = self.board();
        let Some(Standing { mut record, .. }) = board.grants.remove(id) else { return Ok(None) };
        if ended == 0 {
            return Ok(None);
        }
        record.ended_at = Some(at);
        record.end_reason = Some(reason.to_owned());
        board.publish_grant(&record);
        tracing::info!(grant = %id, reason, "grant ended");
        Ok(Some(record))
    }
}

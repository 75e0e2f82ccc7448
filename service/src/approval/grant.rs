//! What a person lets through without being asked each time: one rule, one session, so many calls, so many minutes. Pure.
//!
//! A grant answers a question that a rule asks; it never beats a *deny*, and it is good only for the rule as it was written when it was
//! given. In doubt it has ended: with its session, its time, its last use, another text of its rule, and every restart.

use helmwatch_protocol::{ApprovalId, GrantId, GrantView, SessionId};

use crate::auth::{KeyId, Tenant};
use crate::policy::RuleMark;

/// One grant with its life so far. All times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    pub id: GrantId,
    pub tenant: Tenant,
    pub session: SessionId,
    pub session_name: String,
    pub rule: String,
    /// The rule as it was written; not kept on disk, where no grant outlives its process.
    pub mark: RuleMark,
    pub approval: ApprovalId,
    /// Key of the person who gave it, and its name.
    pub key: KeyId,
    pub by: String,
    pub given_at: u64,
    pub expires_at: u64,
    pub uses: u32,
    pub uses_max: u32,
    pub ended_at: Option<u64>,
    pub end_reason: Option<String>,
}

impl GrantRecord {
    /// Does it let a call through now?
    #[must_use]
    pub fn stands(&self, now_ms: u64) -> bool {
        self.ended_at.is_none() && self.uses < self.uses_max && now_ms < self.expires_at
    }

    /// Why it has ended by itself, when it has.
    #[must_use]
    pub fn is_spent(&self, now_ms: u64) -> Option<&'static str> {
        match self {
            _ if self.ended_at.is_some() => None,
            _ if self.uses >= self.uses_max => Some("all its calls are used"),
            _ if now_ms >= self.expires_at => Some("its time is over"),
            _ => None,
        }
    }

    /// Is it good for a rule of this name and text?
    #[must_use]
    pub fn covers(&self, session: &SessionId, rule: &str, mark: RuleMark) -> bool {
        self.session == *session && self.rule == rule && self.mark == mark
    }

    /// As people see it.
    #[must_use]
    pub fn view(&self) -> GrantView {
        GrantView {
            id: self.id.clone(),
            session: self.session.clone(),
            session_name: self.session_name.clone(),
            rule: self.rule.clone(),
            approval: self.approval.clone(),
            by: self.by.clone(),
            given_at: self.given_at,
            expires_at: self.expires_at,
            uses: self.uses,
            uses_max: self.uses_max,
            ended_at: self.ended_at,
            end_reason: self.end_reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> GrantRecord {
        GrantRecord {
            id: "g_1".parse().unwrap(),
            tenant: Tenant::new("t"),
            session: "s_1".parse().unwrap(),
            session_name: "one".into(),
            rule: "buying".into(),
            mark: RuleMark::default(),
            approval: "a_1".parse().unwrap(),
            key: KeyId::new("k"),
            by: "ann".into(),
            given_at: 1_000,
            expires_at: 61_000,
            uses: 0,
            uses_max: 2,
            ended_at: None,
            end_reason: None,
        }
    }

    #[test]
    fn a_grant_stands_within_its_time_and_its_number() {
        let new = grant();
        assert!(new.stands(1_000) && new.stands(60_999) && new.is_spent(60_999).is_none());
        assert!(!new.stands(61_000));
        assert_eq!(new.is_spent(61_000), Some("its time is over"));
        let used = GrantRecord { uses: 2, ..grant() };
        assert!(!used.stands(1_000));
        assert_eq!(used.is_spent(1_000), Some("all its calls are used"));
        let revoked = GrantRecord { ended_at: Some(2_000), ..grant() };
        assert!(!revoked.stands(1_000));
        assert_eq!(revoked.is_spent(99_000), None, "it ended already");
    }

    #[test]
    fn it_covers_its_rule_in_its_session_and_nothing_else() {
        let one = grant();
        let (here, there) = ("s_1".parse().unwrap(), "s_2".parse().unwrap());
        let policy = crate::policy::Policy::preset(crate::policy::Preset::Careful);
        let other = policy.mark_of("buying").unwrap();
        assert!(one.covers(&here, "buying", RuleMark::default()));
        assert!(!one.covers(&there, "buying", RuleMark::default()));
        assert!(!one.covers(&here, "deleting", RuleMark::default()));
        assert!(!one.covers(&here, "buying", other), "the rule is written otherwise now");
    }
}

//! Whose a session is, and who may do what with it.

use crate::auth::{Caller, KeyId, Scope, Tenant};
use crate::policy::CallerFacts;

/// The key that opened a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    tenant: Tenant,
    key: KeyId,
    name: String,
}

impl Owner {
    /// The caller as an owner.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        Self { tenant: caller.tenant().clone(), key: caller.key().clone(), name: caller.name().to_owned() }
    }

    /// Its tenant.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &KeyId {
        &self.key
    }

    /// The key's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For the policy.
    #[must_use]
    pub fn facts(&self) -> CallerFacts<'_> {
        CallerFacts { tenant: self.tenant.as_str(), key: self.key.as_str(), key_name: &self.name }
    }

    /// May the caller call tools on it? Only the very key that opened it.
    #[must_use]
    pub fn is(&self, caller: &Caller) -> bool {
        self.key == *caller.key() && self.tenant == *caller.tenant()
    }

    /// May the caller see it? Its owner, people of the same tenant with `view`, and admins.
    #[must_use]
    pub fn shown_to(&self, caller: &Caller) -> bool {
        let same = self.tenant == *caller.tenant();
        self.is(caller) || caller.may(Scope::Admin) || (same && caller.may(Scope::View))
    }

    /// May the caller end it? Its owner, people of the same tenant with `control`, and admins; nobody who came by a link.
    #[must_use]
    pub fn ended_by(&self, caller: &Caller) -> bool {
        if caller.only().is_some() {
            return false;
        }
        let same = self.tenant == *caller.tenant();
        self.is(caller) || caller.may(Scope::Admin) || (same && caller.may(Scope::Control))
    }
}

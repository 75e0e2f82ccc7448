//! Who stands behind a request, once checked.

use std::fmt;
use std::sync::Arc;

use helmwatch_protocol::SessionId;

use super::{Scope, Scopes};

/// Whose sessions these are. A tenant never sees another's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// The tenant of a service that has only one.
    pub const DEFAULT: &'static str = "default";

    /// Nobody's: no key can be made for it, so nothing is ever its.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new("")
    }

    /// A tenant by its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which key it was: the public part, fit for logs and audit lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// An id by its text.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key asks for where neither URL nor call says otherwise. Words of the agents' edge, which checks them when the key is
/// made; this room only carries them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyTerms {
    /// As in `vision,storage`.
    pub caps: Option<String>,
    /// As in `diff`.
    pub snapshot: Option<String>,
    pub max_tokens: Option<u32>,
    /// May this key's own client answer for its calls that wait for approval? That proves no person, so it is off unless asked for.
    pub may_elicit: bool,
}

/// A checked caller. Only this room makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    key: KeyId,
    name: Arc<str>,
    tenant: Tenant,
    scopes: Scopes,
    terms: Arc<KeyTerms>,
    /// The one session it may see; `None`: all its key gives it.
    only: Option<SessionId>,
}

impl Caller {
    pub(super) fn new(key: KeyId, name: &str, tenant: Tenant, scopes: Scopes) -> Self {
        Self { key, name: name.into(), tenant, scopes, terms: Arc::default(), only: None }
    }

    pub(super) fn with_terms(self, terms: &KeyTerms) -> Self {
        Self { terms: Arc::new(terms.clone()), ..self }
    }

    pub(super) fn bound_to(self, session: SessionId) -> Self {
        Self { only: Some(session), ..self }
    }

    /// A caller for tests of the rooms that are handed one.
    #[cfg(test)]
    pub(crate) fn for_tests(key: &str, tenant: &str, scopes: Scopes) -> Self {
        Self::new(KeyId::new(key), key, Tenant::new(tenant), scopes)
    }

    /// The key's public id.
    #[must_use]
    pub fn key(&self) -> &KeyId {
        &self.key
    }

    /// The key's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// What its key asks for where nothing else says otherwise.
    #[must_use]
    pub fn terms(&self) -> &KeyTerms {
        &self.terms
    }

    /// The one session it was let in for, when it came by a link. It sees no other, no list, and no approval.
    #[must_use]
    pub fn only(&self) -> Option<&SessionId> {
        self.only.as_ref()
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// May this caller do what `scope` stands for?
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// The same key with the scope `agent` alone: for a program that acts under a person's key.
    #[must_use]
    pub fn as_agent(&self) -> Self {
        Self { scopes: Scopes::default().with(Scope::Agent), ..self.clone() }
    }

    /// The person this caller is, when it may decide approvals; `None` for every other caller, above all for agents.
    #[must_use]
    pub fn human(&self) -> Option<Human> {
        (self.only.is_none() && self.may(Scope::Approve)).then(|| Human { caller: self.clone() })
    }

    /// The client that calls with this key, where the key was made so that it may answer for the key's own held calls. No person is
    /// proved by it.
    #[must_use]
    pub fn own_client(&self) -> Option<OwnClient> {
        self.terms.may_elicit.then(|| OwnClient { caller: self.clone() })
    }
}

/// Proof that a key's own client may answer for this key's held calls. There is no other way to make one than [`Caller::own_client`].
#[derive(Debug, Clone)]
pub struct OwnClient {
    caller: Caller,
}

impl OwnClient {
    /// Whose held calls may be decided this way: this very key's.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Proof that a caller may decide approvals. There is no other way to make one than [`Caller::human`].
#[derive(Debug, Clone)]
pub struct Human {
    caller: Caller,
}

impl Human {
    /// Whose approvals may be decided: those of this caller's tenant, or all for `admin`.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

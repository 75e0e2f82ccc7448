//! Whose cards a caller may see.

use crate::auth::{Caller, Scope, Tenant};

/// One tenant's cards, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    All,
    Tenant(Tenant),
}

impl Reach {
    /// A caller sees its tenant's; `admin` sees all; who came by a link sees none.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        if caller.only().is_some() {
            return Self::Tenant(Tenant::nobody());
        }
        if caller.may(Scope::Admin) { Self::All } else { Self::Tenant(caller.tenant().clone()) }
    }

    /// Is it within?
    #[must_use]
    pub fn covers(&self, tenant: &Tenant) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(own) => own == tenant,
        }
    }
}

//! The policy that holds now.

use std::sync::{Arc, PoisonError, RwLock};

use super::Policy;

/// Holds one policy, always: a new one takes the place of the former in one step, and nothing ever leaves the place empty.
#[derive(Debug)]
pub struct Current {
    policy: RwLock<Arc<Policy>>,
}

impl Current {
    /// With this one to begin with.
    #[must_use]
    pub fn new(policy: Policy) -> Arc<Self> {
        Arc::new(Self { policy: RwLock::new(Arc::new(policy)) })
    }

    /// The one that holds now. A call that has it decides by it to its end.
    #[must_use]
    pub fn get(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls that come from now on are judged by this one.
    pub fn set(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }
}

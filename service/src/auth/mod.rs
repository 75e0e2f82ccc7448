//! Who is asking. Keys, scopes and tenants, logins of people, and the [`Human`] value that alone can decide an approval.
//!
//! This room must never hand out a [`Human`] for anything but a key or login with the `approve` scope.

mod caller;
mod scope;

pub use caller::{Caller, Human, KeyId, Tenant};
pub use scope::{Scope, Scopes};

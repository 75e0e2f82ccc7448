//! Who is asking. Keys, scopes and tenants, logins of people, and the [`Human`] value that alone can decide an approval.
//!
//! This room must never hand out a [`Human`] for anything but a key or login with the `approve` scope, never keep a secret (only its
//! hash), and never print one (they have no `Display`, and their `Debug` is blank).

mod attempts;
mod authenticator;
mod caller;
mod error;
mod first;
mod kept;
mod key;
mod keyring;
mod link;
mod login;
mod scope;

pub use crate::telemetry::WallClock;
pub use authenticator::{Authenticator, Login};
pub use caller::{Caller, Human, KeyId, KeyTerms, OwnClient, Tenant};
pub use error::{AuthError, KeyError, LinkError, LinkRefusal, link_over};
pub use first::{FirstKeys, first_keys};
pub use kept::{Kept, NotKept, NotKeptReason};
pub use key::{KeyInfo, KeyRecord, NewKey, Secret};
pub use keyring::{KeyStore, Keyring};
pub use link::{LinkLimits, Links, Looking, NewLink};
pub use scope::{Scope, Scopes};

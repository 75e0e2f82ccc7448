//! A key: what is handed out once, and what is kept of it.
//!
//! Text: `hw_<id>_<secret>`; the id is public, the secret is 256 random bits in base64url. Kept is only SHA-256 of the whole
//! text: with that much randomness a slow hash would add nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{KeyId, KeyTerms, Scopes, Tenant};

/// Longest text that is looked at as a key, code or cookie, in bytes. Ours have 30 to 60; a configured one may be longer.
pub(super) const SECRET_BYTES_MAX: usize = 512;

/// Something that lets its bearer in. Shown once, never kept, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    /// A new random text of 256 bits.
    pub(super) fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The text itself, for the one place that must show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SecretHash(pub(super) [u8; 32]);

impl SecretHash {
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Compares in constant time.
    pub(super) fn is(&self, other: &[u8; 32]) -> bool {
        self.0.ct_eq(other).into()
    }
}

/// A key, as people see it. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    pub id: KeyId,
    pub name: String,
    pub tenant: Tenant,
    pub scopes: Scopes,
    pub terms: KeyTerms,
    pub created_at: u64,
    pub expires_at: Option<u64>,
    pub revoked_at: Option<u64>,
}

/// A key, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub info: KeyInfo,
    /// SHA-256 of the key's text.
    pub hash: [u8; 32],
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRecord").field("info", &self.info).finish_non_exhaustive()
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// For people: who uses it.
    pub name: String,
    pub tenant: Tenant,
    pub scopes: Scopes,
    pub terms: KeyTerms,
    /// Milliseconds since the Unix epoch; `None`: never.
    pub expires_at: Option<u64>,
}

/// A new key's id and text.
pub(super) fn new_key_text() -> (KeyId, Secret) {
    let id: String = rand::random::<[u8; 6]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("hw_{id}_{}", Secret::random().expose());
    (KeyId::new(&id), Secret::new(text))
}

/// The id in a key's text.
pub(super) fn id_in(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix("hw_")?.split_once('_')?;
    (!id.is_empty() && !secret.is_empty()).then_some(id)
}

//! All keys, in memory as they are in the store.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::key::{SECRET_BYTES_MAX, SecretHash, id_in, new_key_text};
use super::{
    AuthError, Caller, Kept, KeyError, KeyId, KeyInfo, KeyRecord, KeyTerms, NewKey, NotKept, Scope, Scopes, Secret,
    Tenant, WallClock,
};

/// Most keys, revoked ones included.
const KEYS_MAX: usize = 10_000;
/// Another process (`helmwatch keys revoke`) changes keys behind our back: so old may our copy be when it is used.
const FRESH_FOR: Duration = Duration::from_millis(200);
/// Shortest admin key taken from the configuration, in characters.
const ADMIN_KEY_CHARS_MIN: usize = 20;

/// Keeps keys. What it answers `Ok` to is on disk.
pub trait KeyStore: Send + Sync + 'static {
    fn all(&self) -> Kept<'_, Vec<KeyRecord>>;
    /// All of them or none.
    fn insert<'a>(&'a self, keys: &'a [KeyRecord]) -> Kept<'a, ()>;
    /// False when there is no such key. Revoking twice keeps the first time.
    fn revoke<'a>(&'a self, id: &'a KeyId, at: u64) -> Kept<'a, bool>;
    /// Changes with every change to any key, by whichever process.
    fn generation(&self) -> Kept<'_, i64>;
}

/// The keys. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn KeyStore>,
    clock: WallClock,
    /// Held for a few lines only, never over an await.
    copy: Mutex<Mirror>,
    /// Whoever holds it looks into the store; the others wait for what that one finds. `Some`: when the last look that failed began, and why.
    looking: tokio::sync::Mutex<Option<(Instant, NotKept)>>,
    /// Counts up when a key may have stopped being good.
    revoked: watch::Sender<u64>,
}

struct Mirror {
    keys: HashMap<KeyId, KeyRecord>,
    generation: i64,
    read_at: Instant,
}

impl Keyring {
    /// The id of the key that comes from the configuration.
    pub const CONFIGURED_ADMIN: &'static str = "configured";

    /// Reads all keys. `admin_key` is one more, from the configuration: never stored, `admin` of the default tenant.
    ///
    /// # Errors
    /// [`KeyError`]: the store cannot be read, or the configured key is too short to be one.
    pub async fn open(store: Arc<dyn KeyStore>, admin_key: Option<&str>, clock: WallClock) -> Result<Self, KeyError> {
        let configured = admin_key.map(|text| configured_admin(text, clock.now_ms())).transpose()?;
        let mut copy = Mirror { keys: HashMap::new(), generation: i64::MIN, read_at: Instant::now() };
        copy.keys.extend(configured.map(|key| (key.info.id.clone(), key)));
        let (copy, looking, revoked) = (Mutex::new(copy), tokio::sync::Mutex::default(), watch::Sender::new(0));
        let ring = Self { inner: Arc::new(Inner { store, clock, copy, looking, revoked }) };
        ring.refresh().await.map_err(KeyError::NotKept)?;
        Ok(ring)
    }

    /// Makes a key; its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`KeyError`]; no key was made then.
    pub async fn create(&self, new: NewKey) -> Result<(KeyInfo, Secret), KeyError> {
        let (id, secret) = new_key_text();
        let record = self.record(new, id, &secret)?;
        self.add(vec![record.clone()]).await?;
        Ok((record.info, secret))
    }

    pub(super) fn record(&self, new: NewKey, id: KeyId, secret: &Secret) -> Result<KeyRecord, KeyError> {
        let plain = |text: &str| (1..=100).contains(&text.chars().count()) && !text.contains(char::is_control);
        if !plain(new.name.trim()) || !plain(new.tenant.as_str()) {
            return Err(KeyError::BadName);
        }
        if new.scopes == Scopes::default() {
            return Err(KeyError::NoScope);
        }
        let created_at = self.inner.clock.now_ms();
        if new.expires_at.is_some_and(|at| at <= created_at) {
            return Err(KeyError::AlreadyExpired);
        }
        let info = KeyInfo {
            id,
            name: new.name.trim().to_owned(),
            tenant: new.tenant,
            scopes: new.scopes,
            terms: new.terms,
            created_at,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        Ok(KeyRecord { info, hash: SecretHash::of(secret.expose()).0 })
    }

    pub(super) async fn add(&self, records: Vec<KeyRecord>) -> Result<(), KeyError> {
        if self.copy().keys.len() + records.len() > KEYS_MAX {
            return Err(KeyError::Full { count_max: KEYS_MAX });
        }
        self.inner.store.insert(&records).await.map_err(KeyError::NotKept)?;
        self.copy().keys.extend(records.into_iter().map(|record| (record.info.id.clone(), record)));
        Ok(())
    }

    /// All keys but the configured one, revoked ones included, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<KeyInfo> {
        let stored = |key: &&KeyRecord| key.info.id.as_str() != Self::CONFIGURED_ADMIN;
        let mut keys: Vec<KeyInfo> = self.copy().keys.values().filter(stored).map(|key| key.info.clone()).collect();
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        keys
    }

    /// Is there a key at all that would let somebody in now?
    #[must_use]
    pub fn has_keys(&self) -> bool {
        let now = self.inner.clock.expiry_ms();
        self.copy().keys.values().any(|key| usable(&key.info, now).is_ok())
    }

    /// Revokes a key: in this process from now on, in others within 200 ms.
    ///
    /// # Errors
    /// [`KeyError`]: unknown, or not stored (then it still holds).
    pub async fn revoke(&self, id: &KeyId) -> Result<(), KeyError> {
        let at = self.inner.clock.now_ms();
        let found = self.inner.store.revoke(id, at).await.map_err(KeyError::NotKept)?;
        if !found {
            return Err(KeyError::NotFound { id: id.to_string() });
        }
        if let Some(key) = self.copy().keys.get_mut(id) {
            key.info.revoked_at.get_or_insert(at);
        }
        self.inner.revoked.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Changes when a key may have stopped being good: whoever holds a caller for long then asks [`Keyring::caller_of`] again.
    #[must_use]
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.inner.revoked.subscribe()
    }

    /// The caller of a key that is good now. From memory.
    ///
    /// # Errors
    /// [`AuthError`]: unknown, revoked, expired.
    pub fn caller_of(&self, id: &KeyId) -> Result<Caller, AuthError> {
        let now = self.inner.clock.expiry_ms();
        let copy = self.copy();
        let key = copy.keys.get(id).ok_or(AuthError::Unknown)?;
        usable(&key.info, now)?;
        let info = &key.info;
        Ok(Caller::new(info.id.clone(), &info.name, info.tenant.clone(), info.scopes).with_terms(&info.terms))
    }

    /// The caller a key's text lets in.
    pub(super) async fn check(&self, text: &str) -> Result<Caller, AuthError> {
        self.keep_fresh().await.map_err(AuthError::Unavailable)?;
        if text.len() > SECRET_BYTES_MAX {
            return Err(AuthError::Unknown);
        }
        let hash = SecretHash::of(text);
        let configured = KeyId::new(Self::CONFIGURED_ADMIN);
        let named = id_in(text).filter(|id| *id != Self::CONFIGURED_ADMIN).map(KeyId::new);
        let found = {
            let copy = self.copy();
            let fits = |id: &KeyId| copy.keys.get(id).is_some_and(|key| hash.is(&key.hash));
            // The configured key may look like anything, also like one of ours.
            named.filter(&fits).or_else(|| fits(&configured).then_some(configured))
        };
        self.caller_of(&found.ok_or(AuthError::Unknown)?)
    }

    /// Reads the keys again if the copy is old and they have changed. Nobody is let in on a copy that could not be checked.
    ///
    /// One look at a time, shared by all who come meanwhile: a thousand callers of one tenant would each look else, and take the store's
    /// few readers from everybody. A caller waits for two looks at most, one that began before it came and one after.
    pub(super) async fn keep_fresh(&self) -> Result<(), NotKept> {
        if self.is_fresh() {
            return Ok(());
        }
        let came = Instant::now();
        let mut failed = self.inner.looking.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        if let Some((began, why)) = &*failed
            && *began >= came
        {
            return Err(why.clone());
        }
        let began = Instant::now();
        let looked = self.refresh().await;
        *failed = looked.clone().err().map(|why| (began, why));
        looked
    }

    fn is_fresh(&self) -> bool {
        self.copy().read_at.elapsed() < FRESH_FOR
    }

    async fn refresh(&self) -> Result<(), NotKept> {
        let asked_at = Instant::now();
        let generation = self.inner.store.generation().await?;
        if self.copy().generation == generation {
            self.copy().read_at = asked_at;
            return Ok(());
        }
        let keys = self.inner.store.all().await?;
        {
            let mut copy = self.copy();
            let configured = copy.keys.remove(&KeyId::new(Self::CONFIGURED_ADMIN));
            let mut fresh: HashMap<KeyId, KeyRecord> = keys.into_iter().map(|key| (key.info.id.clone(), key)).collect();
            // What this process revoked while the list was being read stays revoked.
            for (id, key) in &mut fresh {
                let ours = copy.keys.get(id).and_then(|old| old.info.revoked_at);
                key.info.revoked_at = key.info.revoked_at.or(ours);
            }
            fresh.extend(configured.map(|key| (key.info.id.clone(), key)));
            copy.keys = fresh;
            copy.generation = generation;
            copy.read_at = asked_at;
        }
        self.inner.revoked.send_modify(|count| *count += 1);
        Ok(())
    }

    fn copy(&self) -> MutexGuard<'_, Mirror> {
        self.inner.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usable(key: &KeyInfo, now: u64) -> Result<(), AuthError> {
    if key.revoked_at.is_some() {
        return Err(AuthError::Revoked);
    }
    if key.expires_at.is_some_and(|at| now >= at) {
        return Err(AuthError::Expired);
    }
    Ok(())
}

fn configured_admin(text: &str, now: u64) -> Result<KeyRecord, KeyError> {
    let length = text.chars().count();
    if length < ADMIN_KEY_CHARS_MIN {
        return Err(KeyError::AdminKeyTooShort { length, least: ADMIN_KEY_CHARS_MIN });
    }
    let info = KeyInfo {
        id: KeyId::new(Keyring::CONFIGURED_ADMIN),
        name: "admin".to_owned(),
        tenant: Tenant::new(Tenant::DEFAULT),
        scopes: Scopes::default().with(Scope::Admin),
        terms: KeyTerms::default(),
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    Ok(KeyRecord { info, hash: SecretHash::of(text).0 })
}

//! The door: a key, a cookie or a one-time code comes in, a [`Caller`] goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::attempts::Attempts;
use super::login::Passes;
use super::{AuthError, Caller, Keyring, Secret};

/// A code is printed at start and used at once; one that lies around is no use.
const CODE_GOOD_FOR: Duration = Duration::from_secs(10 * 60);
const CODES_MAX: usize = 64;
/// A working day.
const COOKIE_GOOD_FOR: Duration = Duration::from_secs(12 * 60 * 60);
const COOKIES_MAX: usize = 1_000;
/// How often [`Authenticator::watch_keys`] looks for keys that another process revoked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A person who has just logged in.
#[derive(Debug)]
pub struct Login {
    pub caller: Caller,
    /// For the cookie; to be set `HttpOnly`, `SameSite=Strict`.
    pub cookie: Secret,
    /// For the cookie's `Max-Age`.
    pub good_for: Duration,
}

/// Recognises callers. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator {
    ring: Keyring,
    door: Arc<Mutex<Door>>,
}

struct Door {
    codes: Passes,
    cookies: Passes,
    /// Apart, so that a flood of wrong keys locks nobody out of logging in.
    wrong_keys: Attempts,
    wrong_codes: Attempts,
}

impl Authenticator {
    #[must_use]
    pub fn new(ring: Keyring) -> Self {
        let now = Instant::now();
        let door = Door {
            codes: Passes::new(CODES_MAX, CODE_GOOD_FOR),
            cookies: Passes::new(COOKIES_MAX, COOKIE_GOOD_FOR),
            wrong_keys: Attempts::new(now),
            wrong_codes: Attempts::new(now),
        };
        Self { ring, door: Arc::new(Mutex::new(door)) }
    }

    /// The keys behind the door.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.ring
    }

    /// By `Authorization: Bearer KEY` (without the word `Bearer`). A right key always passes; wrong ones are counted.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn by_bearer(&self, key: &str) -> Result<Caller, AuthError> {
        let caller = self.ring.check(key.trim()).await;
        if caller == Err(AuthError::Unknown) {
            let now = Instant::now();
            return self.at_door(|door| {
                let checked = door.wrong_keys.check(now);
                door.wrong_keys.wrong(now);
                checked.map_err(|retry_after| AuthError::TooMany { retry_after })?;
                Err(AuthError::Unknown)
            });
        }
        caller
    }

    /// By a login's cookie. Ends with the key it was made with.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn by_cookie(&self, cookie: &str) -> Result<Caller, AuthError> {
        let key = self.at_door(|door| door.cookies.look_up(cookie, Instant::now()).cloned());
        let key = key.ok_or(AuthError::Unknown)?;
        self.ring.keep_fresh().await.map_err(AuthError::Unavailable)?;
        self.ring.caller_of(&key)
    }

    /// Logs in with a one-time code; it is used up by this.
    ///
    /// # Errors
    /// [`AuthError`]; after many wrong codes also right ones have to wait.
    pub async fn by_code(&self, code: &str) -> Result<Login, AuthError> {
        self.ring.keep_fresh().await.map_err(AuthError::Unavailable)?;
        let now = Instant::now();
        let key = self.at_door(|door| {
            door.wrong_codes.check(now).map_err(|retry_after| AuthError::TooMany { retry_after })?;
            door.codes.take(code.trim(), now).ok_or_else(|| {
                door.wrong_codes.wrong(now);
                AuthError::Unknown
            })
        })?;
        self.ring.caller_of(&key).map(|caller| self.admit(caller))
    }

    /// Logs in with a key.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn by_key(&self, key: &str) -> Result<Login, AuthError> {
        self.by_bearer(key).await.map(|caller| self.admit(caller))
    }

    /// A one-time code that logs in as this caller, good for ten minutes.
    #[must_use]
    pub fn issue_code(&self, caller: &Caller) -> Secret {
        self.at_door(|door| door.codes.issue(caller.key().clone(), Instant::now()))
    }

    /// Ends a login.
    pub fn log_out(&self, cookie: &str) {
        self.at_door(|door| drop(door.cookies.take(cookie, Instant::now())));
    }

    /// Is this caller, recognised a while ago, still good? From memory; for whoever holds a socket open.
    #[must_use]
    pub fn still(&self, caller: &Caller) -> bool {
        self.ring.caller_of(caller.key()).is_ok_and(|now| now == *caller)
    }

    /// Keeps an eye on keys that another process revokes, so that open sockets hear of it
    /// ([`Keyring::revocations`]). Never ends: to be run in a task that is cancelled with the service.
    pub async fn watch_keys(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(why) = self.ring.keep_fresh().await {
                tracing::warn!(error = %why, hint = why.hint(), "keys could not be read again");
            }
        }
    }

    fn admit(&self, caller: Caller) -> Login {
        let (cookie, good_for) = self.at_door(|door| {
            let cookie = door.cookies.issue(caller.key().clone(), Instant::now());
            (cookie, door.cookies.good_for())
        });
        Login { caller, cookie, good_for }
    }

    fn at_door<T>(&self, act: impl FnOnce(&mut Door) -> T) -> T {
        act(&mut self.door.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

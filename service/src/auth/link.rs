//! Links: somebody without a key is let look at one session, for a time.
//!
//! A link is a random secret of 256 bits, kept as its hash and in memory, like the cookies of people: sessions end with the process, and
//! a link never outlives its session. What a link's holder becomes is a [`Caller`] that is bound to that session ([`Caller::only`])
//! and has `view`, or `view` and `control`, whatever its maker may do. A link is good only as long as its maker's key is, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use helmwatch_protocol::{LinkAccess, LinkId, LinkState, LinkView, SessionId};
use tokio::sync::watch;
use tokio::time::Instant;

use super::attempts::Attempts;
use super::key::{SECRET_BYTES_MAX, SecretHash};
use super::{Caller, KeyId, Keyring, LinkError, LinkRefusal, Scope, Scopes, Secret, Tenant, WallClock};

/// What every link's secret begins with: so it is never taken for a key.
const PREFIX: &str = "hwlink_";
/// Ended links of one session that are remembered, to say why they open nothing any more: as many as there may be good ones, so
/// often.
const ENDED_TO_GOOD: usize = 4;
/// Refused uses of one link that are worth telling; somebody who keeps trying fills no log.
const REFUSALS_TOLD_MAX: u32 = 8;
const NAME_CHARS_MAX: usize = 60;
/// How often a maker's key is looked at that may have expired without anybody revoking it.
const KEY_LOOK: Duration = Duration::from_secs(30);

/// How many links, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct LinkLimits {
    /// Good ones of one session; 0: no links are made.
    pub per_session_max: usize,
    pub ttl_max: Duration,
}

/// What is wanted of a new link.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub access: LinkAccess,
    pub ttl: Duration,
    pub name: Option<String>,
}

/// All links. Cheap to clone.
#[derive(Clone)]
pub struct Links {
    inner: Arc<Inner>,
}

struct Inner {
    ring: Keyring,
    limits: LinkLimits,
    clock: WallClock,
    book: Mutex<Book>,
    /// Counts up when a link may have stopped being good.
    changed: watch::Sender<u64>,
}

struct Book {
    /// Bounded: by the sessions that are open, and for each by its limit.
    links: HashMap<LinkId, Link>,
    wrong: Attempts,
}

struct Link {
    session: SessionId,
    tenant: Tenant,
    hash: [u8; 32],
    access: LinkAccess,
    name: String,
    maker: KeyId,
    made_by: String,
    made_at: u64,
    expires_at: u64,
    /// Monotonic: a clock that is set back gives a link no more time.
    ends_at: Instant,
    /// By [`WallClock::expiry_ms`]: nor does a machine that sleeps.
    over_ms: u64,
    revoked: bool,
    used_at: Option<u64>,
    viewers: u32,
    refusals: u32,
}

impl Links {
    #[must_use]
    pub fn new(ring: Keyring, limits: LinkLimits, clock: WallClock) -> Self {
        let book = Book { links: HashMap::new(), wrong: Attempts::new(Instant::now()) };
        let inner = Inner { ring, limits, clock, book: Mutex::new(book), changed: watch::Sender::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// May this caller give away such access? Only what it has itself, only with a key or login of its own, and never with
    /// `agent` alone: an agent must not let itself in.
    #[must_use]
    pub fn may_give(maker: &Caller, access: LinkAccess) -> bool {
        maker.only().is_none() && needed(access).iter().all(|scope| maker.may(*scope))
    }

    /// Makes a link to a session of this tenant that `maker` may see; its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`LinkError`]; no link was made then.
    pub fn make(
        &self,
        maker: &Caller,
        session: &SessionId,
        tenant: &Tenant,
        wanted: &NewLink,
    ) -> Result<(LinkView, Secret), LinkError> {
        let limits = self.inner.limits;
        if !Self::may_give(maker, wanted.access) {
            return Err(LinkError::NotYours);
        }
        if wanted.ttl < Duration::from_secs(1) || wanted.ttl > limits.ttl_max {
            return Err(LinkError::BadTime { seconds_max: limits.ttl_max.as_secs() });
        }
        let name = wanted.name.as_deref().unwrap_or("guest").trim();
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.contains(char::is_control) {
            return Err(LinkError::BadName);
        }
        let (now, made_at) = (Instant::now(), self.inner.clock.now_ms());
        let ttl_ms = u64::try_from(wanted.ttl.as_millis()).unwrap_or(u64::MAX);
        let id = fresh_id();
        let secret =
            Secret::new(format!("{PREFIX}{}_{}", &id.as_str()[LinkId::PREFIX.len()..], Secret::random().expose()));
        let link = Link {
            session: session.clone(),
            tenant: tenant.clone(),
            hash: SecretHash::of(secret.expose()).0,
            access: wanted.access,
            name: name.to_owned(),
            maker: maker.key().clone(),
            made_by: maker.name().to_owned(),
            made_at,
            expires_at: made_at.saturating_add(ttl_ms),
            ends_at: now + wanted.ttl,
            over_ms: self.inner.clock.expiry_ms().saturating_add(ttl_ms),
            revoked: false,
            used_at: None,
            viewers: 0,
            refusals: 0,
        };
        let mut book = self.book();
        let mut here: Vec<(LinkId, u64, bool)> = book
            .links
            .iter()
            .filter(|(_, link)| link.session == *session)
            .map(|(id, link)| (id.clone(), link.made_at, self.state_of(link, now) == LinkState::Good))
            .collect();
        if here.iter().filter(|(_, _, good)| *good).count() >= limits.per_session_max {
            return Err(LinkError::Full { count_max: limits.per_session_max });
        }
        here.retain(|(_, _, good)| !good);
        here.sort_by_key(|(_, made_at, _)| *made_at);
        let too_many = here.len().saturating_sub(limits.per_session_max * ENDED_TO_GOOD);
        for (id, ..) in here.iter().take(too_many) {
            book.links.remove(id);
        }
        let view = self.view(&id, &link, now);
        book.links.insert(id, link);
        Ok((view, secret))
    }

    /// The links of a session, newest first; ended ones too, as far as they are remembered.
    #[must_use]
    pub fn of(&self, session: &SessionId) -> Vec<LinkView> {
        let (book, now) = (self.book(), Instant::now());
        let here = book.links.iter().filter(|(_, link)| link.session == *session);
        let mut views: Vec<_> = here.map(|(id, link)| self.view(id, link, now)).collect();
        views.sort_by(|a, b| b.made_at.cmp(&a.made_at).then_with(|| a.id.cmp(&b.id)));
        views
    }

    /// One link.
    #[must_use]
    pub fn get(&self, id: &LinkId) -> Option<LinkView> {
        self.book().links.get(id).map(|link| self.view(id, link, Instant::now()))
    }

    /// Ends a link: whoever looks through it is put out. Nothing happens to one that has ended.
    pub fn revoke(&self, id: &LinkId) {
        if let Some(link) = self.book().links.get_mut(id) {
            link.revoked |= self.state_of(link, Instant::now()) == LinkState::Good;
        }
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// A session is over, and its links with it.
    pub fn forget(&self, session: &SessionId) {
        self.book().links.retain(|_, link| link.session != *session);
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// Forgets the links of all sessions but these.
    pub fn keep_only(&self, open: &[SessionId]) {
        self.book().links.retain(|_, link| open.contains(&link.session));
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// Does this look like a link's secret, good or not?
    #[must_use]
    pub fn is_token(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Who holds this secret: bound to its session.
    ///
    /// # Errors
    /// [`LinkRefusal`]; unknown, forged and cut secrets read the same.
    pub async fn open(&self, token: &str) -> Result<(Caller, LinkView), LinkRefusal> {
        // The maker's key may have been revoked by another process.
        self.inner.ring.keep_fresh().await.map_err(LinkRefusal::Unavailable)?;
        let now = Instant::now();
        let mut book = self.book();
        let found =
            id_in(token).filter(|id| book.links.get(id).is_some_and(|link| SecretHash::of(token).is(&link.hash)));
        let Some(id) = found else {
            let checked = book.wrong.check(now);
            book.wrong.wrong(now);
            checked.map_err(|retry_after| LinkRefusal::TooMany { retry_after })?;
            return Err(LinkRefusal::Unknown);
        };
        let at = self.inner.clock.now_ms();
        let Some(link) = book.links.get_mut(&id) else { return Err(LinkRefusal::Unknown) };
        let state = self.state_of(link, now);
        if state != LinkState::Good {
            link.refusals = link.refusals.saturating_add(1);
            let worth_telling = link.refusals <= REFUSALS_TOLD_MAX;
            let (tenant, view) = (link.tenant.clone(), self.view(&id, link, now));
            return Err(LinkRefusal::Over { link: Box::new(view), tenant, worth_telling });
        }
        link.used_at = Some(at);
        let scopes = needed(link.access).iter().copied().collect::<Scopes>();
        let caller =
            Caller::new(KeyId::new(id.as_str()), &format!("{} (link)", link.name), link.tenant.clone(), scopes);
        let view = self.view(&id, link, now);
        Ok((caller.bound_to(link.session.clone()), view))
    }

    /// Counts somebody who looks through it, until what it answers is dropped.
    #[must_use]
    pub fn looking(&self, id: &LinkId) -> Looking {
        if let Some(link) = self.book().links.get_mut(id) {
            link.viewers += 1;
        }
        Looking { links: self.clone(), id: id.clone() }
    }

    /// Returns when a link is no longer good, and how it ended; `None` when its session is over. Can be dropped at any time.
    pub async fn over(&self, id: &LinkId) -> Option<LinkState> {
        let (mut changed, mut revoked) = (self.inner.changed.subscribe(), self.inner.ring.revocations());
        loop {
            let ends_at = {
                let (book, now) = (self.book(), Instant::now());
                let link = book.links.get(id)?;
                match self.state_of(link, now) {
                    LinkState::Good => link.ends_at,
                    ended => return Some(ended),
                }
            };
            tokio::select! {
                // Both senders live as long as this.
                _ = changed.changed() => {}
                _ = revoked.changed() => {}
                () = tokio::time::sleep_until(ends_at) => {}
                () = tokio::time::sleep(KEY_LOOK) => {}
            }
        }
    }

    fn state_of(&self, link: &Link, now: Instant) -> LinkState {
        if link.revoked {
            return LinkState::Revoked;
        }
        if now >= link.ends_at || self.inner.clock.expiry_ms() >= link.over_ms {
            return LinkState::Expired;
        }
        let maker = self.inner.ring.caller_of(&link.maker);
        let still_may = maker.is_ok_and(|maker| Self::may_give(&maker, link.access));
        if still_may { LinkState::Good } else { LinkState::MakerGone }
    }

    fn view(&self, id: &LinkId, link: &Link, now: Instant) -> LinkView {
        LinkView {
            id: id.clone(),
            session: link.session.clone(),
            name: link.name.clone(),
            access: link.access,
            state: self.state_of(link, now),
            made_by: link.made_by.clone(),
            made_at: link.made_at,
            expires_at: link.expires_at,
            used_at: link.used_at,
            viewers: link.viewers,
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.inner.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks through a link.
pub struct Looking {
    links: Links,
    id: LinkId,
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(link) = self.links.book().links.get_mut(&self.id) {
            link.viewers = link.viewers.saturating_sub(1);
        }
    }
}

/// What a link's maker must have, and its holder gets.
const fn needed(access: LinkAccess) -> &'static [Scope] {
    match access {
        LinkAccess::View => &[Scope::View],
        LinkAccess::Control => &[Scope::View, Scope::Control],
    }
}

fn fresh_id() -> LinkId {
    let random: String = rand::random::<[u8; 8]>().iter().map(|byte| format!("{byte:02x}")).collect();
    LinkId::from_random(&random).expect("letters and digits make an id")
}

/// The id in a secret's text.
fn id_in(token: &str) -> Option<LinkId> {
    if token.len() > SECRET_BYTES_MAX {
        return None;
    }
    let (id, _) = token.strip_prefix(PREFIX)?.split_once('_')?;
    LinkId::from_random(id).ok()
}

#[cfg(test)]
mod tests;

//! Who has a place, who waits, and who is next: the rules of the waiting room.
//!
//! Pure: no clock, no lock, no await. Whoever may be called comes back from [`Line::give`], and the room calls them. These hold after
//! each step, and the simulation in `line/tests.rs` holds the code to them:
//! - no more places are out than the limit, but for what was out when it was lowered (a debt that is paid before anybody is served);
//! - nobody who may be served waits while a place is free;
//! - free places go round the tenants that wait, each tenant's callers in their order;
//! - a full room turns away the newest caller of the tenant that fills it, not the first of another.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::lives::Lives;

/// The limits that move while it runs. A share of 0 is none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Places.
    pub sessions: u32,
    /// Callers that may wait.
    pub waiting: u32,
    /// Places of one tenant.
    pub sessions_per_tenant: u32,
    /// Callers of one tenant that may wait.
    pub waiting_per_tenant: u32,
}

/// Numbers callers in the order they came.
pub(super) type Ticket = u64;

/// What a caller is told at the door. `C` is how one who waits is called.
#[derive(Debug)]
pub(super) enum Entry<C> {
    /// A place, counted as in use from now on.
    Now,
    /// It stands in line. Of a full room somebody else had to go, and is to be told of it.
    Waits { ticket: Ticket, turned_away: Option<(C, Full)> },
    /// It may not wait.
    Full(Full),
    /// Nobody may enter any more.
    Closed,
}

/// Why somebody may not wait, with what is needed to say when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full {
    /// Its own tenant takes up all it may have, as against the whole room being full.
    pub by_tenant: bool,
    /// Places in use: of all, or of the tenant.
    pub sessions: u32,
    /// Callers waiting: of all, or of the tenant.
    pub waiting: u32,
    /// When those who wait now are likely to have been served.
    pub retry_after: Duration,
}

/// The line.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Line<C> {
    limits: Limits,
    closed: bool,
    in_use: u32,
    waiting: u32,
    next_ticket: Ticket,
    /// Tenants with somebody waiting, in the order they are served next; one at its share keeps its turn.
    turn: VecDeque<Arc<str>>,
    /// Tenants with a place or somebody waiting, so as many as `in_use` and `waiting` at most.
    tenants: HashMap<Arc<str>, Tenant<C>>,
    lives: Lives,
}

#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
struct Tenant<C> {
    in_use: u32,
    /// Tickets only grow from front to back.
    queue: VecDeque<(Ticket, C)>,
}

impl<C> Line<C> {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            closed: false,
            in_use: 0,
            waiting: 0,
            next_ticket: 0,
            turn: VecDeque::new(),
            tenants: HashMap::new(),
            lives: Lives::default(),
        }
    }

    /// Somebody of `tenant` comes.
    pub fn enter(&mut self, tenant: &str, call: C) -> Entry<C> {
        if self.closed {
            return Entry::Closed;
        }
        let (held, queued) = self.tenants.get(tenant).map_or((0, 0), |own| (own.in_use, own.waiting()));
        if self.in_use < self.limits.sessions && held < self.sessions_share() && queued == 0 {
            self.tenant(tenant).1.in_use += 1;
            self.in_use += 1;
            return Entry::Now;
        }
        if queued >= share(self.limits.waiting_per_tenant) {
            return Entry::Full(self.tenant_full(tenant));
        }
        let mut turned_away = None;
        if self.waiting >= self.limits.waiting {
            match self.make_room(queued) {
                Some(out) => turned_away = Some(out),
                None => return Entry::Full(self.full()),
            }
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let (name, own) = self.tenant(tenant);
        own.queue.push_back((ticket, call));
        if queued == 0 {
            self.turn.push_back(name);
        }
        Entry::Waits { ticket, turned_away }
    }

    /// Takes those out of the line who have a place now, to be called; their places are counted.
    pub fn give(&mut self) -> Vec<(Arc<str>, C)> {
        let mut called = Vec::new();
        while self.in_use < self.limits.sessions {
            let Some(next) = self.next() else { break };
            called.push(next);
        }
        called
    }

    /// A place of `tenant` comes back after it was held for `life`; [`Self::give`] is next.
    pub fn vacate(&mut self, tenant: &str, life: Duration) {
        self.lives.ended(life);
        self.in_use -= 1;
        if let Some(own) = self.tenants.get_mut(tenant) {
            own.in_use -= 1;
        }
        self.forget(tenant);
    }

    /// A caller stops waiting; nothing when it has been called already.
    pub fn leave(&mut self, tenant: &str, ticket: Ticket) {
        let Some(own) = self.tenants.get_mut(tenant) else { return };
        let Ok(at) = own.queue.binary_search_by_key(&ticket, |(ticket, _)| *ticket) else { return };
        own.queue.remove(at);
        self.waiting -= 1;
        self.forget(tenant);
    }

    /// How many callers are served until this one is, itself counted, if nobody comes or leaves. A tenant at its share waits for its own
    /// places only; tenants at theirs are not counted before others, for they pass only when one of their own comes free.
    pub fn position(&self, tenant: &str, ticket: Ticket) -> Option<usize> {
        let own = self.tenants.get(tenant)?;
        let before = own.queue.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        let share = self.sessions_share();
        if own.in_use >= share {
            return Some(before + 1);
        }
        let turn = self.turn.iter().position(|waiting| &**waiting == tenant)?;
        let others = self.turn.iter().enumerate().filter(|(at, _)| *at != turn).map(|(at, other)| {
            let Some(other) = self.tenants.get(other) else { return 0 };
            let free = share.saturating_sub(other.in_use) as usize;
            other.queue.len().min(before + usize::from(at < turn)).min(free)
        });
        Some(before + others.sum::<usize>() + 1)
    }

    /// When a caller of `tenant` that stands at `position` is likely to have a place.
    pub fn wait_for(&self, tenant: &str, position: usize) -> Duration {
        let own = self.tenants.get(tenant).map_or(0, |own| own.in_use);
        let at_share = own >= self.sessions_share();
        let places = if at_share { own } else { self.limits.sessions };
        self.lives.wait(position, places)
    }

    /// Moves limits; [`Self::give`] is next.
    pub fn set_limits(&mut self, change: impl FnOnce(&mut Limits)) {
        change(&mut self.limits);
    }

    /// Nobody enters any more; those who waited, to be told.
    pub fn close(&mut self) -> Vec<C> {
        self.closed = true;
        self.waiting = 0;
        self.turn.clear();
        let out = self.tenants.values_mut().flat_map(|own| own.queue.drain(..)).map(|(_, call)| call).collect();
        self.tenants.retain(|_, own| own.in_use > 0);
        out
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    pub fn waiting(&self) -> u32 {
        self.waiting
    }

    /// The next to be served, its place counted.
    fn next(&mut self) -> Option<(Arc<str>, C)> {
        let share = self.sessions_share();
        let free = |name: &Arc<str>| self.tenants.get(name).is_some_and(|own| own.in_use < share);
        let at = self.turn.iter().position(free)?;
        let name = self.turn.remove(at)?;
        let own = self.tenants.get_mut(&name)?;
        let (_, call) = own.queue.pop_front()?;
        own.in_use += 1;
        if !own.queue.is_empty() {
            self.turn.push_back(Arc::clone(&name));
        }
        self.in_use += 1;
        self.waiting -= 1;
        Some((name, call))
    }

    /// Turns away the newest caller of the tenant with the longest queue, for a tenant that would still have a shorter one (the rule
    /// "longest queue drop" of fair queueing: McKenney, "Stochastic Fairness Queueing", 1990). Without it one tenant fills the room.
    fn make_room(&mut self, queued: u32) -> Option<(C, Full)> {
        let queue = |name: &Arc<str>| self.tenants.get(name).map_or(0, Tenant::waiting);
        let longest = Arc::clone(self.turn.iter().max_by_key(|name| queue(name))?);
        if queue(&longest) <= queued + 1 {
            return None;
        }
        let (_, call) = self.tenants.get_mut(&longest)?.queue.pop_back()?;
        self.waiting -= 1;
        Some((call, self.tenant_full(&longest)))
    }

    fn full(&self) -> Full {
        let retry_after = self.lives.wait(self.waiting as usize + 1, self.limits.sessions);
        Full { by_tenant: false, sessions: self.in_use, waiting: self.waiting, retry_after }
    }

    fn tenant_full(&self, tenant: &str) -> Full {
        let (sessions, queued) = self.tenants.get(tenant).map_or((0, 0), |own| (own.in_use, own.waiting()));
        Full { by_tenant: true, sessions, waiting: queued, retry_after: self.wait_for(tenant, queued as usize + 1) }
    }

    fn sessions_share(&self) -> u32 {
        share(self.limits.sessions_per_tenant)
    }

    fn tenant(&mut self, name: &str) -> (Arc<str>, &mut Tenant<C>) {
        let name: Arc<str> = name.into();
        let own = self.tenants.entry(Arc::clone(&name));
        (name, own.or_insert_with(|| Tenant { in_use: 0, queue: VecDeque::new() }))
    }

    /// Takes a tenant out of the turn when nobody of it waits, and out of the books when it has no place either.
    fn forget(&mut self, tenant: &str) {
        let Some(own) = self.tenants.get(tenant) else { return };
        if !own.queue.is_empty() {
            return;
        }
        let idle = own.in_use == 0;
        self.turn.retain(|waiting| &**waiting != tenant);
        if idle {
            self.tenants.remove(tenant);
        }
    }
}

impl<C> Tenant<C> {
    fn waiting(&self) -> u32 {
        u32::try_from(self.queue.len()).unwrap_or(u32::MAX)
    }
}

/// A tenant's share; 0 is written for none.
fn share(limit: u32) -> u32 {
    if limit == 0 { u32::MAX } else { limit }
}

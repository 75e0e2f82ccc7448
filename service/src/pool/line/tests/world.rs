//! A line beside a plain account of what it must be: lists in the order of arrival, searched from the front.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use super::super::{Entry, Limits, Line};

/// The first comes far more often than the last.
const TENANTS: [&str; 5] = ["a", "b", "c", "d", "e"];

pub(super) struct World {
    seed: u64,
    line: Line<u64>,
    limits: Limits,
    /// Callers in the order they came: number, tenant, ticket.
    waiting: Vec<(u64, &'static str, u64)>,
    /// Places out, by tenant.
    held: Vec<&'static str>,
    next: u64,
    /// How often another (second) was served while this one (first) waited and might have been.
    passed: BTreeMap<(&'static str, &'static str), u32>,
    pub served: u64,
}

fn tenant(random: &mut StdRng) -> &'static str {
    let (one, other) = (random.random_range(0..TENANTS.len()), random.random_range(0..TENANTS.len()));
    TENANTS[one.min(other)]
}

fn some_limits(random: &mut StdRng) -> Limits {
    let share =
        |random: &mut StdRng, most: u32| if random.random_bool(0.5) { 0 } else { random.random_range(1..=most) };
    Limits {
        sessions: random.random_range(0..8),
        waiting: random.random_range(0..12),
        sessions_per_tenant: share(random, 5),
        waiting_per_tenant: share(random, 8),
    }
}

impl World {
    pub fn new(seed: u64, random: &mut StdRng) -> Self {
        let limits = some_limits(random);
        Self {
            seed,
            line: Line::new(limits),
            limits,
            waiting: Vec::new(),
            held: Vec::new(),
            next: 0,
            passed: BTreeMap::new(),
            served: 0,
        }
    }

    /// One thing happens.
    pub fn step(&mut self, random: &mut StdRng) {
        match random.random_range(0..100) {
            0..50 => self.comes(tenant(random)),
            50..80 if !self.held.is_empty() => self.goes(random.random_range(0..self.held.len())),
            80..93 if !self.waiting.is_empty() => self.leaves(random.random_range(0..self.waiting.len())),
            93.. => self.moves(some_limits(random)),
            _ => {}
        }
    }

    /// What holds whatever happened.
    pub fn check(&self) {
        let seed = self.seed;
        assert_eq!(self.line.in_use() as usize, self.held.len(), "seed {seed}: places");
        assert_eq!(self.line.waiting() as usize, self.waiting.len(), "seed {seed}: callers");
        if self.held.len() < self.limits.sessions as usize {
            for (_, tenant, _) in &self.waiting {
                assert!(self.at_share(tenant), "seed {seed}: {tenant} waits while a place is free");
            }
        }
        for (number, tenant, ticket) in &self.waiting {
            self.check_position(*number, tenant, *ticket);
        }
    }

    /// Everybody ends: all who waited are served, once each, and nothing is left.
    pub fn drain(&mut self) {
        self.moves(Limits { sessions: 2, sessions_per_tenant: 1, ..self.limits });
        while !self.held.is_empty() || !self.waiting.is_empty() {
            assert!(!self.held.is_empty(), "seed {}: callers wait and nobody has a place", self.seed);
            self.goes(0);
            self.check();
        }
        assert!(self.line.tenants.is_empty() && self.line.turn.is_empty(), "seed {}: {:?}", self.seed, self.line);
    }

    fn comes(&mut self, tenant: &'static str) {
        let (seed, number, before) = (self.seed, self.next, self.waiting.len());
        self.next += 1;
        let queued = self.queue(tenant).len();
        match self.line.enter(tenant, number) {
            Entry::Now => {
                assert!(self.held.len() < self.limits.sessions as usize, "seed {seed}: above the limit");
                assert!(!self.at_share(tenant), "seed {seed}: above the share");
                assert_eq!(queued, 0, "seed {seed}: past its own tenant's queue");
                self.held.push(tenant);
            }
            Entry::Waits { ticket, turned_away } => {
                if let Some((gone, full)) = turned_away {
                    let at = self.waiting.iter().position(|(number, ..)| *number == gone).expect("it waited");
                    let (_, whose, _) = self.waiting.remove(at);
                    let left = self.queue(whose);
                    assert!(full.by_tenant && full.waiting as usize == left.len(), "seed {seed}: {full:?}");
                    assert!(left.iter().all(|number| *number < gone), "seed {seed}: not the newest");
                    assert!(left.len() > queued, "seed {seed}: from a queue that was no longer");
                }
                if queued == 0 {
                    // It joins at the end of the turn: what passed it before, while another of it waited, is over.
                    self.passed.retain(|(waiting, _), _| *waiting != tenant);
                }
                self.waiting.push((number, tenant, ticket));
                let most = before.max(self.limits.waiting as usize);
                assert!(self.waiting.len() <= most, "seed {seed}: more wait than may");
            }
            Entry::Full(full) => {
                let own = self.limits.waiting_per_tenant as usize;
                let no_room = before >= self.limits.waiting as usize;
                let no_share = full.by_tenant && own > 0 && queued >= own;
                assert!(no_room || no_share, "seed {seed}: refused with room: {full:?}");
                let bounds = Duration::from_secs(1)..=Duration::from_secs(60);
                assert!(bounds.contains(&full.retry_after), "seed {seed}: {full:?}");
            }
            Entry::Closed => panic!("seed {seed}: nobody closed it"),
        }
    }

    fn goes(&mut self, at: usize) {
        let tenant = self.held.swap_remove(at);
        self.line.vacate(tenant, Duration::from_millis(700));
        self.serve();
    }

    fn leaves(&mut self, at: usize) {
        let (number, tenant, ticket) = self.waiting.remove(at);
        self.line.leave(tenant, ticket);
        assert_eq!(self.line.position(tenant, ticket), None, "seed {}: {number} is still there", self.seed);
        // A second time changes nothing, and nobody's turn came by it.
        self.line.leave(tenant, ticket);
        assert!(self.line.clone().give().is_empty(), "seed {}", self.seed);
    }

    fn moves(&mut self, limits: Limits) {
        self.limits = limits;
        self.line.set_limits(|now| *now = limits);
        self.serve();
    }

    fn serve(&mut self) {
        let seed = self.seed;
        for (tenant, number) in self.line.give() {
            let at = self.waiting.iter().position(|(waiting, ..)| *waiting == number);
            let at = at.unwrap_or_else(|| panic!("seed {seed}: {number} was called and did not wait"));
            assert_eq!(self.queue(&tenant).first(), Some(&number), "seed {seed}: not in the order of its tenant");
            assert!(!self.at_share(&tenant), "seed {seed}: above the share");
            assert!(self.held.len() < self.limits.sessions as usize, "seed {seed}: above the limit");
            let (_, tenant, _) = self.waiting.remove(at);
            self.check_turns(tenant);
            self.held.push(tenant);
            self.served += 1;
        }
    }

    /// Nobody is served twice while another, who might have been, is not served once.
    fn check_turns(&mut self, served: &'static str) {
        for other in TENANTS.into_iter().filter(|other| *other != served) {
            if self.queue(other).is_empty() || self.at_share(other) {
                self.passed.remove(&(other, served));
                continue;
            }
            let times = self.passed.entry((other, served)).or_default();
            *times += 1;
            assert!(*times <= 1, "seed {}: {served} was served twice while {other} waited", self.seed);
        }
        self.passed.retain(|(waiting, _), _| *waiting != served);
    }

    /// The position is true: if nobody came or left, so many are served until it is.
    fn check_position(&self, number: u64, tenant: &str, ticket: u64) {
        let seed = self.seed;
        let position = self.line.position(tenant, ticket).unwrap_or_else(|| panic!("seed {seed}: {number} has none"));
        let mut line = self.line.clone();
        let own = self.held.iter().filter(|held| **held == tenant).count();
        let before = self.queue(tenant).iter().take_while(|other| **other != number).count();
        let share = self.limits.sessions_per_tenant as usize;
        if self.at_share(tenant) {
            // Its own tenant's places are what counts, however many are free.
            assert_eq!(position, before + 1, "seed {seed}: {number} of {tenant}");
            line.set_limits(|limits| limits.sessions = 1_000);
            let called = line.give();
            assert!(called.iter().all(|(whose, _)| &**whose != tenant), "seed {seed}: {tenant} is at its share");
            let mut served = 0;
            for _ in 0..own {
                line.vacate(tenant, Duration::ZERO);
                let called = line.give();
                served += called.len();
                if called.iter().any(|(_, other)| *other == number) {
                    assert_eq!(served, position, "seed {seed}: {number} of {tenant}");
                    return;
                }
            }
            assert!(served < position, "seed {seed}: {number} of {tenant} was passed over");
            return;
        }
        if share > 0 && own + before >= share {
            return;
        }
        // One more place at a time.
        let mut served = 0;
        for places in self.line.in_use() + 1.. {
            line.set_limits(|limits| limits.sessions = places);
            let called = line.give();
            assert!(called.len() <= 1 && served <= self.waiting.len(), "seed {seed}: {number} is never called");
            served += called.len();
            if called.iter().any(|(_, other)| *other == number) {
                assert_eq!(served, position, "seed {seed}: {number} of {tenant}");
                return;
            }
        }
    }

    fn at_share(&self, tenant: &str) -> bool {
        let share = self.limits.sessions_per_tenant as usize;
        share > 0 && self.held.iter().filter(|held| **held == tenant).count() >= share
    }

    fn queue(&self, tenant: &str) -> Vec<u64> {
        self.waiting.iter().filter(|(_, whose, _)| *whose == tenant).map(|(number, ..)| *number).collect()
    }
}

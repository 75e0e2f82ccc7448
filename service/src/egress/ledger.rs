//! What one lane has carried and refused.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use crate::telemetry::names;

use super::lane::LaneOwner;
use super::rule::Rule;
use super::settings::Settings;

/// One request that did not go out, kept so that a navigation that failed can be explained: Chromium shows a refused
/// tunnel only as `ERR_TUNNEL_CONNECTION_FAILED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub at: SystemTime,
    /// `host:port`; a placeholder when there was none to read.
    pub target: String,
    /// The address that was judged, when it came to that.
    pub address: Option<IpAddr>,
    pub rule: Rule,
    /// One line: what happened.
    pub message: String,
}

impl Denial {
    /// One line: what to do.
    pub fn hint(&self) -> String {
        match self.rule {
            rule if rule.is_liftable() => {
                format!("Only an operator can open it: start the service with --egress-allow {}", self.target)
            }
            Rule::Unassigned => "Open a session first; a browser without an owner reaches nothing.".into(),
            Rule::BadTarget | Rule::Scheme => "Use an absolute http or https URL without a user name in it.".into(),
            Rule::Unresolved => "Check the spelling of the host name, or try again.".into(),
            Rule::Unreachable | Rule::Broken => "The server does not answer; try again later.".into(),
            Rule::BytesDown | Rule::BytesUp => {
                "Close the session and open a new one; its traffic limit is used up.".into()
            }
            Rule::Tunnels | Rule::Connections => "Close tabs that are no longer needed, then try again.".into(),
            _ => "This cannot be opened; use another address.".into(),
        }
    }
}

/// What a lane has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Bytes received from servers, heads included.
    pub down_bytes: u64,
    /// Bytes sent to servers, heads included.
    pub up_bytes: u64,
    /// Requests and tunnels asked for.
    pub requests: u64,
    /// Of them, refused by a rule.
    pub denied: u64,
    /// Of them, failed for reasons of the network.
    pub failed: u64,
}

/// What is said when a limit on bytes is used up.
pub(super) const SPENT: &str = "this session's traffic limit is used up";

/// The counters of one lane. Shared by its connections; everything in it is bounded by the configuration.
pub(super) struct Ledger {
    pub owner: OnceLock<LaneOwner>,
    down: AtomicU64,
    up: AtomicU64,
    down_max: u64,
    up_max: u64,
    requests: AtomicU64,
    denied: AtomicU64,
    failed: AtomicU64,
    /// Said once: every later byte would say it again.
    spent: AtomicBool,
    kept: Mutex<VecDeque<Denial>>,
    kept_max: usize,
}

impl Ledger {
    pub fn new(settings: &Settings) -> Self {
        Self {
            owner: OnceLock::new(),
            down: AtomicU64::new(0),
            up: AtomicU64::new(0),
            down_max: settings.down_bytes_max,
            up_max: settings.up_bytes_max,
            requests: AtomicU64::new(0),
            denied: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            spent: AtomicBool::new(false),
            kept: Mutex::new(VecDeque::new()),
            kept_max: settings.denials_kept,
        }
    }

    pub fn session(&self) -> &str {
        self.owner.get().map_or("-", |owner| owner.session.as_str())
    }

    pub fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Which limit is used up, if one is.
    pub fn exhausted(&self) -> Option<Rule> {
        if self.down.load(Ordering::Relaxed) >= self.down_max {
            return Some(Rule::BytesDown);
        }
        (self.up_left() == 0).then_some(Rule::BytesUp)
    }

    /// Counts `bytes` received; `false` when they are more than the lane may have.
    pub fn take_down(&self, bytes: usize) -> bool {
        let before = self.down.fetch_add(bytes as u64, Ordering::Relaxed);
        before.saturating_add(bytes as u64) <= self.down_max
    }

    /// Bytes the lane may still send.
    pub fn up_left(&self) -> u64 {
        self.up_max.saturating_sub(self.up.load(Ordering::Relaxed))
    }

    /// Counts `bytes` sent.
    pub fn take_up(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes, once, that a connection was cut for a limit that is used up.
    pub fn spent(&self, rule: Rule, target: &str) {
        if !self.spent.swap(true, Ordering::Relaxed) {
            self.deny(target.to_owned(), None, rule, SPENT.into());
        }
    }

    /// Counts, logs and keeps one request that did not go out.
    pub fn deny(&self, target: String, address: Option<IpAddr>, rule: Rule, message: String) -> Denial {
        let verdict = if rule.is_policy() { "denied" } else { "failed" };
        let session = self.session();
        let shown = address.map(|address| address.to_string());
        tracing::info!(session, verdict, target = %target, address = shown, rule = %rule, bytes = 0, "egress");
        metrics::counter!(names::EGRESS_DECISIONS, "decision" => verdict, "rule" => rule.as_str()).increment(1);
        let denial = Denial { at: SystemTime::now(), target, address, rule, message };
        let count = if rule.is_policy() { &self.denied } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
        // The browser's own calls would push the page's out and explain nothing to an agent.
        if rule != Rule::BrowserOwn && self.kept_max > 0 {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            while kept.len() >= self.kept_max {
                kept.pop_front();
            }
            kept.push_back(denial.clone());
        }
        denial
    }

    pub fn denials(&self) -> Vec<Denial> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub fn stats(&self) -> LaneStats {
        LaneStats {
            down_bytes: self.down.load(Ordering::Relaxed),
            up_bytes: self.up.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            denied: self.denied.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

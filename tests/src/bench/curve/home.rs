//! What both sides can do.

use std::ops::Sub;
use std::time::Duration;

use crate::Outcome;
use crate::browser::Page;
use crate::processes::Process;

/// Where sessions live.
pub(super) trait Home {
    /// One session with its page, ended again, so that no side pays for a first time; then what it keeps ready is ready.
    async fn prepare(&self, url: &str) -> Outcome<()>;
    /// One more session, no page in it yet.
    async fn open(&self, number: u32) -> Outcome<Room>;
    /// Its page, loaded.
    async fn goto(&self, room: &mut Room, url: &str) -> Outcome<()>;
    /// A click on the button.
    async fn click(&self, room: &Room) -> Outcome<()>;
    /// What an agent reads of the page.
    async fn snapshot(&self, room: &Room) -> Outcome<()>;
    /// How many clicks the page saw.
    async fn greeted(&self, room: &Room) -> Outcome<u32>;
    /// What it weighs.
    async fn weigh(&self) -> Weight;
    /// Processor time so far.
    fn used(&self) -> Used;
}

/// An open session.
pub(super) enum Room {
    /// By name, with the button's ref.
    Named {
        name: String,
        button: String,
    },
    Page(Page),
}

/// Proportional set sizes, bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    /// Of the service's own process.
    pub own: Option<u64>,
    pub chromium: u64,
}

/// Processor time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub service: Duration,
    pub browsers: Duration,
}

impl Sub for Used {
    type Output = Self;

    /// A process that ended in between takes its time with it.
    fn sub(self, before: Self) -> Self {
        Self {
            service: self.service.saturating_sub(before.service),
            browsers: self.browsers.saturating_sub(before.browsers),
        }
    }
}

/// How the service spread its sessions, for the other side to do the same.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub browsers: u32,
    pub sessions_per_browser: u32,
    /// Contexts with a blank page, beside those of sessions.
    pub warm: u32,
    /// Flags of its browsers.
    pub flags: Vec<String>,
}

/// Proportional set size of all that descends from these, themselves included. Reading it walks page tables: not for the runtime's threads.
pub(super) async fn weight_of(processes: Vec<Process>) -> u64 {
    let weigh = move || processes.into_iter().map(|process| process.tree_memory().pss).sum();
    tokio::task::spawn_blocking(weigh).await.unwrap_or_default()
}

/// Number in `Greeted N times`.
pub(super) fn times(text: &str) -> u32 {
    let after = text.split("Greeted ").nth(1).unwrap_or_default();
    after.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss, reason = "sizes here stay far below 2^53")]
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

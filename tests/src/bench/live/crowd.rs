//! What many viewers of one session cost its agent, those that read and those that stopped.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::house::{House, STAGE, name};
use super::sample::quantile_of;
use crate::bench::ms;
use crate::site::Site;
use crate::viewer::Viewer;
use crate::wait::until;
use crate::{Fault, Outcome};

/// Viewers that read, and that stopped reading.
const WATCHING: usize = 100;
const STOPPED: usize = 50;
/// Clicks of the agent, in each of the two.
const CLICKS: usize = 60;
/// Longest wait for viewers that stopped to be dropped.
const DROPPED_WITHIN: Duration = Duration::from_secs(30);

/// The agent's click on the form, each with its snapshot.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Clicks {
    pub p50_ms: f64,
    pub p95_ms: f64,
}

/// One round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Crowd {
    pub nobody: Clicks,
    pub watched: Clicks,
    /// Frames all of them got.
    pub frames: u64,
}

/// Viewers that stopped reading.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Stopped {
    pub nobody: Clicks,
    pub stuck: Clicks,
    /// From the last one's connection until all were dropped.
    pub dropped_after_s: f64,
    /// Memory of the service's own process, for each while they were stuck.
    pub mib_each: f64,
}

/// Viewers that read, on a thread of their own with the lowest priority: people's screens are on other machines, and what drawing
/// costs there must not be counted against the agent here.
struct Readers {
    enough: CancellationToken,
    frames: oneshot::Receiver<Outcome<u64>>,
}

impl Readers {
    async fn start(house: &House) -> Outcome<Self> {
        let mut viewers = Vec::new();
        for _ in 0..WATCHING {
            viewers.push(house.viewer(0, STAGE).await?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::of("the crowd", error))?;
        let (enough, (told, frames)) = (CancellationToken::new(), oneshot::channel());
        let ended = enough.clone();
        std::thread::spawn(move || {
            // SAFETY: changes the priority of the calling thread and touches no memory.
            unsafe { nix::libc::setpriority(nix::libc::PRIO_PROCESS, 0, 19) };
            let read = runtime.block_on(async {
                let mut readers = JoinSet::new();
                for viewer in viewers {
                    readers.spawn(read(viewer, ended.clone()));
                }
                let mut frames = 0;
                while let Some(one) = readers.join_next().await {
                    frames += one.map_err(|error| Fault::of("the crowd", error))??;
                }
                Ok(frames)
            });
            // A benchmark that gave up asks no more.
            drop(told.send(read));
        });
        Ok(Self { enough, frames })
    }

    /// Frames all of them got.
    async fn end(self) -> Outcome<u64> {
        self.enough.cancel();
        self.frames.await.map_err(|error| Fault::of("the crowd", error))?
    }
}

async fn read(mut viewer: Viewer, enough: CancellationToken) -> Outcome<u64> {
    let mut frames = 0;
    loop {
        tokio::select! {
            () = enough.cancelled() => return Ok(frames),
            next = viewer.acknowledge_next() => match next? {
                true => frames += 1,
                false => return Err(Fault::of("a viewer", "its socket was closed")),
            },
        }
    }
}

pub(super) async fn watching(house: &House, site: &Site) -> Outcome<Crowd> {
    let button = begin(house, site).await?;
    // Turn about within the round, so that what else the machine does falls on both.
    let (mut alone, mut watched, mut frames) = (Vec::new(), Vec::new(), 0);
    for _ in 0..2 {
        alone.extend(clicks(house, &button, CLICKS / 2).await?);
        let crowd = Readers::start(house).await?;
        watched.extend(clicks(house, &button, CLICKS / 2).await?);
        frames += crowd.end().await?;
        all_left(house).await?;
    }
    Ok(Crowd { nobody: of(alone), watched: of(watched), frames })
}

pub(super) async fn stopped(house: &House, site: &Site) -> Outcome<Stopped> {
    let button = begin(house, site).await?;
    let alone = clicks(house, &button, CLICKS).await?;
    let before = house.process().memory().pss;
    let mut viewers: Vec<Viewer> = Vec::new();
    for _ in 0..STOPPED {
        viewers.push(house.viewer(0, STAGE).await?);
    }
    let began = Instant::now();
    let stuck = clicks(house, &button, CLICKS).await?;
    let weighed = house.process().memory().pss;
    all_left(house).await?;
    let dropped_after_s = began.elapsed().as_secs_f64();
    drop(viewers);
    #[allow(clippy::cast_precision_loss, reason = "sizes here stay far below 2^53")]
    let mib_each = weighed.saturating_sub(before) as f64 / f64::from(1 << 20) / STOPPED as f64;
    Ok(Stopped { nobody: of(alone), stuck: of(stuck), dropped_after_s, mib_each })
}

async fn begin(house: &House, site: &Site) -> Outcome<String> {
    house.goto(1, &site.url("/form")).await?;
    let snapshot = house.call("browser_snapshot", json!({ "session": name(0) })).await?;
    let button = snapshot.find_ref(&["button", "Greet"]).ok_or_else(|| Fault::of("the form", "it has no button"))?;
    // The first ones fill caches.
    clicks(house, &button, 5).await?;
    Ok(button)
}

async fn clicks(house: &House, button: &str, count: usize) -> Outcome<Vec<f64>> {
    let mut took = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        house.call("browser_click", json!({ "session": name(0), "target": button, "element": "Greet" })).await?;
        took.push(ms(began.elapsed()));
    }
    Ok(took)
}

async fn all_left(house: &House) -> Outcome<()> {
    until("the viewers to be gone", DROPPED_WITHIN, async || {
        house.viewers().await.is_ok_and(|viewers| viewers == 0).then_some(())
    })
    .await
}

fn of(took: Vec<f64>) -> Clicks {
    Clicks { p50_ms: quantile_of(took.clone(), 0.50), p95_ms: quantile_of(took, 0.95) }
}

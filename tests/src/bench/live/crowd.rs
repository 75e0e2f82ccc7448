//! What many viewers of one session cost its agent, those that read and those that stopped.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

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
const CLICKS: usize = 40;
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

pub(super) async fn watching(house: &House, site: &Site) -> Outcome<Crowd> {
    let button = begin(house, site).await?;
    // Turn about within the round, so that what else the machine does falls on both.
    let (mut alone, mut watched, mut frames) = (Vec::new(), Vec::new(), 0);
    for _ in 0..2 {
        alone.extend(clicks(house, &button, CLICKS / 2).await?);
        let (enough, mut readers) = (tokio_util::sync::CancellationToken::new(), JoinSet::new());
        for _ in 0..WATCHING {
            let (mut viewer, enough) = (house.viewer(0, STAGE).await?, enough.clone());
            readers.spawn(async move {
                let mut frames = 0_u64;
                loop {
                    tokio::select! {
                        () = enough.cancelled() => return frames,
                        frame = viewer.frame() => if frame.is_ok() { frames += 1 } else { return frames },
                    }
                }
            });
        }
        watched.extend(clicks(house, &button, CLICKS / 2).await?);
        enough.cancel();
        frames += readers.join_all().await.into_iter().sum::<u64>();
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

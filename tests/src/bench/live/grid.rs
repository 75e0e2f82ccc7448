//! A grid of sessions whose pages change a little all the time, against as many full streams of the same.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::GRID;
use super::house::{House, STAGE, TILE, Wish};
use crate::Outcome;
use crate::site::Site;

/// Ten changes a second, in what can be seen: a clock, a progress bar.
const TICK: &str = "() => { const box = document.createElement('h2'); document.body.prepend(box); let n = 0; setInterval(() => { n += 1; box.textContent = 'Step ' + n; box.style.background = `hsl(${n * 7 % 360} 80% 70%)`; }, 100); }";

/// What it costs to look in one way.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    /// Cores used.
    pub service_cores: f64,
    pub chromium_cores: f64,
    pub frames_per_s: f64,
    pub kib_per_s: f64,
}

/// One round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Grid {
    /// The pages alone.
    pub nobody: Cost,
    pub tiles: Cost,
    pub full: Cost,
}

pub(super) async fn round(house: &House, site: &Site, look: Duration) -> Outcome<Grid> {
    house.goto(GRID, &site.url("/form")).await?;
    for session in 0..GRID {
        house.evaluate(session, TICK).await?;
    }
    let nobody = cost(house, None, look).await?;
    let tiles = cost(house, Some(TILE), look).await?;
    let full = cost(house, Some(STAGE), look).await?;
    house.goto(GRID, &site.url("/")).await?;
    Ok(Grid { nobody, tiles, full })
}

async fn cost(house: &House, wish: Option<Wish>, look: Duration) -> Outcome<Cost> {
    let process = house.process();
    let (own, tree, began) = (process.cpu(), process.tree_cpu(), Instant::now());
    let sample = match wish {
        Some(wish) => Some(house.watch(GRID, wish, look).await?),
        None => {
            tokio::time::sleep(look).await;
            None
        }
    };
    let took = began.elapsed().as_secs_f64();
    let (own, tree) = (process.cpu().saturating_sub(own), process.tree_cpu().saturating_sub(tree));
    Ok(Cost {
        service_cores: own.as_secs_f64() / took,
        chromium_cores: tree.saturating_sub(own).as_secs_f64() / took,
        frames_per_s: sample.as_ref().map_or(0.0, |sample| sample.fps(1)),
        kib_per_s: sample.as_ref().map_or(0.0, super::sample::Sample::kib_per_s),
    })
}

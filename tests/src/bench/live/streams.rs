//! Ours and raw CDP on pages that never stop painting.

use std::time::Duration;

use serde::Serialize;

use super::house::{House, STAGE};
use super::raw::Raw;
use super::sample::Sample;
use crate::Outcome;
use crate::site::Site;

/// How many pages paint at once, one after another.
pub(super) const PAGES: [usize; 3] = [1, 4, 8];
pub(super) const PAGES_MOST: usize = 8;

/// One side in one round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Stream {
    pub fps: f64,
    pub age_p50_ms: f64,
    pub age_p95_ms: f64,
    pub kib_per_frame: f64,
}

/// Both, one after the other.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Streams {
    pub pages: usize,
    pub raw: Stream,
    pub ours: Stream,
}

impl Stream {
    pub(super) fn of(sample: &Sample, pages: usize) -> Self {
        Self {
            fps: sample.fps(pages),
            age_p50_ms: sample.age(0.50),
            age_p95_ms: sample.age(0.95),
            kib_per_frame: sample.kib_per_frame(),
        }
    }
}

pub(super) async fn round(house: &House, raw: &Raw, site: &Site, look: Duration) -> Outcome<Vec<Streams>> {
    let url = site.url("/animation");
    let mut all = Vec::new();
    for pages in PAGES {
        raw.goto(pages, &url).await?;
        let floor = raw.watch(pages, look).await?;
        raw.goto(pages, &site.url("/")).await?;
        house.goto(pages, &url).await?;
        let ours = house.watch(pages, STAGE, look).await?;
        house.goto(pages, &site.url("/")).await?;
        all.push(Streams { pages, raw: Stream::of(&floor, pages), ours: Stream::of(&ours, pages) });
    }
    Ok(all)
}

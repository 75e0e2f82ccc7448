//! What the live picture costs and how fresh it is, beside raw CDP and agent-browser's stream.
//!
//! The sides take turns, and the page of the side that waits is blank: a page that paints costs a core whoever looks. Ratios and
//! differences within a round are what counts; their medians are printed.

mod crowd;
mod formats;
mod grid;
mod house;
mod input;
mod peer;
mod raw;
mod report;
mod sample;
mod streams;

use std::time::Duration;

pub use report::LiveReport;

use self::house::House;
use self::peer::Peer;
use self::raw::Raw;
use crate::Outcome;
use crate::processes::load;
use crate::site::Site;

/// Frames that come while a picture starts are not counted.
const WARM: Duration = Duration::from_millis(700);

/// Sessions of the grid.
const GRID: usize = 16;

/// What to measure, and how often.
#[derive(Debug, Clone, Copy)]
pub struct LivePlan {
    /// Rounds of each comparison.
    pub rounds: u32,
    /// Seconds that one side is looked at in a round.
    pub seconds: u32,
    /// Leave agent-browser out.
    pub alone: bool,
}

/// Runs it all; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or a step of it fails: a benchmark of failures is none.
pub async fn live(plan: LivePlan, say: impl Fn(&str)) -> Outcome<LiveReport> {
    let site = Site::start().await?;
    let load_before = load();
    say("starting Helmwatch and a Chromium");
    let house = House::start(&site, GRID).await?;
    let raw = Raw::start(streams::PAGES_MOST).await?;
    let look = Duration::from_secs(u64::from(plan.seconds));
    let mut report = LiveReport { rounds: plan.rounds, ..LiveReport::default() };

    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}: pages that never stop painting", plan.rounds));
        report.streams.extend(streams::round(&house, &raw, &site, look).await?);
    }
    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}: a grid of {GRID}, and as many full streams", plan.rounds));
        report.grids.push(grid::round(&house, &site, look).await?);
    }
    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}: input while a page paints", plan.rounds));
        report.inputs.push(input::round(&house, &raw, &site).await?);
    }
    report.formats = formats::all(&raw, &site).await?;
    for round in 1..=plan.rounds {
        say(&format!("round {round} of {}: nobody, and a hundred viewers", plan.rounds));
        report.crowds.push(crowd::watching(&house, &site).await?);
    }
    say("viewers that stop reading");
    report.stopped = Some(crowd::stopped(&house, &site).await?);
    if !plan.alone {
        say("starting agent-browser");
        let peer = Peer::start(&site).await?;
        for round in 1..=plan.rounds {
            say(&format!("round {round} of {}: agent-browser's stream", plan.rounds));
            report.peers.push(peer.round(&house, &site, look).await?);
        }
        peer.stop().await?;
    }
    report.load = [load_before, load()];
    raw.stop().await?;
    house.stop().await?;
    Ok(report)
}

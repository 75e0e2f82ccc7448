//! How the time of a whole snapshot grows with its page.

use serde::Serialize;

use super::deed::Deed;
use super::hand::Hand;
use super::steps::quantile;
use super::{SideName, ms};
use crate::Outcome;
use crate::site::Site;

/// Paragraphs of the pages.
pub const SIZES: [usize; 3] = [1_000, 10_000, 50_000];

/// Snapshots of each; the median counts.
const SNAPSHOTS: usize = 3;

/// Median milliseconds of one side for each of [`SIZES`]; nothing where it failed.
#[derive(Debug, Clone, Serialize)]
pub struct Growth {
    pub side: SideName,
    pub ms: Vec<Option<f64>>,
}

impl Growth {
    /// Time per node at the largest size as a share of that at the smallest: 1 is linear.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of nodes are small")]
    pub fn steepness(&self) -> Option<f64> {
        let (first, last) = ((*self.ms.first()?)?, (*self.ms.last()?)?);
        Some((last / SIZES[SIZES.len() - 1] as f64) / (first / SIZES[0] as f64))
    }
}

/// Measures all sides but those to skip; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or cannot be ended. A snapshot that fails is told in its place.
pub async fn growth(skip: &[SideName], say: impl Fn(&str)) -> Outcome<Vec<Growth>> {
    let site = Site::start().await?;
    let mut all = Vec::new();
    for side in SideName::ALL.into_iter().filter(|side| !skip.contains(side)) {
        let hand = Hand::start(side, &[site.address()]).await?;
        let mut growth = Growth { side, ms: Vec::new() };
        for size in SIZES {
            say(&format!("{side}: a snapshot of {size} nodes"));
            let took = of_size(&hand, &site.url(&format!("/nodes/{size}")), size).await;
            if let Err(fault) = &took {
                say(&format!("{side}: {}", fault.what));
            }
            growth.ms.push(took.ok());
        }
        hand.stop().await?;
        all.push(growth);
    }
    Ok(all)
}

async fn of_size(hand: &Hand, url: &str, size: usize) -> Outcome<f64> {
    hand.step(&Deed::Navigate(url)).await?;
    let mut took = Vec::new();
    for _ in 0..SNAPSHOTS {
        let said = hand.step(&Deed::Snapshot).await?;
        if hand.name() != SideName::Raw && !said.text.contains(&format!("Words {size}")) {
            return Err(crate::Fault::new("the snapshot is not whole", "a shorter answer is no comparison"));
        }
        took.push(ms(said.took));
    }
    Ok(quantile(&mut took, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_times_the_time_for_fifty_times_the_nodes_is_linear() {
        let growth = |ms: [f64; 3]| Growth { side: SideName::Raw, ms: ms.map(Some).to_vec() };
        assert!((growth([2.0, 20.0, 100.0]).steepness().unwrap() - 1.0).abs() < 1e-9);
        assert!((growth([2.0, 20.0, 400.0]).steepness().unwrap() - 4.0).abs() < 1e-9);
    }
}

//! How samples of one kind spread.

use std::fmt;

use serde::Serialize;

use super::steps::quantile;

/// Milliseconds; all zero without a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    pub count: usize,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

impl Spread {
    /// Of these samples, milliseconds.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        let p50_ms = quantile(&mut samples, 0.5);
        Self { count: samples.len(), p50_ms, p95_ms: quantile(&mut samples, 0.95) }
    }
}

impl fmt::Display for Spread {
    /// `median / 95th percentile`, or a dash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 { f.pad("-") } else { f.pad(&format!("{:.1} / {:.1}", self.p50_ms, self.p95_ms)) }
    }
}

//! What one look at a picture brought.

use std::time::Duration;

/// Frames as they reached the viewer, of one page or of several together.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub frames: usize,
    /// Of the pictures alone.
    pub bytes: usize,
    /// From the moment Chromium made the picture to the moment the viewer has its bytes.
    pub ages_ms: Vec<f64>,
    pub took: Duration,
}

impl Sample {
    pub fn add(&mut self, captured_at_us: u64, now_us: u64, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes;
        self.ages_ms.push(Duration::from_micros(now_us.saturating_sub(captured_at_us)).as_secs_f64() * 1_000.0);
    }

    pub fn and(mut self, other: Self) -> Self {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.ages_ms.extend(other.ages_ms);
        self.took = self.took.max(other.took);
        self
    }

    /// Frames a second of each of so many pages.
    #[allow(clippy::cast_precision_loss, reason = "a few thousand frames")]
    pub fn fps(&self, pages: usize) -> f64 {
        self.frames as f64 / self.took.as_secs_f64() / pages as f64
    }

    #[allow(clippy::cast_precision_loss, reason = "a few million bytes")]
    pub fn kib_per_frame(&self) -> f64 {
        self.bytes as f64 / 1_024.0 / self.frames.max(1) as f64
    }

    #[allow(clippy::cast_precision_loss, reason = "a few million bytes")]
    pub fn kib_per_s(&self) -> f64 {
        self.bytes as f64 / 1_024.0 / self.took.as_secs_f64()
    }

    pub fn age(&self, quantile: f64) -> f64 {
        quantile_of(self.ages_ms.clone(), quantile)
    }
}

/// The value that so large a share is not above.
pub(super) fn quantile_of(mut values: Vec<f64>, quantile: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a short list"
    )]
    let at = ((values.len() as f64 * quantile) as usize).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}

pub(super) fn median(values: Vec<f64>) -> f64 {
    quantile_of(values, 0.5)
}

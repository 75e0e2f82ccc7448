//! Waiting for what has no event: look, and look again, until a deadline.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Fault, Outcome};

/// Time between two looks: short beside every deadline here, long beside the look itself.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks until `look` answers, at most for `limit`.
///
/// # Errors
/// A [`Fault`] naming `what` when the limit passed.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Outcome<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(Fault::new(
                format!("waited {} ms for {what}, in vain", limit.as_millis()),
                "read the service's last log lines above",
            ));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

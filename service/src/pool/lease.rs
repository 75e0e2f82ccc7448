//! What a session has of the pool while it lives.

use std::sync::Arc;
use std::time::Duration;

use super::Denial;
use super::waiting_room::Place;
use super::warm::Berthed;
use crate::browser::{Context, Page};
use crate::telemetry::Tasks;

/// A place, a context with a page, and a way out. Close it; one that is only dropped is closed by a task of the pool's.
pub struct Lease {
    held: Option<(Berthed, Place)>,
    waited: Duration,
    /// Browsers that were tried for it, the one it has among them.
    tried: u32,
    tasks: Tasks,
}

impl Lease {
    pub(super) fn new(berthed: Berthed, place: Place, waited: Duration, tried: u32, tasks: Tasks) -> Self {
        Self { held: Some((berthed, place)), waited, tried, tasks }
    }

    fn berthed(&self) -> &Berthed {
        let (berthed, _) =
            self.held.as_ref().expect("it is there until `close` or `drop` takes it, and both take the lease");
        berthed
    }

    /// The session's context.
    #[must_use]
    pub fn context(&self) -> &Arc<Context> {
        &self.berthed().context
    }

    /// Its first page, on `about:blank`.
    #[must_use]
    pub fn page(&self) -> &Arc<Page> {
        &self.berthed().page
    }

    /// How long its caller waited for a place.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Names the session to its way out.
    pub fn assign(&self, session: &str, tenant: &str) {
        self.berthed().lane.assign(session, tenant);
    }

    /// What its pages asked for and did not get, oldest first.
    #[must_use]
    pub fn denials(&self) -> Vec<Denial> {
        self.berthed().lane.denials()
    }

    /// Browsers that were tried for it so far.
    pub(super) fn tried(&self) -> u32 {
        self.tried
    }

    /// Disposes the context and keeps the place.
    pub(super) async fn vacate(mut self) -> Option<Place> {
        let (berthed, place) = self.held.take()?;
        berthed.end(&self.tasks).await;
        Some(place)
    }

    /// Disposes the context and gives the place to the next who waits.
    pub async fn close(self) {
        drop(self.vacate().await);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((berthed, place)) = self.held.take() {
            let tasks = self.tasks.clone();
            self.tasks.spawn("lease reap", async move {
                berthed.end(&tasks).await;
                drop(place);
            });
        }
    }
}

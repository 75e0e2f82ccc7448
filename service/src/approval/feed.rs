//! News of cards, for those who show them.

use std::sync::Arc;

use helmwatch_protocol::ApprovalView;
use tokio::sync::broadcast;

use super::Reach;
use crate::auth::Tenant;

/// News kept for a reader that is behind. One that is further behind is told to list again: nothing is lost but the steps between.
pub(super) const NEWS_MAX: usize = 256;

/// One piece of news.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Asked, decided or over.
    Changed(Arc<ApprovalView>),
    /// Some news were missed: list again.
    Missed,
}

/// A reader of news within its reach.
#[derive(Debug)]
pub struct Feed {
    reach: Reach,
    news: broadcast::Receiver<(Tenant, Arc<ApprovalView>)>,
}

impl Feed {
    pub(super) const fn new(reach: Reach, news: broadcast::Receiver<(Tenant, Arc<ApprovalView>)>) -> Self {
        Self { reach, news }
    }

    /// The next; `None` when the desk is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            match self.news.recv().await {
                Ok((tenant, view)) if self.reach.covers(&tenant) => return Some(Notice::Changed(view)),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Notice::Missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

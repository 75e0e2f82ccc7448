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

/// The same with whose it is, for a reader that serves several.
#[derive(Debug, Clone)]
pub enum TenantNotice {
    Changed(Tenant, Arc<ApprovalView>),
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
        Some(match self.next_of_tenant().await? {
            TenantNotice::Changed(_, view) => Notice::Changed(view),
            TenantNotice::Missed => Notice::Missed,
        })
    }

    /// The next with its tenant; otherwise as [`Feed::next`].
    pub async fn next_of_tenant(&mut self) -> Option<TenantNotice> {
        loop {
            match self.news.recv().await {
                Ok((tenant, view)) if self.reach.covers(&tenant) => return Some(TenantNotice::Changed(tenant, view)),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(TenantNotice::Missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

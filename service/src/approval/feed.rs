//! News of cards, for those who show them.

use std::sync::Arc;

use helmwatch_protocol::{ApprovalView, GrantView};
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
    /// Given, used or over.
    Grant(Arc<GrantView>),
    /// Some news were missed: list again.
    Missed,
}

/// News of cards with whose they are, for a reader that serves several.
#[derive(Debug, Clone)]
pub enum TenantNotice {
    Changed(Tenant, Arc<ApprovalView>),
    Missed,
}

/// A reader of news within its reach.
#[derive(Debug)]
pub struct Feed {
    reach: Reach,
    news: broadcast::Receiver<(Tenant, Notice)>,
}

impl Feed {
    pub(super) const fn new(reach: Reach, news: broadcast::Receiver<(Tenant, Notice)>) -> Self {
        Self { reach, news }
    }

    /// The next; `None` when the desk is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        self.receive().await.map(|(_, notice)| notice)
    }

    /// The next about a card, with its tenant; otherwise as [`Feed::next`].
    pub async fn next_of_tenant(&mut self) -> Option<TenantNotice> {
        loop {
            match self.receive().await? {
                (Some(tenant), Notice::Changed(view)) => return Some(TenantNotice::Changed(tenant, view)),
                (_, Notice::Missed) => return Some(TenantNotice::Missed),
                _ => {}
            }
        }
    }

    async fn receive(&mut self) -> Option<(Option<Tenant>, Notice)> {
        loop {
            match self.news.recv().await {
                Ok((tenant, notice)) if self.reach.covers(&tenant) => return Some((Some(tenant), notice)),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some((None, Notice::Missed)),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

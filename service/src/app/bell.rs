//! Rings where people are: brings what waits for a person, and that it no longer does, to the webhooks.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use helmwatch_protocol::{ApprovalId, ApprovalState, ApprovalView, HandoffOutcome, approval_link, handoff_link};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::approval::{Desk, Feed, Reach, TenantNotice};
use crate::auth::{Tenant, WallClock};
use crate::config::WebhookEvent;
use crate::notify::{About, HandoffState, News, Notifier, Occasion};
use crate::session::{HandoffChange, HandoffEnd, HandoffNews, Registry};

/// Listens to the desk and to all sessions. What it is told it has from feeds that drop what is not read: nobody waits for it.
pub(super) struct Bell {
    desk: Desk,
    notifier: Arc<Notifier>,
    /// Without a slash at its end.
    public_url: Arc<str>,
    clock: WallClock,
    cards: Feed,
    questions: broadcast::Receiver<HandoffNews>,
    /// Cards that were told to wait and not yet to have ended. As many as the desk has open.
    waiting: HashMap<ApprovalId, Tenant>,
}

impl Bell {
    /// Hears everything from now on.
    pub fn new(
        desk: Desk,
        registry: &Registry,
        notifier: Arc<Notifier>,
        public_url: Arc<str>,
        clock: WallClock,
    ) -> Self {
        let (cards, questions) = (desk.subscribe(Reach::All), registry.handoff_news());
        Self { desk, notifier, public_url, clock, cards, questions, waiting: HashMap::new() }
    }

    /// Runs until told to end, and passes on what was said before that.
    pub async fn run(mut self, ending: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = ending.cancelled() => break,
                notice = self.cards.next_of_tenant() => match notice {
                    Some(notice) => self.card(notice).await,
                    None => return,
                },
                news = self.questions.recv() => match news {
                    Ok(news) => self.question(news),
                    Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "webhooks missed questions to people"),
                    Err(RecvError::Closed) => return,
                },
            }
        }
        while let Some(Some(notice)) = self.cards.next_of_tenant().now_or_never() {
            self.card(notice).await;
        }
        while let Ok(news) = self.questions.try_recv() {
            self.question(news);
        }
    }

    async fn card(&mut self, notice: TenantNotice) {
        match notice {
            TenantNotice::Changed(tenant, view) => self.card_is(&tenant, view),
            TenantNotice::Missed => {
                let open = self.desk.pending_of_tenants();
                let gone: Vec<(ApprovalId, Tenant)> = self
                    .waiting
                    .iter()
                    .filter(|(id, _)| !open.iter().any(|(_, view)| view.id == **id))
                    .map(|(id, tenant)| (id.clone(), tenant.clone()))
                    .collect();
                for (id, tenant) in gone {
                    match self.desk.get(&Reach::All, &id).await {
                        Ok(Some(view)) => self.card_is(&tenant, Arc::new(view)),
                        Ok(None) => drop(self.waiting.remove(&id)),
                        Err(error) => tracing::warn!(%error, "webhooks do not hear how a call ended"),
                    }
                }
                for (tenant, view) in open {
                    self.card_is(&tenant, Arc::new(view));
                }
            }
        }
    }

    /// Tells once that a card waits and once that it does not any more; what comes after a yes is nobody's to decide.
    fn card_is(&mut self, tenant: &Tenant, view: Arc<ApprovalView>) {
        let event = match view.state {
            ApprovalState::Pending if self.waiting.insert(view.id.clone(), tenant.clone()).is_none() => {
                WebhookEvent::ApprovalWaiting
            }
            ApprovalState::Pending => return,
            _ if self.waiting.remove(&view.id).is_some() => WebhookEvent::ApprovalEnded,
            _ => return,
        };
        let link = approval_link(&self.public_url, &view.id);
        self.tell(event, tenant, link, About::Approval(view));
    }

    fn question(&self, news: HandoffNews) {
        let HandoffNews { session, session_name, tenant, view, change } = news;
        let (state, by, reason) = match change {
            HandoffChange::Asked => (HandoffState::Waiting, None, None),
            HandoffChange::Ended(HandoffEnd::Answered { by, outcome, reason }) => match outcome {
                HandoffOutcome::Done => (HandoffState::Done, Some(by), reason),
                HandoffOutcome::Failed => (HandoffState::Failed, Some(by), reason),
            },
            HandoffChange::Ended(HandoffEnd::Expired) => (HandoffState::Expired, None, None),
            HandoffChange::Ended(HandoffEnd::Replaced) => (HandoffState::Replaced, None, None),
            HandoffChange::SessionOver => (HandoffState::SessionOver, None, None),
        };
        let event = match state {
            HandoffState::Waiting => WebhookEvent::HandoffWaiting,
            _ => WebhookEvent::HandoffEnded,
        };
        let link = handoff_link(&self.public_url, &session);
        self.tell(event, &tenant, link, About::Handoff { view, session, session_name, state, by, reason });
    }

    fn tell(&self, event: WebhookEvent, tenant: &Tenant, link: String, about: About) {
        let (occasion, at) = (Occasion::Event(event), self.clock.now_ms());
        self.notifier.tell(News { occasion, at, tenant: tenant.to_string(), link, about });
    }
}

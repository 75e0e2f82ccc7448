//! Takes news and sends them, one task a webhook.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use metrics::{counter, gauge};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::message_id;
use super::line::Line;
use super::{Answer, Client, Hook, HookError, News, backoff};
use crate::telemetry::{Tasks, names};

/// Messages of one webhook under way at once: a receiver that hangs holds up as many, and the others still go.
const UNDER_WAY_MAX: usize = 8;
/// Messages between the giver and a webhook's task, which takes them at once unless its own line is full.
const HANDED_OVER_MAX: usize = 32;

/// Sends news to all webhooks that want them.
pub struct Notifier {
    hooks: Vec<(Arc<Hook>, mpsc::Sender<Arc<News>>)>,
    /// No more news, and no second attempts.
    closing: CancellationToken,
    tasks: Tasks,
}

impl Notifier {
    /// Starts a task for each webhook. They are the notifier's own and end with [`Notifier::close`].
    ///
    /// # Errors
    /// [`HookError`] when one cannot be sent to from this machine at all.
    pub fn start(hooks: Vec<Hook>) -> Result<Self, HookError> {
        let (tasks, closing) = (Tasks::new(), CancellationToken::new());
        let client = Arc::new(Client::new(&hooks, &tasks)?);
        let hooks = hooks.into_iter().map(|hook| {
            let hook = Arc::new(hook);
            let (sender, queue) = mpsc::channel(HANDED_OVER_MAX);
            let sending = Sending { hook: Arc::clone(&hook), client: Arc::clone(&client), closing: closing.clone() };
            tasks.spawn("webhook", sending.run(queue));
            (hook, sender)
        });
        let hooks = hooks.collect();
        Ok(Self { hooks, closing, tasks })
    }

    /// Hands news over. Never waits: what does not fit is dropped, counted and said.
    pub fn tell(&self, news: News) {
        let news = Arc::new(news);
        for (hook, queue) in self.hooks.iter().filter(|(hook, _)| hook.wants(&news)) {
            if queue.try_send(Arc::clone(&news)).is_err() {
                counter!(names::WEBHOOKS, "webhook" => hook.name.clone(), "outcome" => "dropped").increment(1);
                tracing::warn!(webhook = %hook.name, event = news.occasion.word(), "a message was dropped: the queue is full");
            }
        }
    }

    /// Gives every message that waits one attempt, for at most this long, and ends.
    pub async fn close(&self, within: Duration) {
        self.closing.cancel();
        // Not cancelled yet: what is under way is to come to its end.
        let left = self.tasks.finish(within).await;
        if left > 0 {
            tracing::warn!(left, "webhooks had messages left when the service ended");
            self.tasks.end(within).await;
        }
    }
}

/// One webhook's task.
struct Sending {
    hook: Arc<Hook>,
    client: Arc<Client>,
    closing: CancellationToken,
}

impl Sending {
    async fn run(self, mut queue: mpsc::Receiver<Arc<News>>) {
        let waiting = gauge!(names::WEBHOOKS_WAITING, "webhook" => self.hook.name.clone());
        let mut line = Line::default();
        let mut under_way = FuturesUnordered::new();
        let (mut open, mut told) = (true, false);
        loop {
            while under_way.len() < UNDER_WAY_MAX
                && let Some(news) = line.next()
            {
                under_way.push(self.deliver(news));
            }
            #[allow(clippy::cast_precision_loss, reason = "a queue's length")]
            waiting.set((line.len() + under_way.len()) as f64);
            if !open && under_way.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                Some(subject) = under_way.next(), if !under_way.is_empty() => line.done(&subject),
                () = self.closing.cancelled(), if !told => {
                    told = true;
                    queue.close();
                }
                news = queue.recv(), if open && line.len() < self.hook.queue_max => match news {
                    Some(news) => line.push(news),
                    None => open = false,
                },
            }
        }
    }

    /// Tries a message until it is taken, refused for good, or was tried often enough. Answers what it was about.
    async fn deliver(&self, news: Arc<News>) -> String {
        let hook = &self.hook;
        let (id, body) = (message_id(), Bytes::from(hook.body(&news)));
        let mut attempt = 1;
        let outcome = loop {
            let answer = self.client.attempt(hook, &id, &body).await;
            counter!(names::WEBHOOK_ATTEMPTS, "webhook" => hook.name.clone(), "outcome" => answer.word()).increment(1);
            if let Answer::Taken(status) = answer {
                tracing::debug!(webhook = %hook.name, event = news.occasion.word(), status, attempt, "sent");
                break "sent";
            }
            let over = attempt >= hook.attempts_max || !answer.is_worth_another();
            if over || self.closing.is_cancelled() {
                tracing::warn!(webhook = %hook.name, event = news.occasion.word(), attempt, ?answer, "a message was given up");
                break "given_up";
            }
            let wait = backoff::wait(hook.retry, attempt, rand::random(), answer.retry_after());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.closing.cancelled() => {}
            }
            attempt += 1;
        };
        counter!(names::WEBHOOKS, "webhook" => hook.name.clone(), "outcome" => outcome).increment(1);
        news.subject()
    }
}

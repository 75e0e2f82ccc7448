//! What waits to be sent to one webhook. Pure: told what came and what is done, it says what goes next.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::News;

/// Messages in the order they came, of which one of each card may be under way: that a call ended never overtakes that it waits.
#[derive(Default)]
pub(super) struct Line {
    /// Bounded by whoever pushes: see `WebhookConfig::queue_max`.
    waiting: VecDeque<Arc<News>>,
    /// Subjects under way.
    busy: HashSet<String>,
}

impl Line {
    pub fn push(&mut self, news: Arc<News>) {
        self.waiting.push_back(news);
    }

    /// The next that may go, now under way.
    pub fn next(&mut self) -> Option<Arc<News>> {
        let at = self.waiting.iter().position(|news| !self.busy.contains(&news.subject()))?;
        let news = self.waiting.remove(at)?;
        self.busy.insert(news.subject());
        Some(news)
    }

    /// It was sent, or given up.
    pub fn done(&mut self, subject: &str) {
        self.busy.remove(subject);
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use helmwatch_protocol::{HandoffView, SessionId};

    use super::*;
    use crate::config::WebhookEvent;
    use crate::notify::{About, HandoffState, Occasion};

    fn news(number: u32, state: HandoffState) -> Arc<News> {
        let session: SessionId = "s_abcdefghijkl".parse().unwrap();
        let view = HandoffView { number, instructions: String::new(), asked_at: 0, expires_at: 0 };
        Arc::new(News {
            occasion: Occasion::Event(WebhookEvent::HandoffWaiting),
            at: 0,
            tenant: String::new(),
            link: String::new(),
            about: About::Handoff { view, session, session_name: String::new(), state, by: None, reason: None },
        })
    }

    #[test]
    fn an_end_waits_for_its_beginning_and_holds_up_nobody_else() {
        let mut line = Line::default();
        let (waits, ended) = (news(1, HandoffState::Waiting), news(1, HandoffState::Done));
        let other = news(2, HandoffState::Waiting);
        for one in [&waits, &ended, &other] {
            line.push(Arc::clone(one));
        }
        assert!(Arc::ptr_eq(&line.next().unwrap(), &waits));
        assert!(Arc::ptr_eq(&line.next().unwrap(), &other));
        assert!(line.next().is_none());
        assert_eq!(line.len(), 1);
        line.done(&waits.subject());
        assert!(Arc::ptr_eq(&line.next().unwrap(), &ended));
        assert_eq!(line.len(), 0);
    }
}

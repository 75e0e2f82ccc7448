//! Tells people elsewhere that something waits for them: webhooks.
//!
//! A [`Notifier`] is handed [`News`] and never makes its giver wait: each webhook has a bounded queue, and what does not fit is
//! dropped and counted. A message is tried a bounded number of times, each time with a deadline; redirects are not followed.
//! At-most-so-often, in order for one card, in no order between cards: a receiver goes by `webhook-id` and the state inside.
//!
//! This room must never decide anything, wait for a receiver on anybody's behalf, or send what the card does not show: texts come
//! masked from where they were made, and are cut here once more. It knows nothing of sessions, desks and browsers; `app` brings the news.

mod backoff;
mod client;
mod generic;
mod hook;
mod line;
mod news;
mod notifier;
mod sign;
mod slack;
mod words;

pub use client::{Answer, Client};
pub use hook::{Hook, HookError};
pub use news::{About, HandoffState, News, Occasion};
pub use notifier::Notifier;

//! One element of a page: what it is, and what our script does to it in its frame.
//!
//! Input that a person could give is in `pointer` and `keyboard`; this is what goes through the document.

use std::time::Duration;

use helmwatch_protocol::Rect;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Page;
use super::facts::{PageFacts, PageShown, ShownInFrame};
use super::place::Place;
use super::target::Target;
use crate::browser::BrowserError;

/// Longest one call of the script may take: a little more than it may wait itself.
const DEADLINE: Duration = Duration::from_secs(8);

impl Page {
    /// What an element is. Its rectangle is in CSS pixels of the tab's viewport.
    ///
    /// # Errors
    /// `Page` (`stale_ref`, `not_found`, `ambiguous`, …) when the target names no one element; as the connection.
    pub async fn facts(&self, target: &Target) -> Result<PageFacts, BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let mut facts: PageFacts = self.call(&frame, "facts", &On { target: &name }, DEADLINE).await?;
        let (left, top, scale) = self.corner(&frame).await?;
        let rect = facts.rect;
        facts.rect.x = left + rect.x * scale;
        facts.rect.y = top + rect.y * scale;
        facts.rect.width *= scale;
        facts.rect.height *= scale;
        Ok(facts)
    }

    /// How a person sees an element, after scrolling it into view.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn shown(&self, target: &Target) -> Result<PageShown, BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let seen: ShownInFrame = self.call(&frame, "shown", &On { target: &name }, DEADLINE).await?;
        let around = self.through(&frame, seen.x, seen.y).await?;
        let (left, top, scale) = self.corner(&frame).await?;
        let inner = seen.rect;
        let rect = Rect {
            x: left + inner.x * scale,
            y: top + inner.y * scale,
            width: inner.width * scale,
            height: inner.height * scale,
        };
        let free = seen.free && around.iter().all(|one| one.in_view && one.cover.is_none());
        // In whole pixels, and within its own frame: what scrolls around it does not move it.
        let (x, y) = ((inner.x + seen.scroll_x).round(), (inner.y + seen.scroll_y).round());
        let place = format!(
            "{x},{y} {}x{} {}",
            inner.width.round(),
            inner.height.round(),
            if free { "free" } else { "covered" }
        );
        Ok(PageShown { rect, place, sends: seen.sends })
    }

    /// Puts a text into a field, in place of what is there.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`, `not_editable`, …) when it does not take the text.
    pub async fn fill(&self, target: &Target, text: &str) -> Result<(), BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let query = FillQuery { target: &name, text };
        self.call::<_, Done>(&frame, "fill", &query, DEADLINE).await.map(drop)
    }

    /// Gives an element the keyboard.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn focus(&self, target: &Target) -> Result<(), BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        self.call::<_, Done>(&frame, "focus", &On { target: &name }, DEADLINE).await.map(drop)
    }

    /// Chooses options of a `select`, by value or label.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`, `no_option`, …).
    pub async fn choose(&self, target: &Target, values: &[String]) -> Result<(), BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let query = SelectQuery { target: &name, values };
        self.call::<_, Done>(&frame, "select", &query, DEADLINE).await.map(drop)
    }

    /// Does a checkbox, radio button or switch stand at `wanted`? One that is mixed stands at neither.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`) for anything else.
    pub async fn is_checked(&self, target: &Target, wanted: bool) -> Result<bool, BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let answer: Checked = self.call(&frame, "checked", &On { target: &name }, DEADLINE).await?;
        Ok(answer.checked == CheckedState::Is(wanted))
    }

    /// Waits until the page shows a text, or (`gone`) shows it no more, also over navigations.
    ///
    /// # Errors
    /// `Page` (`timeout`) after `wait`; as the connection.
    pub async fn wait_for_text(&self, text: &str, gone: bool, wait: Duration) -> Result<(), BrowserError> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let query = WaitQuery { text, gone, timeout_ms: millis(left) };
            let waited: Result<Done, _> =
                self.call(&self.main_frame(), "wait_text", &query, left + Duration::from_secs(2)).await;
            match waited {
                // A navigation takes the script away under the wait: it begins anew on the page that comes.
                Err(error) if error.is_context_lost() && !left.is_zero() => {}
                other => return other.map(drop),
            }
        }
    }
}

/// Arguments of every function about one element.
#[derive(Debug, Clone, Copy, Serialize)]
struct On<'a> {
    target: &'a str,
}

/// Arguments of `fill`.
#[derive(Debug, Clone, Copy, Serialize)]
struct FillQuery<'a> {
    target: &'a str,
    text: &'a str,
}

/// Arguments of `select`.
#[derive(Debug, Clone, Copy, Serialize)]
struct SelectQuery<'a> {
    target: &'a str,
    /// Values or labels.
    values: &'a [String],
}

/// Arguments of `wait_text`.
#[derive(Debug, Clone, Copy, Serialize)]
struct WaitQuery<'a> {
    text: &'a str,
    /// Waits for it to disappear.
    gone: bool,
    timeout_ms: u64,
}

/// Answer of functions that only do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Done {}

/// Answer of `checked`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Checked {
    checked: CheckedState,
}

/// What a checkbox, radio button or switch shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum CheckedState {
    Is(bool),
    /// The word `mixed`.
    Mixed(String),
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_checked_or_not_or_mixed() {
        let state = |text: &str| serde_json::from_str::<Checked>(text).unwrap().checked;
        assert_eq!(state(r#"{"checked":true,"kind":"checkbox"}"#), CheckedState::Is(true));
        assert_eq!(state(r#"{"checked":"mixed","kind":"checkbox"}"#), CheckedState::Mixed("mixed".to_owned()));
    }
}

//! One element of a page: what it is, whether it can be acted on, and what our script does to it in its frame.
//!
//! Input that a person could give (pointer, keys) is in `input`; this is what goes through the document.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Page;
use super::facts::PageFacts;
use super::scripting::Target;
use crate::browser::BrowserError;

/// How long an element may take to become fit for an action.
const READY_WAIT: Duration = Duration::from_secs(5);
/// Longest one call of the script may take: a little more than it may wait itself.
const DEADLINE: Duration = Duration::from_secs(8);

/// What an element must be before something is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Drawn, with a size.
    Visible,
    /// In the same place for two frames.
    Stable,
    Enabled,
    /// Takes text.
    Editable,
    /// On top at the point that would be pressed.
    Hit,
}

impl Check {
    /// What a person sees before clicking.
    pub const CLICK: [Self; 4] = [Self::Visible, Self::Stable, Self::Enabled, Self::Hit];
    /// What a person sees before typing.
    pub const TYPE: [Self; 3] = [Self::Visible, Self::Enabled, Self::Editable];
}

/// Answer of `ready`: a point of the element, CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

impl Page {
    /// What an element is. Its rectangle is in CSS pixels of the tab's viewport.
    ///
    /// # Errors
    /// `Page` (`stale_ref`, `not_found`, `ambiguous`, …) when the target names no one element; as the connection.
    pub async fn facts(&self, target: &Target) -> Result<PageFacts, BrowserError> {
        let frame = self.frame_of(target)?;
        let mut facts: PageFacts = self.call(&frame, "facts", &On { target: target.as_str() }, DEADLINE).await?;
        let (left, top) = self.frame_offset(&frame).await?;
        facts.rect.x += left;
        facts.rect.y += top;
        Ok(facts)
    }

    /// Waits, up to five seconds, until an element passes the checks; answers the point to press, CSS pixels of the tab's
    /// viewport. Scrolls it into view.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` with the check that it never passed (`not_visible`, `covered`, …).
    pub async fn aim(&self, target: &Target, checks: &[Check]) -> Result<Point, BrowserError> {
        let frame = self.frame_of(target)?;
        let query = ReadyQuery { target: target.as_str(), checks, timeout_ms: millis(READY_WAIT) };
        let point: Point = self.call(&frame, "ready", &query, DEADLINE).await?;
        let (left, top) = self.frame_offset(&frame).await?;
        Ok(Point { x: point.x + left, y: point.y + top })
    }

    /// Puts a text into a field, in place of what is there.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`, `not_editable`, …) when it does not take the text.
    pub async fn fill(&self, target: &Target, text: &str) -> Result<(), BrowserError> {
        let frame = self.frame_of(target)?;
        let query = FillQuery { target: target.as_str(), text };
        self.call::<_, Done>(&frame, "fill", &query, DEADLINE).await.map(drop)
    }

    /// Gives an element the keyboard.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn focus(&self, target: &Target) -> Result<(), BrowserError> {
        let frame = self.frame_of(target)?;
        self.call::<_, Done>(&frame, "focus", &On { target: target.as_str() }, DEADLINE).await.map(drop)
    }

    /// Chooses options of a `select`, by value or label.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`, `no_option`, …).
    pub async fn choose(&self, target: &Target, values: &[String]) -> Result<(), BrowserError> {
        let frame = self.frame_of(target)?;
        let query = SelectQuery { target: target.as_str(), values };
        self.call::<_, Done>(&frame, "select", &query, DEADLINE).await.map(drop)
    }

    /// Does a checkbox, radio button or switch stand at `wanted`? One that is mixed stands at neither.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`wrong_kind`) for anything else.
    pub async fn is_checked(&self, target: &Target, wanted: bool) -> Result<bool, BrowserError> {
        let frame = self.frame_of(target)?;
        let answer: Checked = self.call(&frame, "checked", &On { target: target.as_str() }, DEADLINE).await?;
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

/// Arguments of `ready`.
#[derive(Debug, Clone, Copy, Serialize)]
struct ReadyQuery<'a> {
    target: &'a str,
    checks: &'a [Check],
    timeout_ms: u64,
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

fn millis(time: Duration) -> u64 {
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

//! What is drawn over a page for people: frames around elements, a chapter's card, what an action is about to do.

use std::time::Duration;

use helmwatch_protocol::Rect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use super::target::Target;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Drawing takes no time, unless the page's own script does not yield.
const DEADLINE: Duration = Duration::from_secs(5);

/// How an action is shown before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionStyle {
    /// As in `top-right`.
    pub position: &'static str,
    /// `pointer` or `none`.
    pub cursor: &'static str,
    /// CSS declarations: of the dot on the point, of the box over the element, of the words.
    pub point: Option<String>,
    pub highlight: Option<String>,
    pub title: Option<String>,
}

#[derive(Serialize)]
struct HighlightQuery<'a> {
    target: &'a str,
    style: &'a str,
}

#[derive(Serialize)]
struct UnhighlightQuery<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
}

#[derive(Serialize)]
struct CardQuery<'a> {
    title: &'a str,
    description: &'a str,
    duration: u64,
}

#[derive(Serialize)]
struct ActionQuery<'a> {
    title: &'a str,
    at: Option<Rect>,
    position: &'a str,
    cursor: &'a str,
    style: ActionParts<'a>,
    duration: u64,
}

#[derive(Serialize)]
struct ActionParts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highlight: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Deserialize)]
struct Gone {
    count: usize,
}

impl Page {
    /// Draws a frame around an element until it is hidden or the document goes. `style`: further CSS declarations.
    ///
    /// # Errors
    /// As [`Page::facts`]; `Page` (`too_many`).
    pub async fn highlight(&self, target: &Target, style: &str) -> Result<(), BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let query = HighlightQuery { target: &name, style };
        self.call::<_, Value>(&frame, "highlight", &query, DEADLINE).await.map(drop)
    }

    /// Takes the frame around an element away, or (without one) all of them; how many there were.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn unhighlight(&self, target: Option<&Target>) -> Result<usize, BrowserError> {
        if let Some(target) = target {
            let Place { frame, name } = self.place(target).await?;
            let query = UnhighlightQuery { target: Some(&name) };
            return Ok(self.call::<_, Gone>(&frame, "unhighlight", &query, DEADLINE).await?.count);
        }
        // Only where our script is can something of ours be.
        let drawn: Vec<FrameRef> = lock(&self.state)
            .frames
            .iter()
            .filter(|(_, frame)| frame.world.is_some())
            .map(|(id, _)| FrameRef { id: id.clone() })
            .collect();
        let mut count = 0;
        for frame in drawn {
            let query = UnhighlightQuery { target: None };
            count += self.call::<_, Gone>(&frame, "unhighlight", &query, DEADLINE).await?.count;
        }
        Ok(count)
    }

    /// Shows a card over the whole page for a time; returns when it is drawn.
    ///
    /// # Errors
    /// As the connection.
    pub async fn card(&self, title: &str, description: &str, shown: Duration) -> Result<(), BrowserError> {
        let query = CardQuery { title, description, duration: millis(shown) };
        self.call::<_, Value>(&self.main_frame(), "card", &query, DEADLINE).await.map(drop)
    }

    /// Shows for a time what an action is about to do, and where; returns when it is drawn.
    ///
    /// # Errors
    /// As the connection.
    pub async fn show_action(
        &self,
        title: &str,
        at: Option<Rect>,
        style: &ActionStyle,
        shown: Duration,
    ) -> Result<(), BrowserError> {
        let parts = ActionParts {
            point: style.point.as_deref(),
            highlight: style.highlight.as_deref(),
            title: style.title.as_deref(),
        };
        let query = ActionQuery {
            title,
            at,
            position: style.position,
            cursor: style.cursor,
            style: parts,
            duration: millis(shown),
        };
        self.call::<_, Value>(&self.main_frame(), "action", &query, DEADLINE).await.map(drop)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

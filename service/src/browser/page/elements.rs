//! What a selector matches, in any frame, and what a field holds: for claims about a page.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use super::target::Target;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

const DEADLINE: Duration = Duration::from_secs(5);

/// What a selector matches in one frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Matches {
    pub count: usize,
    /// Of them, how many are drawn.
    pub visible: usize,
    /// Words of the first that is drawn, cut: page text, data.
    pub text: String,
}

#[derive(Serialize)]
struct Query<'a> {
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<&'a str>,
}

#[derive(Serialize)]
struct On<'a> {
    target: &'a str,
}

#[derive(Deserialize)]
struct Held {
    value: String,
}

impl Page {
    /// What a selector matches in the first frame in which it matches something that is drawn; the main frame goes first.
    ///
    /// # Errors
    /// `Page` (`bad_selector`) when it is none; as the connection.
    pub async fn matches(&self, selector: &str) -> Result<Matches, BrowserError> {
        let main = self.main_frame();
        let mut best = self.matches_in(&main, selector, None).await?;
        let others: Vec<FrameRef> = lock(&self.state)
            .frames
            .keys()
            .filter(|id| **id != main.id)
            .map(|id| FrameRef { id: id.clone() })
            .collect();
        for frame in others {
            if best.visible > 0 {
                break;
            }
            match self.matches_in(&frame, selector, None).await {
                Ok(found) if found.count > 0 => best = found,
                // A frame that went or cannot be asked holds nothing that could be claimed.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(best)
    }

    /// What a selector matches inside an element.
    ///
    /// # Errors
    /// As [`Page::facts`] for the element; `Page` (`bad_selector`).
    pub async fn matches_within(&self, within: &Target, selector: &str) -> Result<Matches, BrowserError> {
        let Place { frame, name } = self.place(within).await?;
        self.matches_in(&frame, selector, Some(&name)).await
    }

    async fn matches_in(
        &self,
        frame: &FrameRef,
        selector: &str,
        within: Option<&str>,
    ) -> Result<Matches, BrowserError> {
        self.call(frame, "elements", &Query { target: selector, within }, DEADLINE).await
    }

    /// What a field holds, or the words of any other element.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn value(&self, target: &Target) -> Result<String, BrowserError> {
        let Place { frame, name } = self.place(target).await?;
        let held: Held = self.call(&frame, "value", &On { target: &name }, DEADLINE).await?;
        Ok(held.value)
    }
}

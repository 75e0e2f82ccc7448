//! The page as text to read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Page;
use super::target::Target;
use crate::browser::BrowserError;

/// How long a page may take to be read; a very large one takes a second.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is drawn of a page or of one element: page text, data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reading {
    /// Plain HTML of elements that mean something in Markdown, addresses absolute; at most four million characters.
    pub html: String,
    pub title: String,
    pub url: String,
    /// Was there more than that?
    pub truncated: bool,
}

#[derive(Serialize)]
struct Query<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
}

impl Page {
    /// Reads the main content of the page, or one element; menus and controls are left out. Frames inside are not read.
    ///
    /// # Errors
    /// As [`Page::facts`].
    pub async fn reading(&self, target: Option<&Target>) -> Result<Reading, BrowserError> {
        let place = match target {
            Some(target) => Some(self.place(target).await?),
            None => None,
        };
        let frame = place.as_ref().map_or_else(|| self.main_frame(), |place| place.frame.clone());
        let target = place.as_ref().map(|place| place.name.as_str());
        self.call(&frame, "reading", &Query { target }, DEADLINE).await
    }
}

//! `browser_video_chapter`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::response::one_line;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError};

/// How long a card is shown unless the call says otherwise, and at most.
const SHOWN_MS: u64 = 2_000;
const SHOWN_MS_MAX: u64 = 10_000;
/// Longest title and description, characters.
const CHARS_MAX: usize = 500;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    title: String,
    #[serde(default)]
    description: Option<String>,
    /// Milliseconds the card is shown; 2000 when left out
    #[serde(default)]
    duration: Option<u64>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_video_chapter",
        "Begin a chapter",
        "Show a card with a title over the page for a moment, and mark the chapter in the video.",
        Hints::READ,
        |a: Arguments| {
            let description = a.description.unwrap_or_default();
            let shown = Duration::from_millis(a.duration.unwrap_or(SHOWN_MS));
            let long = |text: &str| text.chars().count() > CHARS_MAX;
            if a.title.trim().is_empty()
                || long(&a.title)
                || long(&description)
                || shown.as_millis() > SHOWN_MS_MAX.into()
            {
                let what = format!(
                    "title has 1 to {CHARS_MAX} characters, description at most as many, duration at most {SHOWN_MS_MAX} ms."
                );
                return Err(ToolError::arguments("browser_video_chapter", &what));
            }
            Ok(Prepared::page(Effect::Read, "Begin a chapter", move |turn| async move {
                let page = turn.page()?;
                turn.session.video_chapter(&a.title);
                page.card(&a.title, &description, shown).await?;
                // What comes next happens on the page and not behind the card: the agent's own wish, like browser_wait_for.
                tokio::time::sleep(shown).await;
                Ok(Answer::result(format!("Chapter '{}' added.", one_line(&a.title))))
            }))
        },
    )
}

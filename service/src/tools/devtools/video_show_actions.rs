//! `browser_video_show_actions`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::css::declarations;
use crate::policy::Effect;
use crate::session::{ActionStyle, ShownActions};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal};

/// How long an action is announced unless the call says otherwise, and at most.
const SHOWN_MS: u64 = 500;
const SHOWN_MS_MAX: u64 = 5_000;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Milliseconds; 500 when left out
    #[serde(default)]
    duration: Option<u64>,
    #[serde(default)]
    position: Position,
    #[serde(default)]
    cursor: Cursor,
    /// CSS declarations of the parts
    #[serde(default)]
    style: Option<Style>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Style {
    #[serde(default)]
    point: Option<String>,
    #[serde(default)]
    highlight: Option<String>,
    #[serde(default)]
    title: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Position {
    TopLeft,
    Top,
    #[default]
    TopRight,
    BottomLeft,
    Bottom,
    BottomRight,
}

impl Position {
    const fn word(self) -> &'static str {
        match self {
            Self::TopLeft => "top-left",
            Self::Top => "top",
            Self::TopRight => "top-right",
            Self::BottomLeft => "bottom-left",
            Self::Bottom => "bottom",
            Self::BottomRight => "bottom-right",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Cursor {
    None,
    #[default]
    Pointer,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_video_show_actions",
        "Show actions",
        "Name each further action on the page, and point at its element, for a moment before it is done.",
        Hints::READ,
        |a: Arguments| {
            let duration = a.duration.unwrap_or(SHOWN_MS);
            if duration > SHOWN_MS_MAX {
                let what = format!("duration is at most {SHOWN_MS_MAX} ms.");
                return Err(ToolError::arguments("browser_video_show_actions", &what));
            }
            let style = a.style.unwrap_or_default();
            for css in [&style.point, &style.highlight, &style.title].into_iter().flatten() {
                declarations("browser_video_show_actions", css)?;
            }
            let shown = ShownActions {
                style: ActionStyle {
                    position: a.position.word(),
                    cursor: match a.cursor {
                        Cursor::None => "none",
                        Cursor::Pointer => "pointer",
                    },
                    point: style.point,
                    highlight: style.highlight,
                    title: style.title,
                },
                duration: Duration::from_millis(duration),
                named: true,
            };
            let prepared = Prepared::page(Effect::Read, "Show actions", move |turn| async move {
                turn.session.show_actions(Some(shown));
                Ok(Answer::result("Action annotations enabled."))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

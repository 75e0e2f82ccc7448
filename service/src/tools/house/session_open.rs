//! `session_open`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::session::NewSession;
use crate::tools::gate::cancelled;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    name: Option<String>,
    /// Viewport, CSS pixels
    #[serde(default)]
    width: Option<u32>,
    /// Viewport, CSS pixels
    #[serde(default)]
    height: Option<u32>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "session_open",
        "Open a session",
        "Open one more browser session, with cookies and storage of its own.",
        Hints { destructive: false, ..Hints::ACT },
        |a: Arguments| {
            let viewport = match (a.width, a.height) {
                (Some(width), Some(height)) => Some((width, height)),
                (None, None) => None,
                _ => return Err(ToolError::arguments("session_open", "give width and height together.")),
            };
            let wanted = NewSession { name: a.name, viewport };
            Ok(Prepared::house(
                "Open a session",
                Box::new(move |house| {
                    Box::pin(async move {
                        let tell = |position: usize| {
                            (house.tell)(format!("Waiting for a free browser session: place {position} in the queue."));
                        };
                        let session = tokio::select! {
                            biased;
                            session = house.registry.open(house.caller, wanted, tell) => session?,
                            // Whoever left while waiting for a place is out of the queue at once, and no session is left to nobody.
                            () = house.cancelled.cancelled() => return Err(cancelled()),
                        };
                        Ok(Answer::result(format!(
                            "Opened session \"{}\" ({}).\nPass session: \"{}\" to other tools to use it.",
                            session.name(),
                            session.id(),
                            session.name()
                        )))
                    })
                }),
            ))
        },
    )
}

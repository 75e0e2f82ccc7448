//! `browser_start_video`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{ActionStyle, ShownActions, VideoWish};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal, clock};

/// Pictures a second unless the call says otherwise, and at most.
const FPS: u32 = 10;
const FPS_MAX: u32 = 25;
/// Smallest and largest side, pixels.
const SIDE: std::ops::RangeInclusive<u32> = 64..=1920;
/// How long the pointer travels to where an action happens.
const TRAVEL: Duration = Duration::from_millis(800);

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Name of the file; else one with the time
    #[serde(default)]
    filename: Option<String>,
    /// Pixels; the page's when left out
    #[serde(default)]
    size: Option<Size>,
    /// Pictures a second, 1 to 25; 10 when left out
    #[serde(default)]
    fps: Option<u32>,
    /// Draw a pointer that travels to each action, 800 ms each
    #[serde(default)]
    cursor: bool,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
struct Size {
    width: u32,
    height: u32,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_start_video",
        "Start a video",
        "Record the current tab as a WebM video, until browser_stop_video; at most 30 minutes.",
        Hints::READ,
        |a: Arguments| {
            let wrong = |what: String| Err(ToolError::arguments("browser_start_video", &what));
            let fps = a.fps.unwrap_or(FPS);
            if !(1..=FPS_MAX).contains(&fps) {
                return wrong(format!("fps is 1 to {FPS_MAX}."));
            }
            let size = a.size.map(|size| (size.width, size.height));
            if size.is_some_and(|(width, height)| !SIDE.contains(&width) || !SIDE.contains(&height)) {
                return wrong(format!("a side has {} to {} pixels.", SIDE.start(), SIDE.end()));
            }
            let prepared = Prepared::page(Effect::Read, "Start a video", move |turn| async move {
                let name = a.filename.unwrap_or_else(|| format!("video-{}.webm", clock::stamp(clock::now_ms())));
                turn.session.start_video(VideoWish { name, size, fps })?;
                if a.cursor && turn.session.shown_actions().is_none() {
                    let style = ActionStyle { position: "top-right", cursor: "pointer", ..ActionStyle::default() };
                    turn.session.show_actions(Some(ShownActions { style, duration: TRAVEL, named: false }));
                }
                Ok(Answer::result("Video recording started."))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

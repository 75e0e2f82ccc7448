//! `browser_stop_video`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_stop_video",
        "Stop the video",
        "End the video and give its file.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "Stop the video", |turn| async move {
                // A pointer that only travels belongs to the video; named actions have a switch of their own.
                if turn.session.shown_actions().is_some_and(|shown| !shown.named) {
                    turn.session.show_actions(None);
                }
                let Some(video) = turn.session.stop_video().await? else {
                    return Ok(Answer::result("No videos were recorded."));
                };
                let result =
                    video.cut_short.map(|why| format!("The video ended by itself: {why}.")).unwrap_or_default();
                let files = vec![turn.artefact("Video", &video.file)];
                Ok(Answer { files, ..Answer::result(result) })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

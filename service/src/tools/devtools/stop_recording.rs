//! `browser_stop_recording`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_stop_recording",
        "Stop the recording",
        "End the recording and get its code.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "Stop the recording", |turn| async move {
                let Some(recorded) = turn.session.stop_recording() else {
                    return Err(ToolError::new(
                        "no_recording",
                        "No recording in progress.",
                        "Start one first (browser_start_recording).",
                    ));
                };
                if recorded.lines.is_empty() {
                    return Ok(Answer::result("Recording stopped. No actions were recorded.").and_snapshot());
                }
                let mut result =
                    format!("Recording stopped. Recorded actions:\n\n```js\n{}\n```", recorded.lines.join("\n"));
                if recorded.left_out > 0 {
                    result.push_str(&format!("\n{} more actions were not recorded.", recorded.left_out));
                }
                Ok(Answer::result(result).and_snapshot())
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

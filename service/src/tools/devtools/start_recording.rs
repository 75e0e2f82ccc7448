//! `browser_start_recording`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_start_recording",
        "Start a recording",
        "Record as Playwright code what a person does on the pages (in the live view) and what you do, until \
         browser_stop_recording.",
        Hints::READ,
        |_: Nothing| {
            Ok(Prepared::page(Effect::Read, "Start a recording", |turn| async move {
                turn.session.start_recording().await?;
                Ok(Answer::result("Recording started. Call browser_stop_recording to retrieve the recorded actions."))
            }))
        },
    )
}

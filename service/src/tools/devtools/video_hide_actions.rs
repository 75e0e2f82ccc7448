//! `browser_video_hide_actions`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_video_hide_actions",
        "Hide actions",
        "No longer name actions on the page.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "Hide actions", |turn| async move {
                turn.session.show_actions(None);
                Ok(Answer::result("Action annotations disabled."))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

//! `browser_start_tracing`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_start_tracing",
        "Start a trace",
        "Log every call and request of the session, until browser_stop_tracing gives both logs as files.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "Start a trace", |turn| async move {
                if !turn.session.start_trace() {
                    return Err(ToolError::new(
                        "trace_runs",
                        "Tracing has been started already.",
                        "End it first (browser_stop_tracing).",
                    ));
                }
                Ok(Answer::result("Trace recording started"))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

//! `browser_stop_tracing`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal};

/// As the logs are: a JSON object a line.
const MIME: &str = "application/x-ndjson";

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_stop_tracing",
        "Stop the trace",
        "End the trace and get its files.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "Stop the trace", |turn| async move {
                let Some(traced) = turn.session.stop_trace() else {
                    return Err(ToolError::new(
                        "no_trace",
                        "Tracing is not started",
                        "Start it first (browser_start_tracing).",
                    ));
                };
                let files = vec![
                    turn.keep("Action log", None, ("trace", "trace"), MIME, traced.actions).await?,
                    turn.keep("Network log", None, ("trace", "network"), MIME, traced.network).await?,
                ];
                Ok(Answer { files, ..Answer::result("Trace recording stopped.") })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

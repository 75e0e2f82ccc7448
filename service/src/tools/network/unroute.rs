//! `browser_unroute`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::response::one_line;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// As it was given to browser_route; all routes without one
    #[serde(default)]
    pattern: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Network,
        "browser_unroute",
        "Remove routes",
        "Remove the routes of a pattern, or all.",
        Hints::ACT,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Act, "Remove routes", move |turn| async move {
                let removed = turn.session.remove_routes(a.pattern.as_deref()).await?;
                Ok(Answer::result(match &a.pattern {
                    Some(pattern) => {
                        let shown: String = one_line(pattern).chars().take(200).collect();
                        format!("Removed {removed} route(s) for pattern: {shown}")
                    }
                    None => format!("Removed all {removed} route(s)"),
                }))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

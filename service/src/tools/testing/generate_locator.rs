//! `browser_generate_locator`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// The element in plain words
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref from a snapshot, or a selector
    target: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Testing,
        "browser_generate_locator",
        "Create a locator",
        "A Playwright locator that finds this element and no other.",
        Hints::READ,
        |a: Arguments| {
            let target = Target::new(&a.target);
            let prepared = Prepared::page(Effect::Read, "Make a locator for", move |turn| async move {
                Ok(Answer::result(turn.code(0)))
            });
            Ok(prepared.on(&target))
        },
    )
}

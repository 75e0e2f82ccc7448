//! `browser_highlight`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::css::declarations;
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
    /// CSS declarations, as in outline: 2px dashed red
    #[serde(default)]
    style: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_highlight",
        "Highlight an element",
        "Draw a frame around an element, for people who watch and for pictures, until it is hidden.",
        Hints::READ,
        |a: Arguments| {
            let style = a.style.unwrap_or_default();
            declarations("browser_highlight", &style)?;
            let target = Target::new(&a.target);
            let prepared = Prepared::page(Effect::Read, "Highlight", {
                let target = target.clone();
                move |turn| async move {
                    turn.page()?.highlight(&target, &style).await?;
                    Ok(Answer::result(format!("Highlighted {}", turn.code(0))))
                }
            });
            Ok(prepared.on(&target))
        },
    )
}

//! `browser_hide_highlight`.

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
    /// Only of this element: a ref or a selector
    #[serde(default)]
    target: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Devtools,
        "browser_hide_highlight",
        "Hide highlights",
        "Take away the frame around an element, or all of them.",
        Hints::READ,
        |a: Arguments| {
            let target = a.target.as_deref().map(Target::new);
            let mut prepared = Prepared::page(Effect::Read, "Hide highlights", {
                let target = target.clone();
                move |turn| async move {
                    let gone = turn.page()?.unhighlight(target.as_ref()).await?;
                    Ok(Answer::result(match (&target, gone) {
                        (None, _) => "Hid page highlight".to_owned(),
                        (Some(_), 0) => format!("There was no highlight for {}", turn.code(0)),
                        (Some(_), _) => format!("Hid highlight for {}", turn.code(0)),
                    }))
                }
            });
            prepared.targets = target.into_iter().collect();
            Ok(prepared)
        },
    )
}

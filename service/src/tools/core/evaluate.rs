//! `browser_evaluate`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Hints, Prepared, Tool, quoted};

/// How long the page's script may take; it is interrupted then.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    #[serde(default)]
    target: Option<String>,
    /// () => { ... } or (element) => { ... }
    function: String,
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_evaluate",
        "Evaluate JavaScript",
        "Run JavaScript on the page or on an element.",
        Hints::ACT,
        |a: Arguments| {
            let target = a.target.as_deref().map(Target::new);
            let function = a.function.clone();
            let mut prepared = Prepared::page(Effect::Act, "Run a script on", {
                let target = target.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let mark = page.mark();
                    let value = page.evaluate(&a.function, target.as_ref(), DEADLINE).await?;
                    turn.settled(&page, mark).await?;
                    let result = match value {
                        Some(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
                        None => "undefined".to_owned(),
                    };
                    let on = if target.is_some() { format!("page.{}", turn.code(0)) } else { "page".to_owned() };
                    let code = vec![format!("await {on}.evaluate({});", quoted(&a.function))];
                    let told =
                        turn.tell("Evaluation result", a.filename.as_deref(), ("json", "application/json"), result);
                    Ok(Answer { code, ..told.await? })
                }
            });
            if target.is_none() {
                "Run a script on the page".clone_into(&mut prepared.verb);
            }
            prepared.targets = target.into_iter().collect();
            Ok(prepared.with(&function))
        },
    )
}

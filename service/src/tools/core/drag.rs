//! `browser_drag`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{BrowserError, Target};
use crate::tools::{Answer, Hints, Prepared, Tool, response};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "part of the interface: clients describe the elements for people")]
struct Arguments {
    #[serde(default)]
    start_element: Option<String>,
    /// Ref or selector
    start_target: String,
    #[serde(default)]
    end_element: Option<String>,
    end_target: String,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_drag", "Drag", "Drag one element onto another.", Hints::ACT, |a: Arguments| {
        let (start, end) = (Target::new(&a.start_target), Target::new(&a.end_target));
        let prepared = Prepared::page(Effect::Act, "Drag", {
            let (start, end) = (start.clone(), end.clone());
            move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                let refused = match page.drag(&start, &end).await {
                    Err(BrowserError::DialogOpen) => None,
                    other => other?,
                };
                turn.settled(&page, mark).await?;
                let code = format!("await page.{}.dragTo(page.{});", turn.code(0), turn.code(1));
                let result = refused.map(|element| {
                    format!("It was dropped, but {} did not take it; it went back.", response::one_line(&element))
                });
                Ok(Answer { result: result.unwrap_or_default(), ..Answer::code(code) }.and_snapshot())
            }
        });
        Ok(prepared.on(&start).on(&end))
    })
}

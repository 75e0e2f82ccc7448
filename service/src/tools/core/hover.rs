//! `browser_hover`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Check, Target};
use crate::tools::{Answer, Hints, Prepared, Tool};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    target: String,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_hover", "Hover", "Move the mouse over an element.", Hints::ACT, |a: Arguments| {
        let target = Target::new(&a.target);
        let prepared = Prepared::page(Effect::Act, "Hover over", {
            let target = target.clone();
            move |turn| async move {
                let page = turn.page()?;
                let at = page.aim(&target, &[Check::Visible, Check::Stable, Check::Hit]).await?;
                let mark = page.mark();
                turn.dialog_is_fine(page.move_to(at.x, at.y).await)?;
                turn.settled(&page, mark).await?;
                Ok(Answer::code(format!("await page.{}.hover();", turn.code(0))).and_snapshot())
            }
        });
        Ok(prepared.on(&target))
    })
}

//! `browser_select_option`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Check, Target};
use crate::tools::{Answer, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    target: String,
    /// Values or labels to choose
    values: Vec<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_select_option", "Select option", "Choose options of a dropdown.", Hints::ACT, |a: Arguments| {
        let target = Target::new(&a.target);
        let values = a.values.join(", ");
        let prepared = Prepared::page(Effect::Act, "Select in", {
            let target = target.clone();
            move |turn| async move {
                let page = turn.page()?;
                page.aim(&target, &[Check::Visible, Check::Enabled]).await?;
                let mark = page.mark();
                page.choose(&target, &a.values).await?;
                turn.settled(&page, mark).await?;
                let list: Vec<_> = a.values.iter().map(|value| quoted(value)).collect();
                let code = format!("await page.{}.selectOption([{}]);", turn.code(0), list.join(", "));
                Ok(Answer::code(code).and_snapshot())
            }
        });
        Ok(prepared.on(&target).with(&values))
    })
}

//! `browser_type`.

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
    /// What to type; replaces what is there unless typed slowly
    text: String,
    /// Press Enter afterwards
    #[serde(default)]
    submit: bool,
    /// Key by key, for pages that listen to each
    #[serde(default)]
    slowly: bool,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_type", "Type text", "Type text into an editable element.", Hints::ACT, |a: Arguments| {
        let target = Target::new(&a.target);
        let text = a.text.clone();
        let effect = if a.submit { Effect::Send } else { Effect::Act };
        let verb = if a.submit { "Type and submit in" } else { "Type into" };
        let prepared = Prepared::page(effect, verb, {
            let target = target.clone();
            move |turn| async move {
                let page = turn.page()?;
                page.aim(&target, &Check::TYPE).await?;
                let mark = page.mark();
                let mut code = Vec::new();
                let locator = turn.code(0);
                if a.slowly {
                    page.focus(&target).await?;
                    turn.dialog_is_fine(page.type_keys(&a.text).await)?;
                    code.push(format!("await page.{locator}.pressSequentially({});", quoted(&a.text)));
                } else {
                    page.fill(&target, &a.text).await?;
                    code.push(format!("await page.{locator}.fill({});", quoted(&a.text)));
                }
                if a.submit {
                    turn.dialog_is_fine(page.next_frame().await)?;
                    turn.dialog_is_fine(page.press("Enter").await)?;
                    code.push(format!("await page.{locator}.press('Enter');"));
                }
                let answer = Answer { code, ..Answer::default() };
                if !a.submit && !a.slowly {
                    return Ok(answer);
                }
                turn.settled(&page, mark).await?;
                Ok(answer.and_snapshot())
            }
        });
        Ok(prepared.on(&target).with(&text))
    })
}

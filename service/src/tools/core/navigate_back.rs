//! `browser_navigate_back`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::core("browser_navigate_back", "Go back", "Go back to the previous page.", Hints::ACT, |_: Nothing| {
        Ok(Prepared::page(Effect::Act, "Go back", |turn| async move {
            let page = turn.page()?;
            page.back(turn.navigation_deadline).await?;
            Ok(Answer::code("await page.goBack();").and_snapshot())
        }))
    })
}

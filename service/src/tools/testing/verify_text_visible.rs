//! `browser_verify_text_visible`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::not_so;
use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    text: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Testing,
        "browser_verify_text_visible",
        "Verify a text",
        "Claim that a text is visible.",
        Hints::READ,
        |a: Arguments| {
            let locator = format!("getByText({})", quoted(&a.text));
            Ok(Prepared::page(Effect::Read, "Check for a text", move |turn| async move {
                if turn.page()?.matches(&locator).await?.visible == 0 {
                    return Err(not_so("Text not found".to_owned()));
                }
                let code = vec![format!("await expect(page.{locator}).toBeVisible();")];
                Ok(Answer { code, ..Answer::result("Done") })
            }))
        },
    )
}

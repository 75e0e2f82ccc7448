//! `browser_verify_element_visible`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::not_so;
use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// As in a snapshot's `- ROLE "name"`
    role: String,
    /// The name there
    accessible_name: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Testing,
        "browser_verify_element_visible",
        "Verify an element",
        "Claim that an element of this role and name is visible.",
        Hints::READ,
        |a: Arguments| {
            let locator = format!("getByRole({}, {{ name: {} }})", quoted(&a.role), quoted(&a.accessible_name));
            Ok(Prepared::page(Effect::Read, "Check for an element", move |turn| async move {
                if turn.page()?.matches(&locator).await?.visible == 0 {
                    let (role, name) = (&a.role, &a.accessible_name);
                    return Err(not_so(format!(
                        "Element with role \"{role}\" and accessible name \"{name}\" not found"
                    )));
                }
                let code = vec![format!("await expect(page.{locator}).toBeVisible();")];
                Ok(Answer { code, ..Answer::result("Done") })
            }))
        },
    )
}

//! `browser_verify_list_visible`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::not_so;
use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, quoted};

/// Items of one claim.
const ITEMS_MAX: usize = 200;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// The list in plain words
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: String,
    /// Ref from a snapshot, or a selector
    target: String,
    /// Texts that are in it
    items: Vec<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Testing,
        "browser_verify_list_visible",
        "Verify a list",
        "Claim that a list shows these items.",
        Hints::READ,
        |a: Arguments| {
            if a.items.is_empty() || a.items.len() > ITEMS_MAX {
                let what = format!("items takes 1 to {ITEMS_MAX} texts.");
                return Err(ToolError::arguments("browser_verify_list_visible", &what));
            }
            let target = Target::new(&a.target);
            let prepared = Prepared::page(Effect::Read, "Check the items of", {
                let target = target.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let mut lines = String::new();
                    for item in &a.items {
                        let found = page.matches_within(&target, &format!("getByText({})", quoted(item))).await?;
                        if found.visible == 0 {
                            return Err(not_so(format!("Item \"{item}\" not found")));
                        }
                        let text =
                            serde_json::Value::String(found.text).to_string().replace('`', "\\`").replace("${", "\\${");
                        lines.push_str(&format!("\n  - listitem: {text}"));
                    }
                    let code =
                        vec![format!("await expect(page.locator('body')).toMatchAriaSnapshot(`\n- list:{lines}\n`);")];
                    Ok(Answer { code, ..Answer::result("Done") })
                }
            });
            Ok(prepared.on(&target))
        },
    )
}

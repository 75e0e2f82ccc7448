//! `browser_verify_value`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::not_so;
use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    r#type: Kind,
    /// The element in plain words
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: String,
    /// Ref from a snapshot, or a selector
    target: String,
    /// true or false for a checkbox
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Textbox,
    Checkbox,
    Radio,
    Combobox,
    Slider,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Testing,
        "browser_verify_value",
        "Verify a value",
        "Claim that a field holds a value.",
        Hints::READ,
        |a: Arguments| {
            let target = Target::new(&a.target);
            let prepared = Prepared::page(Effect::Read, "Check the value of", {
                let target = target.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let locator = format!("page.{}", turn.code(0));
                    let differs = |got: &str| not_so(format!("Expected value \"{}\", but got \"{got}\"", a.value));
                    let code = match a.r#type {
                        Kind::Checkbox | Kind::Radio => {
                            let wanted = a.value == "true";
                            if !page.is_checked(&target, wanted).await? {
                                return Err(differs(if wanted { "false" } else { "true" }));
                            }
                            let not = if wanted { "" } else { ".not" };
                            format!("await expect({locator}){not}.toBeChecked();")
                        }
                        Kind::Textbox | Kind::Combobox | Kind::Slider => {
                            let got = page.value(&target).await?;
                            if got != a.value {
                                return Err(differs(&got));
                            }
                            format!("await expect({locator}).toHaveValue({});", quoted(&a.value))
                        }
                    };
                    Ok(Answer { code: vec![code], ..Answer::result("Done") })
                }
            });
            Ok(prepared.on(&target))
        },
    )
}

//! `browser_fill_form`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Check, ClickOptions, Page, Target};
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, Turn, quoted};

/// Fields of one call.
const FIELDS_MAX: usize = 100;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    fields: Vec<Field>,
}

#[derive(Deserialize, JsonSchema)]
struct Field {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    #[serde(alias = "ref")]
    target: String,
    name: String,
    r#type: Kind,
    /// Text; true or false; an option's text
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
    Tool::core("browser_fill_form", "Fill form", "Fill several fields at once.", Hints::ACT, |a: Arguments| {
        if a.fields.is_empty() || a.fields.len() > FIELDS_MAX {
            return Err(ToolError::arguments("browser_fill_form", &format!("fields takes 1 to {FIELDS_MAX} entries.")));
        }
        for field in &a.fields {
            let needs_bool = matches!(field.r#type, Kind::Checkbox | Kind::Radio);
            if needs_bool && !matches!(field.value.as_str(), "true" | "false") {
                let what = format!("the value of \"{}\" is \"true\" or \"false\".", field.name);
                return Err(ToolError::arguments("browser_fill_form", &what));
            }
        }
        let targets: Vec<_> = a.fields.iter().map(|field| Target::new(&field.target)).collect();
        let values: Vec<_> = a.fields.iter().map(|field| field.value.clone()).collect();
        let mut prepared = Prepared::page(Effect::Act, "Fill", {
            let targets = targets.clone();
            move |turn| async move {
                let page = turn.page()?;
                let mut code = Vec::new();
                let mark = page.mark();
                for (at, (field, target)) in a.fields.iter().zip(&targets).enumerate() {
                    let line = fill(&turn, &page, field, target, turn.code(at)).await.map_err(|error| {
                        let what =
                            format!("Field \"{}\": {} ({at} fields before it were filled.)", field.name, error.what);
                        ToolError::new(&error.code, what, error.hint)
                    })?;
                    code.push(line);
                }
                turn.settled(&page, mark).await?;
                Ok(Answer { code, ..Answer::default() })
            }
        });
        prepared.targets = targets;
        prepared.values = values;
        Ok(prepared)
    })
}

async fn fill(turn: &Turn, page: &Page, field: &Field, target: &Target, code: &str) -> Result<String, ToolError> {
    match field.r#type {
        Kind::Textbox | Kind::Slider => {
            page.aim(target, &Check::TYPE).await?;
            page.fill(target, &field.value).await?;
            Ok(format!("await page.{code}.fill({});", quoted(&field.value)))
        }
        Kind::Combobox => {
            page.aim(target, &[Check::Visible, Check::Enabled]).await?;
            page.choose(target, std::slice::from_ref(&field.value)).await?;
            Ok(format!("await page.{code}.selectOption({});", quoted(&field.value)))
        }
        Kind::Checkbox | Kind::Radio => {
            let wanted = field.value == "true";
            if !page.is_checked(target, wanted).await? {
                let at = page.aim(target, &Check::CLICK).await?;
                turn.dialog_is_fine(page.click_at(at.x, at.y, &ClickOptions::default()).await)?;
                if !page.is_checked(target, wanted).await? {
                    let state = if wanted { "checked" } else { "unchecked" };
                    return Err(ToolError::new(
                        "not_changed",
                        format!("a click did not make it {state}."),
                        "Take a snapshot.",
                    ));
                }
            }
            Ok(format!("await page.{code}.{}();", if wanted { "check" } else { "uncheck" }))
        }
    }
}

//! `browser_click`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Check, ClickOptions, MouseButton, Target};
use crate::tools::{Answer, Hints, Prepared, Tool};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    target: String,
    #[serde(default)]
    double_click: bool,
    #[serde(default)]
    button: Button,
    #[serde(default)]
    modifiers: Vec<Modifier>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Button {
    #[default]
    Left,
    Right,
    Middle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
enum Modifier {
    Alt,
    Control,
    ControlOrMeta,
    Meta,
    Shift,
}

impl Modifier {
    const fn bit(self) -> i64 {
        match self {
            Self::Alt => 1,
            Self::Control | Self::ControlOrMeta => 2,
            Self::Meta => 4,
            Self::Shift => 8,
        }
    }
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_click",
        "Click",
        "Click an element; answers with the page's snapshot.",
        Hints::ACT,
        |a: Arguments| {
            let target = Target::new(&a.target);
            let verb = if a.double_click { "Double-click" } else { "Click" };
            let prepared = Prepared::page(Effect::Act, verb, {
                let target = target.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let at = page.aim(&target, &Check::CLICK).await?;
                    let mark = page.mark();
                    let options = ClickOptions {
                        button: match a.button {
                            Button::Left => MouseButton::Left,
                            Button::Right => MouseButton::Right,
                            Button::Middle => MouseButton::Middle,
                        },
                        count: if a.double_click { 2 } else { 1 },
                        hold: Duration::ZERO,
                        modifiers: a.modifiers.iter().fold(0, |bits, modifier| bits | modifier.bit()),
                    };
                    turn.dialog_is_fine(page.click_at(at.x, at.y, &options).await)?;
                    turn.settled(&page, mark).await?;
                    turn.downloaded_if_pressed().await;
                    let method = if a.double_click { "dblclick" } else { "click" };
                    Ok(Answer::code(format!("await page.{}.{method}({});", turn.code(0), code_options(&a)))
                        .and_snapshot())
                }
            });
            Ok(prepared.on(&target))
        },
    )
}

fn code_options(arguments: &Arguments) -> String {
    let mut parts = Vec::new();
    match arguments.button {
        Button::Left => {}
        Button::Right => parts.push("button: 'right'".to_owned()),
        Button::Middle => parts.push("button: 'middle'".to_owned()),
    }
    if !arguments.modifiers.is_empty() {
        let names: Vec<_> = arguments.modifiers.iter().map(|modifier| format!("'{modifier:?}'")).collect();
        parts.push(format!("modifiers: [{}]", names.join(", ")));
    }
    if parts.is_empty() { String::new() } else { format!("{{ {} }}", parts.join(", ")) }
}

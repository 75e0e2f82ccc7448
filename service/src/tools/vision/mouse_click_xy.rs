//! `browser_mouse_click_xy`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Button, within};
use crate::policy::Effect;
use crate::session::{ClickOptions, Target};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError};

const NAME: &str = "browser_mouse_click_xy";
/// Clicks of one call.
const CLICKS_MAX: u32 = 10;
/// Longest a button is held, milliseconds.
const DELAY_MS_MAX: f64 = 5_000.0;

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// CSS pixels of the viewport
    x: f64,
    y: f64,
    #[serde(default)]
    button: Option<Button>,
    #[serde(default)]
    click_count: Option<u32>,
    /// Milliseconds between press and release
    #[serde(default)]
    delay: Option<f64>,
}

pub(super) fn tool() -> Tool {
    Tool::of(Capability::Vision, NAME, "Click", "Click at a point.", Hints::ACT, |a: Arguments| {
        within(NAME, &[("x", a.x), ("y", a.y)])?;
        if a.click_count.is_some_and(|count| count > CLICKS_MAX) {
            return Err(ToolError::arguments(NAME, &format!("clickCount goes up to {CLICKS_MAX}.")));
        }
        if a.delay.is_some_and(|delay| !(0.0..=DELAY_MS_MAX).contains(&delay)) {
            return Err(ToolError::arguments(NAME, &format!("delay is 0 to {DELAY_MS_MAX} milliseconds.")));
        }
        let prepared = Prepared::page(Effect::Act, format!("Click at ({}, {}) on", a.x, a.y), {
            move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                let options = ClickOptions {
                    button: a.button.unwrap_or_default().mouse(),
                    count: a.click_count.unwrap_or(1),
                    modifiers: 0,
                    hold: Duration::from_secs_f64(a.delay.unwrap_or(0.0) / 1000.0),
                };
                turn.dialog_is_fine(page.click_at(a.x, a.y, &options).await)?;
                turn.settled(&page, mark).await?;
                Ok(Answer { code: code(&a), ..Answer::default() }.and_snapshot())
            }
        });
        Ok(prepared.on_what_is(Target::at(a.x, a.y)))
    })
}

fn code(a: &Arguments) -> Vec<String> {
    let mut options = Vec::new();
    options.extend(a.button.map(|button| format!("  button: '{}'", button.word())));
    options.extend(a.click_count.map(|count| format!("  clickCount: {count}")));
    options.extend(a.delay.map(|delay| format!("  delay: {delay}")));
    let options = if options.is_empty() { String::new() } else { format!(", {{\n{}\n}}", options.join(",\n")) };
    vec![
        format!("// Click mouse at coordinates ({}, {})", a.x, a.y),
        format!("await page.mouse.click({}, {}{options});", a.x, a.y),
    ]
}

//! `browser_mouse_move_xy`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::within;
use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

const NAME: &str = "browser_mouse_move_xy";

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// CSS pixels of the viewport
    x: f64,
    y: f64,
}

pub(super) fn tool() -> Tool {
    Tool::of(Capability::Vision, NAME, "Move mouse", "Move the mouse to a point.", Hints::ACT, |a: Arguments| {
        within(NAME, &[("x", a.x), ("y", a.y)])?;
        let prepared = Prepared::page(Effect::Act, format!("Move the mouse to ({}, {}) over", a.x, a.y), {
            move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                turn.dialog_is_fine(page.move_to(a.x, a.y).await)?;
                turn.settled(&page, mark).await?;
                let code = vec![
                    format!("// Move mouse to ({}, {})", a.x, a.y),
                    format!("await page.mouse.move({}, {});", a.x, a.y),
                ];
                Ok(Answer { code, ..Answer::default() })
            }
        });
        Ok(prepared.on_what_is(Target::at(a.x, a.y)))
    })
}

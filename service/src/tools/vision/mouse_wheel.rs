//! `browser_mouse_wheel`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::within;
use crate::policy::Effect;
use crate::session::{MouseAction, Target};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

const NAME: &str = "browser_mouse_wheel";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default)]
    delta_x: f64,
    #[serde(default)]
    delta_y: f64,
}

pub(super) fn tool() -> Tool {
    let description = "Turn the mouse wheel where the mouse is, by CSS pixels.";
    Tool::of(Capability::Vision, NAME, "Scroll mouse wheel", description, Hints::ACT, |a: Arguments| {
        within(NAME, &[("deltaX", a.delta_x), ("deltaY", a.delta_y)])?;
        let prepared = Prepared::page(Effect::Act, "Scroll", move |turn| async move {
            let page = turn.page()?;
            let mark = page.mark();
            let (x, y) = page.pointer();
            let wheel = MouseAction::Wheel { delta_x: a.delta_x, delta_y: a.delta_y };
            turn.dialog_is_fine(page.mouse(&wheel, x, y, 0).await)?;
            // Chromium scrolls first and tells the page with its next frame.
            turn.dialog_is_fine(page.next_frame().await)?;
            turn.settled(&page, mark).await?;
            let code = format!("await page.mouse.wheel({}, {});", a.delta_x, a.delta_y);
            Ok(Answer { code: vec!["// Scroll mouse wheel".to_owned(), code], ..Answer::default() })
        });
        Ok(prepared.on_what_is(Target::under_pointer()))
    })
}

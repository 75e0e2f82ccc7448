//! `browser_mouse_drag_xy`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::within;
use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

const NAME: &str = "browser_mouse_drag_xy";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// CSS pixels of the viewport
    start_x: f64,
    start_y: f64,
    end_x: f64,
    end_y: f64,
}

pub(super) fn tool() -> Tool {
    let description = "Drag from one point to another with the left button.";
    Tool::of(Capability::Vision, NAME, "Drag mouse", description, Hints::ACT, |a: Arguments| {
        within(NAME, &[("startX", a.start_x), ("startY", a.start_y), ("endX", a.end_x), ("endY", a.end_y)])?;
        let (start, end) = ((a.start_x, a.start_y), (a.end_x, a.end_y));
        let verb = format!("Drag from ({}, {}) to ({}, {}),", start.0, start.1, end.0, end.1);
        let prepared = Prepared::page(Effect::Act, verb, move |turn| async move {
            let page = turn.page()?;
            let mark = page.mark();
            turn.dialog_is_fine(page.drag_points(start, end).await)?;
            turn.settled(&page, mark).await?;
            let code = vec![
                format!("// Drag mouse from ({}, {}) to ({}, {})", start.0, start.1, end.0, end.1),
                format!("await page.mouse.move({}, {});", start.0, start.1),
                "await page.mouse.down();".to_owned(),
                format!("await page.mouse.move({}, {});", end.0, end.1),
                "await page.mouse.up();".to_owned(),
            ];
            Ok(Answer { code, ..Answer::default() }.and_snapshot())
        });
        Ok(prepared.on_what_is(Target::at(start.0, start.1)).on_what_is(Target::at(end.0, end.1)))
    })
}

//! `browser_mouse_up`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Button, code_button};
use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    button: Option<Button>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Vision,
        "browser_mouse_up",
        "Press mouse up",
        "Let a mouse button go.",
        Hints::ACT,
        |a: Arguments| {
            let button = a.button.unwrap_or_default();
            let verb = format!("Let go of the {} mouse button on", button.word());
            let prepared = Prepared::page(Effect::Act, verb, move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                let button = button.mouse();
                turn.dialog_is_fine(page.release_button(&button, 1, page.pointer(), 0).await.map(drop))?;
                turn.settled(&page, mark).await?;
                let code = format!("await page.mouse.up({});", code_button(a.button));
                Ok(Answer { code: vec!["// Press mouse up".to_owned(), code], ..Answer::default() })
            });
            Ok(prepared.on_what_is(Target::under_pointer()))
        },
    )
}

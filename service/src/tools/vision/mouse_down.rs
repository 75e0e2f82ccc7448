//! `browser_mouse_down`.

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
        "browser_mouse_down",
        "Press mouse down",
        "Press a mouse button and hold it.",
        Hints::ACT,
        |a: Arguments| {
            let button = a.button.unwrap_or_default();
            let verb = format!("Press the {} mouse button on", button.word());
            let prepared = Prepared::page(Effect::Act, verb, move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                let button = button.mouse();
                turn.dialog_is_fine(page.press_button(&button, 1, page.pointer(), 0).await)?;
                turn.settled(&page, mark).await?;
                let code = format!("await page.mouse.down({});", code_button(a.button));
                Ok(Answer { code: vec!["// Press mouse down".to_owned(), code], ..Answer::default() })
            });
            Ok(prepared.on_what_is(Target::under_pointer()))
        },
    )
}

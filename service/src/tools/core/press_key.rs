//! `browser_press_key`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// A character or a key's name: a, Enter, ArrowLeft, Control+A
    key: String,
}

/// The element that has the keyboard; the page script knows it by this selector.
const FOCUSED: &str = ":focus";

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_press_key",
        "Press a key",
        "Press a key or a combination on the keyboard.",
        Hints::ACT,
        |a: Arguments| {
            // Enter in a form sends it: the policy then looks at the form, as for a click on its button.
            let enter = a.key == "Enter" || a.key.ends_with("+Enter");
            let activates = enter || a.key == " " || a.key == "Space";
            let effect = if enter { Effect::Send } else { Effect::Act };
            let prepared = Prepared::page(effect, format!("Press {} in", a.key), move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                turn.dialog_is_fine(page.press(&a.key).await)?;
                turn.settled(&page, mark).await?;
                let answer = Answer {
                    code: vec![
                        format!("// Press {}", a.key),
                        format!("await page.keyboard.press({});", quoted(&a.key)),
                    ],
                    ..Answer::default()
                };
                Ok(if enter { answer.and_snapshot() } else { answer })
            });
            Ok(if activates { prepared.on_what_is(Target::new(FOCUSED)) } else { prepared })
        },
    )
}

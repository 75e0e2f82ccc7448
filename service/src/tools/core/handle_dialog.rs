//! `browser_handle_dialog`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::{Answer, Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// true: OK; false: Cancel
    accept: bool,
    #[serde(default)]
    prompt_text: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_handle_dialog",
        "Handle a dialog",
        "Answer the alert, confirm or prompt that is open.",
        Hints::ACT,
        |a: Arguments| {
            let verb = if a.accept { "Accept the dialog" } else { "Dismiss the dialog" };
            let prepared = Prepared::page(Effect::Act, verb, move |turn| async move {
                let page = turn.page()?;
                let mark = page.mark();
                page.answer_dialog(a.accept, a.prompt_text).await?;
                turn.settled(&page, mark).await?;
                Ok(Answer::default().and_snapshot())
            });
            Ok(prepared.modal(WithModal::AnswersDialog))
        },
    )
}

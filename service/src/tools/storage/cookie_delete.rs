//! `browser_cookie_delete`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    name: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_cookie_delete",
        "Delete a cookie",
        "Remove the cookies of this name, of every site.",
        Hints::ACT,
        |a: Arguments| {
            let name = a.name.clone();
            let prepared = Prepared::page(Effect::Act, "Delete a cookie", move |turn| async move {
                turn.session.remove_cookies(&a.name).await?;
                Ok(Answer::code(format!("await page.context().clearCookies({{ name: {} }});", quoted(&a.name))))
            });
            Ok(prepared.with(&name).modal(WithModal::Fine))
        },
    )
}

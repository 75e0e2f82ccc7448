//! `browser_cookie_clear`.

use crate::policy::Effect;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_cookie_clear",
        "Clear cookies",
        "Remove all cookies of the session.",
        Hints::ACT,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Act, "Clear the cookies", |turn| async move {
                turn.session.clear_cookies().await?;
                Ok(Answer::code("await page.context().clearCookies();"))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

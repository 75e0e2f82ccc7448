//! `browser_cookie_get`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::plain;
use crate::policy::Effect;
use crate::session::SameSite;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    name: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_cookie_get",
        "Get a cookie",
        "The first cookie of this name, with its attributes.",
        Hints::READ,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Read, "Look at a cookie", move |turn| async move {
                let cookies = turn.session.cookies().await?;
                let result = match cookies.iter().find(|cookie| cookie.name == a.name) {
                    None => format!("Cookie '{}' not found", plain(&a.name)),
                    Some(cookie) => format!(
                        "{}={} (domain: {}, path: {}, httpOnly: {}, secure: {}, sameSite: {})",
                        plain(&cookie.name),
                        plain(&cookie.value),
                        cookie.domain,
                        plain(&cookie.path),
                        cookie.http_only,
                        cookie.secure,
                        // What browsers take a cookie for that does not say.
                        cookie.same_site.unwrap_or(SameSite::Lax).word()
                    ),
                };
                Ok(Answer { code: vec!["await page.context().cookies();".to_owned()], ..Answer::result(result) })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

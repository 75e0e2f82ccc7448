//! `browser_cookie_list`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::plain;
use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Only domains that contain this
    #[serde(default)]
    domain: Option<String>,
    /// Only paths that begin with this
    #[serde(default)]
    path: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_cookie_list",
        "List cookies",
        "The session's cookies, of all sites.",
        Hints::READ,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Read, "List the cookies", move |turn| async move {
                let mut cookies = turn.session.cookies().await?;
                cookies.retain(|cookie| a.domain.as_ref().is_none_or(|part| cookie.domain.contains(part)));
                cookies.retain(|cookie| a.path.as_ref().is_none_or(|start| cookie.path.starts_with(start)));
                let line = |cookie: &crate::session::Cookie| {
                    let (name, value) = (plain(&cookie.name), plain(&cookie.value));
                    format!("{name}={value} (domain: {}, path: {})", cookie.domain, plain(&cookie.path))
                };
                let result = match cookies.as_slice() {
                    [] => "No cookies found".to_owned(),
                    cookies => cookies.iter().map(line).collect::<Vec<_>>().join("\n"),
                };
                Ok(Answer { code: vec!["await page.context().cookies();".to_owned()], ..Answer::result(result) })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

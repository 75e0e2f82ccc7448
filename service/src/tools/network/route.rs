//! `browser_route`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Route, RouteDoing};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal, quoted};

const NAME: &str = "browser_route";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// Addresses that fit, as in **/api/users or **/*.{png,jpg}
    pattern: String,
    /// Answer with this status (200 where only a body is given)
    #[serde(default)]
    status: Option<f64>,
    /// Answer with this text
    #[serde(default)]
    body: Option<String>,
    /// Of the body
    #[serde(default)]
    content_type: Option<String>,
    /// "Name: Value" each; of the answer, or without one of the request that goes on
    #[serde(default)]
    headers: Option<Vec<String>>,
    /// Names to take from the request that goes on, with commas between
    #[serde(default)]
    remove_headers: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Network,
        NAME,
        "Route requests",
        "Answer requests in the server's place (status, body), or send them on with other headers.",
        Hints::ACT,
        |a: Arguments| {
            let route = route(&a)?;
            let mut prepared = Prepared::page(Effect::Act, "Route requests", {
                let pattern = a.pattern.clone();
                move |turn| async move {
                    turn.session.add_route(route).await?;
                    let code = format!(
                        "await page.context().route({}, async route => {{ /* route handler */ }});",
                        quoted(&pattern)
                    );
                    Ok(Answer { code: vec![code], ..Answer::result(format!("Route added for pattern: {pattern}")) })
                }
            });
            // All that a page would be given or a server sent: rules look for what it does.
            prepared.values = vec![a.pattern];
            prepared.values.extend(a.body);
            prepared.values.extend(a.headers.into_iter().flatten());
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

fn route(a: &Arguments) -> Result<Route, ToolError> {
    let wrong = |what: String| ToolError::arguments(NAME, &format!("{what}."));
    let mut headers = Vec::new();
    for header in a.headers.iter().flatten() {
        let pair = header.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
            let shown: String = header.chars().take(60).collect();
            return Err(wrong(format!("Invalid header \"{shown}\": expected \"Name: Value\"")));
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let removed = a.remove_headers.iter().flat_map(|names| names.split(',')).map(str::trim);
    let remove: Vec<String> = removed.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let doing = if a.body.is_some() || a.status.is_some() {
        if !remove.is_empty() {
            return Err(wrong(
                "removeHeaders is for requests that go on, not for those that get a status or body".to_owned(),
            ));
        }
        RouteDoing::Answer {
            status: status(a.status).ok_or_else(|| wrong("status is a number from 200 to 599".to_owned()))?,
            body: a.body.clone().unwrap_or_default().into(),
            content_type: a.content_type.clone(),
            headers,
        }
    } else if a.content_type.is_some() {
        return Err(wrong("contentType is for an answer; give body or status too".to_owned()));
    } else {
        RouteDoing::SendOn { add: headers, remove }
    };
    Route::new(&a.pattern, doing).map_err(wrong)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of three digits")]
fn status(given: Option<f64>) -> Option<u16> {
    let status = given.unwrap_or(200.0);
    ((200.0..=599.0).contains(&status) && status.fract() == 0.0).then_some(status as u16)
}

//! `browser_route_list`.

use crate::policy::Effect;
use crate::session::{Route, RouteDoing};
use crate::tools::response::one_line;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

/// Longest beginning of a body that is shown, characters.
const BODY_CHARS_MAX: usize = 50;

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Network,
        "browser_route_list",
        "Routes",
        "The routes of the session.",
        Hints::READ,
        |_: Nothing| {
            let prepared = Prepared::page(Effect::Read, "List the routes", |turn| async move {
                let routes = turn.session.routes();
                if routes.is_empty() {
                    return Ok(Answer::result("No active routes"));
                }
                let lines: Vec<_> = routes.iter().enumerate().map(|(at, route)| line(at + 1, route)).collect();
                Ok(Answer::result(lines.join("\n")))
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

/// `1. **/api (status=404, body=gone, addHeaders={"A":"b"})`
fn line(number: usize, route: &Route) -> String {
    let object = |headers: &[(String, String)]| {
        let map: serde_json::Map<_, _> =
            headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        serde_json::Value::Object(map).to_string()
    };
    let mut details = Vec::new();
    let headers = match &route.doing {
        RouteDoing::Answer { status, body, content_type, headers } => {
            details.push(format!("status={status}"));
            if !body.is_empty() {
                let text = String::from_utf8_lossy(body);
                let shown: String = text.chars().take(BODY_CHARS_MAX).collect();
                let more = if shown.len() < text.len() { "..." } else { "" };
                details.push(format!("body={}{more}", one_line(&shown)));
            }
            details.extend(content_type.iter().map(|kind| format!("contentType={kind}")));
            headers
        }
        RouteDoing::SendOn { add, .. } => add,
    };
    if !headers.is_empty() {
        details.push(format!("addHeaders={}", object(headers)));
    }
    if let RouteDoing::SendOn { remove, .. } = &route.doing
        && !remove.is_empty()
    {
        details.push(format!("removeHeaders={}", remove.join(",")));
    }
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    format!("{number}. {}{details}", one_line(&route.pattern))
}

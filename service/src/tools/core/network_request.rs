//! `browser_network_request`.
//!
//! What identifies somebody is not told: a reply is kept in transcripts and may be asked for by the page's own words, and an agent acts
//! through the browser, which has it already. Cookies never reach the log; see [`hidden`] for the rest.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Page, RequestEntry, RequestHeaders, RequestOutcome, RequestSide};
use crate::tools::response::one_line;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, Turn, WithModal};

/// Bytes of an answer kept free for what stands around a body.
const AROUND_BYTES: usize = 300;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Its number in browser_network_requests
    #[schemars(range(min = 1))]
    index: u64,
    #[serde(default)]
    part: Option<Part>,
    #[serde(default)]
    filename: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Part {
    RequestHeaders,
    RequestBody,
    ResponseHeaders,
    ResponseBody,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_network_request",
        "Network request",
        "One request in detail, or a part of it.",
        Hints::READ,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Read, "Read a network request", move |turn| async move {
                let page = turn.page()?;
                let Some(entry) = page.request(a.index) else {
                    return Err(ToolError::new(
                        "no_request",
                        format!("Request #{} not found.", a.index),
                        "Use browser_network_requests to see available indexes.",
                    ));
                };
                if entry.private && a.part.is_some() {
                    return Err(ToolError::new(
                        "private",
                        format!("Request #{} was made while a person was at the helm.", a.index),
                        "What people send is not told; go on with the page as it is.",
                    ));
                }
                let name = a.filename.as_deref();
                let headers = |side| headers_text(&page.request_headers(a.index, side), "");
                match a.part {
                    None => turn.tell("Request", name, ("log", "text/plain"), details(&page, &entry)).await,
                    Some(Part::RequestHeaders) => {
                        turn.tell("Request headers", name, ("txt", "text/plain"), headers(RequestSide::Request)).await
                    }
                    Some(Part::ResponseHeaders) => {
                        turn.tell("Response headers", name, ("txt", "text/plain"), headers(RequestSide::Response)).await
                    }
                    Some(Part::RequestBody) => body(&turn, &page, &entry, RequestSide::Request, name).await,
                    Some(Part::ResponseBody) => body(&turn, &page, &entry, RequestSide::Response, name).await,
                }
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

fn details(page: &Page, entry: &RequestEntry) -> String {
    let mut text = format!("#{} [{}] {}\n\n  General", entry.number, one_line(&entry.method), one_line(&entry.url));
    match &entry.outcome {
        RequestOutcome::UnderWay => {}
        RequestOutcome::Answered { status, text: words, .. } => {
            text.push_str(&format!("\n    status:    [{status}] {}", one_line(words)));
        }
        RequestOutcome::Failed(error) => text.push_str(&format!("\n    status:    [FAILED] {}", one_line(error))),
    }
    if let Some(took) = entry.took_ms {
        text.push_str(&format!("\n    duration:  {took}ms"));
    }
    text.push_str(&format!("\n    type:      {}", entry.kind));
    if let RequestOutcome::Answered { mime, .. } = &entry.outcome
        && !mime.is_empty()
    {
        text.push_str(&format!("\n    mimeType:  {}", one_line(mime)));
    }
    if entry.private {
        text.push_str("\n\nMade while a person was at the helm; what people send is not told.");
        return text;
    }
    for (title, side) in [("Request headers", RequestSide::Request), ("Response headers", RequestSide::Response)] {
        let headers = headers_text(&page.request_headers(entry.number, side), "    ");
        if !headers.is_empty() {
            text.push_str(&format!("\n\n  {title}\n{headers}"));
        }
    }
    let mut hints = Vec::new();
    if entry.has_body {
        hints.push("Call browser_network_request with part=\"request-body\" to read the request body.");
    }
    if has_answer_body(entry) {
        hints.push("Call browser_network_request with part=\"response-body\" to read the response body.");
    }
    if !hints.is_empty() {
        text.push_str(&format!("\n\n{}", hints.join("\n")));
    }
    text
}

fn has_answer_body(entry: &RequestEntry) -> bool {
    let RequestOutcome::Answered { status, .. } = entry.outcome else { return false };
    !entry.redirected && !matches!(status, 100..=199 | 204 | 304)
}

fn headers_text(headers: &RequestHeaders, indent: &str) -> String {
    match headers {
        RequestHeaders::TooLarge(bytes) => format!("{indent}({bytes} bytes of headers, too many to keep)"),
        RequestHeaders::Kept(headers) => {
            let line = |(name, value): &(String, String)| format!("{indent}{}: {}", one_line(name), shown(name, value));
            headers.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

/// The value, or what stands for it.
fn shown(name: &str, value: &str) -> String {
    if !hidden(name) {
        return one_line(value);
    }
    // How it identifies is no secret: `Bearer`, `Basic`.
    let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|word| word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    scheme.map_or_else(|| "<hidden>".to_owned(), |scheme| format!("{scheme} <hidden>"))
}

/// Headers that carry what identifies somebody.
fn hidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "cookie" | "cookie2" | "set-cookie" | "set-cookie2"
    ) || ["api-key", "apikey", "auth-token", "access-token", "csrf-token", "xsrf-token", "session-id"]
        .iter()
        .any(|word| name.ends_with(word))
}

async fn body(
    turn: &Turn,
    page: &Page,
    entry: &RequestEntry,
    side: RequestSide,
    filename: Option<&str>,
) -> Result<Answer, ToolError> {
    let (word, there) = match side {
        RequestSide::Request => ("request body", entry.has_body),
        RequestSide::Response => ("response body", has_answer_body(entry)),
    };
    if !there {
        return Ok(Answer::result(format!("Request #{} has no {word}.", entry.number)));
    }
    let body = page.request_body(entry.number, side).await?;
    let mime = match (&entry.outcome, side) {
        (RequestOutcome::Answered { mime, .. }, RequestSide::Response) if !mime.is_empty() => mime.as_str(),
        _ if body.text => "text/plain",
        _ => "application/octet-stream",
    };
    let title = if side == RequestSide::Request { "Request body" } else { "Response body" };
    // What is no text is a file in any case: as letters it would say nothing and cost much.
    if filename.is_some() || !body.text {
        let prefix = if side == RequestSide::Request { "request" } else { "response" };
        let ending = if body.text { "txt" } else { "bin" };
        let file = turn.keep(title, filename, (prefix, ending), mime, body.bytes).await?;
        return Ok(Answer { files: vec![file], ..Answer::default() });
    }
    let text = String::from_utf8_lossy(&body.bytes);
    let room = turn.bytes_max().saturating_sub(AROUND_BYTES).max(AROUND_BYTES);
    if text.len() <= room {
        return Ok(Answer::result(text));
    }
    let end = text.floor_char_boundary(room);
    Ok(Answer::result(format!(
        "{}\n… {} more bytes were left out to fit. Give filename to keep all of it, or raise max_tokens.",
        &text[..end],
        text.len() - end
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_identifies_somebody_is_not_told() {
        assert_eq!(shown("Authorization", "Bearer abc.def"), "Bearer <hidden>");
        assert_eq!(shown("set-cookie", "a=b; Path=/"), "<hidden>");
        assert_eq!(shown("X-Api-Key", "k"), "<hidden>");
        assert_eq!(shown("Accept", "text/html\n### Error"), "text/html ### Error");
    }
}

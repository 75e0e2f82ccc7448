//! `browser_network_requests`.

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{RequestEntry, RequestList, RequestOutcome};
use crate::tools::pattern::{compile, parted};
use crate::tools::response::one_line;
use crate::tools::{Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Also pages, scripts, images and the like that went well
    #[serde(default)]
    r#static: bool,
    /// Regex the URL fits
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_network_requests",
        "Network requests",
        "Numbered requests since the page was opened.",
        Hints::READ,
        |a: Arguments| {
            let filter = a.filter.as_deref().filter(|filter| !filter.is_empty()).map(|filter| {
                let (pattern, flags) = parted(filter);
                compile("browser_network_requests", pattern, flags.contains('i'))
            });
            let filter = filter.transpose()?;
            let prepared = Prepared::page(Effect::Read, "Read the network log", move |turn| async move {
                let text = listed(&turn.page()?.requests(), a.r#static, filter.as_ref());
                turn.tell("Network", a.filename.as_deref(), ("log", "text/plain"), text).await
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

fn listed(list: &RequestList, with_static: bool, filter: Option<&Regex>) -> String {
    let mut lines = Vec::new();
    let mut hidden = 0;
    for entry in &list.entries {
        if !with_static && is_static(entry) {
            hidden += 1;
        } else if filter.is_none_or(|filter| filter.is_match(&entry.url)) {
            lines.push(line(entry));
        }
    }
    if lines.is_empty() {
        lines.push("No requests.".to_owned());
    }
    if list.dropped > 0 {
        lines.push(format!("\nNote: {} earlier request(s) are not kept any more.", list.dropped));
    }
    if hidden > 0 {
        lines.push(format!("\nNote: {hidden} static request(s) not shown, run with \"static\" option to see them."));
    }
    lines.join("\n")
}

/// Something a page is made of, that went well.
fn is_static(entry: &RequestEntry) -> bool {
    let went_well = matches!(entry.outcome, RequestOutcome::Answered { status, .. } if status < 400);
    went_well && !entry.broken && !matches!(entry.kind, "fetch" | "xhr")
}

/// `3. [GET] http://… => [200] OK`
fn line(entry: &RequestEntry) -> String {
    let outcome = match &entry.outcome {
        RequestOutcome::UnderWay => String::new(),
        RequestOutcome::Answered { status, text, .. } => format!(" => [{status}] {}", one_line(text)),
        RequestOutcome::Failed(error) => format!(" => [FAILED] {}", one_line(error)),
    };
    format!("{}. [{}] {}{outcome}", entry.number, one_line(&entry.method), one_line(&entry.url)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, kind: &'static str, outcome: RequestOutcome) -> RequestEntry {
        RequestEntry {
            number,
            method: "GET".to_owned(),
            url: format!("http://a/{number}"),
            kind,
            outcome,
            broken: false,
            took_ms: None,
            has_body: false,
            redirected: false,
            private: false,
        }
    }

    #[test]
    fn what_went_well_and_is_part_of_the_page_is_counted_and_numbers_stay() {
        let answered =
            |status, text: &str| RequestOutcome::Answered { status, text: text.to_owned(), mime: String::new() };
        let entries = vec![
            entry(4, "document", answered(200, "OK")),
            entry(5, "fetch", answered(200, "OK")),
            entry(6, "image", answered(404, "Not Found")),
            entry(7, "script", RequestOutcome::Failed("net::ERR_FAILED".to_owned())),
            entry(8, "xhr", RequestOutcome::UnderWay),
        ];
        let list = RequestList { entries, dropped: 3 };
        assert_eq!(
            listed(&list, false, None),
            "5. [GET] http://a/5 => [200] OK\n6. [GET] http://a/6 => [404] Not Found\n7. [GET] http://a/7 => [FAILED] \
             net::ERR_FAILED\n8. [GET] http://a/8\n\nNote: 3 earlier request(s) are not kept any more.\n\nNote: 1 static \
             request(s) not shown, run with \"static\" option to see them."
        );
        let only = Regex::new("/4$").expect("a pattern");
        assert!(listed(&list, true, Some(&only)).starts_with("4. [GET] http://a/4 => [200] OK\n\nNote: 3"));
    }
}

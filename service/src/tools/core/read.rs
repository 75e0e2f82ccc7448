//! `browser_read`.

use htmd::HtmlToMarkdown;
use htmd::options::{BulletListMarker, HeadingStyle, Options};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Reading, Target};
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, paging};

/// Bytes kept free for what stands around the text.
const AROUND_BYTES: usize = 400;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Only this element: a ref or a selector
    #[serde(default)]
    target: Option<String>,
    /// Which part of a long text, from 1
    #[serde(default)]
    page: Option<usize>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_read",
        "Read the page",
        "The main content as Markdown, without menus and controls. For reading; to act use browser_snapshot.",
        Hints::READ,
        |a: Arguments| {
            let target = a.target.as_deref().map(Target::new);
            let wanted = a.page.unwrap_or(1);
            if wanted == 0 {
                return Err(ToolError::arguments("browser_read", "page counts from 1."));
            }
            Ok(Prepared::page(Effect::Read, "Read the page", move |turn| async move {
                let reading = turn.page()?.reading(target.as_ref()).await?;
                let (title, url, truncated) = (reading.title.clone(), reading.url.clone(), reading.truncated);
                // Minutes of text are parsed here: not on a thread that serves others.
                let text = tokio::task::spawn_blocking(move || markdown(&reading)).await.unwrap_or_default();
                let text = if text.is_empty() { "(nothing to read)".to_owned() } else { text };
                let room = turn.bytes_max().saturating_sub(AROUND_BYTES + title.len() + url.len());
                let pages = paging::pages(&text, room);
                let Some(page) = pages.get(wanted - 1) else {
                    let what = format!("there is no page {wanted}; the text has {}.", pages.len());
                    return Err(ToolError::arguments("browser_read", &what));
                };
                let mut result = String::new();
                if wanted == 1 && target.is_none() {
                    result.push_str(&format!("{title}\n{url}\n\n"));
                }
                result.push_str(page);
                if pages.len() > 1 {
                    result.push_str(&format!("\n\n(page {wanted} of {}", pages.len()));
                    result.push_str(&match wanted < pages.len() {
                        true => format!("; the next one: page {})", wanted + 1),
                        false => ")".to_owned(),
                    });
                }
                if truncated && wanted == pages.len() {
                    result.push_str("\n\n(The page is longer than is read; give a target to read a part of it.)");
                }
                Ok(Answer::result(result))
            }))
        },
    )
}

fn markdown(reading: &Reading) -> String {
    let options = Options {
        heading_style: HeadingStyle::Atx,
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    let converter = HtmlToMarkdown::builder().options(options).build();
    converter.convert(&reading.html).map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_becomes_markdown() {
        let html = "<h1>Title</h1><p>One <a href=\"https://a.example/x\">link</a> and <code>code</code>.</p><ul><li>a</li><li>b</li></ul>\
                    <table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table><pre><code class=\"language-rust\">fn x() {}\n</code></pre>";
        let reading = Reading { html: html.to_owned(), title: String::new(), url: String::new(), truncated: false };
        let text = markdown(&reading);
        for wanted in ["# Title", "[link](https://a.example/x)", "`code`", "- a\n- b", "| k", "```rust\nfn x() {}\n```"]
        {
            assert!(text.contains(wanted), "{wanted} in\n{text}");
        }
    }
}

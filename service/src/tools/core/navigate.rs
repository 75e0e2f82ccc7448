//! `browser_navigate`.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::policy::Effect;
use crate::session::{BrowserError, Page, Session};
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, WithModal, quoted};

/// Longest address taken, bytes.
const URL_BYTES_MAX: usize = 32 << 10;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Where to go
    url: String,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_navigate",
        "Navigate",
        "Go to a URL. Answers with the page's snapshot.",
        Hints::ACT,
        |a: Arguments| {
            let url = address(&a.url)?;
            let mut prepared = Prepared::page(Effect::Act, "Go to", {
                let url = url.clone();
                move |turn| async move {
                    let page = match &turn.page {
                        // A crashed tab shows nothing any more: a new one takes its place.
                        Some(page) if !page.is_crashed() => page.clone(),
                        Some(crashed) => {
                            let page = turn.session.new_tab().await?;
                            crashed.close().await?;
                            page
                        }
                        None => turn.session.new_tab().await?,
                    };
                    go(&turn.session, &page, &url, turn.navigation_deadline).await?;
                    turn.downloaded().await;
                    Ok(Answer::code(format!("await page.goto({});", quoted(&url))).and_snapshot())
                }
            });
            prepared.to_url = Some(url);
            Ok(prepared.modal(WithModal::ChooserFine))
        },
    )
}

/// Goes there, and explains a refusal of the egress proxy in its own words.
pub(super) async fn go(
    session: &Session,
    page: &Page,
    url: &str,
    deadline: std::time::Duration,
) -> Result<(), ToolError> {
    let began = crate::tools::now_ms();
    let went = page.navigate(url, deadline).await;
    let refused = page.document_status().is_some_and(|status| status.by_proxy);
    if matches!(went, Err(BrowserError::Navigation { .. })) || (went.is_ok() && refused) {
        let host = Url::parse(url).ok().and_then(|url| {
            let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
            Some(format!("{host}:{}", url.port_or_known_default()?))
        });
        let plain = |text: &str| text.replace(['[', ']'], "");
        // Whatever was refused since this navigation began: its own host, or one a redirect led to.
        let denials = session.denials();
        let mut since = denials.iter().rev().filter(|denial| denial.at >= began);
        let own = since.clone().find(|denial| host.as_deref() == Some(&plain(&denial.host)));
        let ours = own.or_else(|| since.next());
        if let Some(denial) = ours {
            return Err(ToolError::new(
                "egress_denied",
                format!("{} was not reached: {}.", denial.host, denial.message.trim_end_matches('.')),
                denial.hint.clone(),
            ));
        }
    }
    Ok(went?)
}

/// What was meant: a bare host gets `https://`, this machine `http://`; only web pages may be opened.
pub(super) fn address(text: &str) -> Result<String, ToolError> {
    let text = text.trim();
    let bad = |what: String| ToolError::new("bad_url", what, "Give a web address, as in https://example.org/page.");
    if text.len() > URL_BYTES_MAX {
        return Err(bad(format!("The URL is longer than {URL_BYTES_MAX} bytes.")));
    }
    let shown: String = text.chars().take(200).collect();
    let parsed = match Url::parse(text) {
        // `localhost:3000` parses as a scheme; what follows it says that it is a port.
        Ok(url) if url.cannot_be_a_base() && looks_like_port(url.path()) => guess(text),
        Ok(url) => Some(url),
        Err(_) => guess(text),
    };
    let Some(url) = parsed else { return Err(bad(format!("\"{shown}\" is no URL."))) };
    match url.scheme() {
        "http" | "https" => Ok(url.into()),
        "about" if url.path() == "blank" => Ok("about:blank".to_owned()),
        scheme => Err(ToolError::new(
            "blocked_scheme",
            format!("Access to \"{scheme}:\" protocol is blocked. Attempted URL: \"{shown}\""),
            "Only http:, https: and about:blank can be opened.",
        )),
    }
}

fn looks_like_port(path: &str) -> bool {
    let digits = path.split(['/', '?', '#']).next().unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn guess(text: &str) -> Option<Url> {
    if text.is_empty() || text.contains(char::is_whitespace) || text.starts_with(['/', '.', '#', '?']) {
        return None;
    }
    let local = text.starts_with("localhost") || text.starts_with("127.") || text.starts_with("[::1]");
    let scheme = if local { "http" } else { "https" };
    let url = Url::parse(&format!("{scheme}://{text}")).ok()?;
    // One word is a search, not an address.
    let host = url.host_str()?;
    (local || host.contains('.') || host.contains(':')).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found() {
        for (text, wanted) in [
            ("https://example.org", "https://example.org/"),
            ("example.org/a b?", "https://example.org/a%20b?"),
            ("localhost:3000/x", "http://localhost:3000/x"),
            ("127.0.0.1:80", "http://127.0.0.1/"),
            ("about:blank", "about:blank"),
            ("example.org:8080", "https://example.org:8080/"),
        ] {
            let got = address(text);
            if text.contains(' ') {
                assert!(got.is_err(), "{text}");
            } else {
                assert_eq!(got.as_deref(), Ok(wanted), "{text}");
            }
        }
    }

    #[test]
    fn other_schemes_and_nonsense_are_refused() {
        let blocked = address("file:///etc/passwd").expect_err("blocked");
        assert_eq!(blocked.what, "Access to \"file:\" protocol is blocked. Attempted URL: \"file:///etc/passwd\"");
        for text in
            ["javascript:alert(1)", "data:text/html,x", "chrome://crash", "view-source:http://a.b", "about:config"]
        {
            assert_eq!(address(text).expect_err(text).code, "blocked_scheme");
        }
        for text in ["", "not a url", "word", "http://", "/path", "http://[bad"] {
            assert_eq!(address(text).expect_err(text).code, "bad_url", "{text}");
        }
    }
}

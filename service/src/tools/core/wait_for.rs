//! `browser_wait_for`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{BrowserError, Page};
use crate::tools::response::one_line;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, WithModal, quoted};

/// Longest wait by the clock, seconds.
const SECONDS_MAX: f64 = 30.0;
/// Longest wait for a text.
const TEXT_WAIT: Duration = Duration::from_secs(30);

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    /// Seconds
    #[serde(default)]
    time: Option<f64>,
    /// Text to appear
    #[serde(default)]
    text: Option<String>,
    /// Text to disappear
    #[serde(default)]
    text_gone: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_wait_for",
        "Wait for",
        "Wait for a text to appear or disappear, or for some seconds.",
        Hints::READ,
        |a: Arguments| {
            if a.time.is_none() && a.text.is_none() && a.text_gone.is_none() {
                return Err(ToolError::arguments("browser_wait_for", "give time, text or textGone."));
            }
            if [&a.text, &a.text_gone].into_iter().flatten().any(|text| text.trim().is_empty()) {
                return Err(ToolError::arguments("browser_wait_for", "the text to wait for is empty."));
            }
            if a.time.is_some_and(|time| !time.is_finite() || time < 0.0) {
                return Err(ToolError::arguments("browser_wait_for", "time is a number of seconds, 0 to 30."));
            }
            Ok(Prepared::page(Effect::Read, "Wait", move |turn| async move {
                let page = turn.page()?;
                let mut result = Vec::new();
                let mut code = Vec::new();
                if let Some(asked) = a.time {
                    let seconds = asked.min(SECONDS_MAX);
                    // What the call asks for is the clock itself.
                    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                    code.push(format!("await new Promise(f => setTimeout(f, {asked} * 1000));"));
                    result.push(if asked > SECONDS_MAX {
                        format!("Waited for {seconds} seconds (requested {asked}, maximum is {SECONDS_MAX})")
                    } else {
                        format!("Waited for {seconds} seconds")
                    });
                }
                for (text, gone) in [(&a.text_gone, true), (&a.text, false)] {
                    let Some(text) = text else { continue };
                    wait(&page, text, gone).await?;
                    let state = if gone { "hidden" } else { "visible" };
                    code.push(format!(
                        "await page.getByText({}).first().waitFor({{ state: '{state}' }});",
                        quoted(text)
                    ));
                    result.push(format!("Waited for {}", one_line(text)));
                }
                Ok(Answer { result: result.join("\n"), code, ..Answer::default() }.and_snapshot())
            })
            .modal(WithModal::ChooserFine))
        },
    )
}

async fn wait(page: &Page, text: &str, gone: bool) -> Result<(), ToolError> {
    match page.wait_for_text(text, gone, TEXT_WAIT).await {
        Err(BrowserError::Page { code, .. }) if code == "timeout" => {
            let shown: String = text.chars().take(80).collect();
            let how = if gone { "did not disappear" } else { "did not appear" };
            Err(ToolError::new(
                "timeout",
                format!("The text \"{shown}\" {how} within {} seconds.", TEXT_WAIT.as_secs()),
                "Take a snapshot (browser_snapshot) to see what the page shows.",
            ))
        }
        other => Ok(other?),
    }
}

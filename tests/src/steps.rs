//! The whole small session: open, navigate to a form, snapshot, type, click, evaluate, JPEG screenshot, close.
//!
//! The same eight steps for the load test and for each side of the benchmark.

use serde_json::{Value, json};

use crate::mcp::{McpClient, Refused, ToolAnswer};

/// What `/form` answers when the session went as it should.
pub const GREETING: &str = "Hello, Ada";

/// The function `browser_evaluate` is given.
pub const READ_ANSWER: &str = "() => document.getElementById('answer').textContent";

/// The steps by the tools that make them, in order, as reports list them.
pub const STEPS: [&str; 8] = [
    "session_open",
    "browser_navigate",
    "browser_snapshot",
    "browser_type",
    "browser_click",
    "browser_evaluate",
    "browser_take_screenshot",
    "session_close",
];

/// Why a small session did not end well.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// The service said "not now": no place, a full waiting room, draining.
    Busy(String),
    /// Anything else, with the step it happened in.
    Failed(&'static str, String),
}

/// Runs one step and tells `timed` how long it took, whether it went well or not.
///
/// # Errors
/// [`Trouble`], sorted by whether coming back later helps.
pub async fn step(
    client: &McpClient,
    tool: &'static str,
    arguments: Value,
    timed: &mut impl FnMut(&'static str, std::time::Duration),
) -> Result<ToolAnswer, Trouble> {
    let began = tokio::time::Instant::now();
    let answer = client.call(tool, arguments).await;
    timed(tool, began.elapsed());
    match answer {
        Ok(answer) if !answer.is_error => Ok(answer),
        Ok(answer) if is_busy(&answer.text) => Err(Trouble::Busy(first_line(&answer.text))),
        Ok(answer) => Err(Trouble::Failed(tool, first_line(&answer.text))),
        Err(Refused::Http(status @ (429 | 503), body)) => Err(Trouble::Busy(format!("HTTP {status}: {body}"))),
        Err(Refused::Rpc(_, message)) if is_busy(&message) => Err(Trouble::Busy(message)),
        Err(refused) => Err(Trouble::Failed(tool, refused.to_string())),
    }
}

/// The steps between opening and closing, on `form_url`, in the session `name`.
///
/// # Errors
/// As [`step`], and when the page did not greet as it should.
pub async fn inside(
    client: &McpClient,
    name: &str,
    form_url: &str,
    timed: &mut impl FnMut(&'static str, std::time::Duration),
) -> Result<(), Trouble> {
    step(client, "browser_navigate", json!({ "session": name, "url": form_url }), timed).await?;
    let snapshot = step(client, "browser_snapshot", json!({ "session": name }), timed).await?;
    let missing = |what: &str| Trouble::Failed("browser_snapshot", format!("no {what} in it"));
    let field = snapshot.find_ref(&["textbox", "Name"]).ok_or_else(|| missing("name field"))?;
    let button = snapshot.find_ref(&["button", "Greet"]).ok_or_else(|| missing("button"))?;
    step(client, "browser_type", json!({ "session": name, "target": field, "text": "Ada" }), timed).await?;
    step(client, "browser_click", json!({ "session": name, "target": button }), timed).await?;
    let read = step(client, "browser_evaluate", json!({ "session": name, "function": READ_ANSWER }), timed).await?;
    if !read.text.contains(GREETING) {
        return Err(Trouble::Failed("browser_evaluate", format!("the page says {}", first_line(&read.text))));
    }
    let shot = step(client, "browser_take_screenshot", json!({ "session": name, "type": "jpeg" }), timed).await?;
    if !shot.images.iter().any(|(mime, bytes)| mime == "image/jpeg" && bytes.starts_with(&[0xff, 0xd8])) {
        return Err(Trouble::Failed("browser_take_screenshot", "no JPEG in the answer".to_owned()));
    }
    Ok(())
}

/// The first line that says something: section headings do not.
#[must_use]
pub fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default().to_owned()
}

/// Does the text say that the same call may go well later, because the pool has no place?
fn is_busy(text: &str) -> bool {
    let text = text.to_lowercase();
    ["queue_full", "draining", "waiting room", "no place", "try again in"].iter().any(|word| text.contains(word))
}

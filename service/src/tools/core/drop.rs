//! `browser_drop`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::file_upload::PATHS_MAX;
use crate::policy::Effect;
use crate::session::{Dropped, Target};
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, quoted};

/// Kinds of data in one drop.
const KINDS_MAX: usize = 32;
/// All data of one drop, bytes.
const DATA_BYTES_MAX: usize = 1 << 20;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Ref or selector
    target: String,
    #[serde(default)]
    paths: Option<Vec<String>>,
    /// Data by MIME type
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_drop",
        "Drop",
        "Drop files or data onto an element, as from outside of the page.",
        Hints::ACT,
        |a: Arguments| {
            let target = Target::new(&a.target);
            let (paths, data) = (a.paths.unwrap_or_default(), a.data.unwrap_or_default());
            check(&paths, &data)?;
            let effect = if paths.is_empty() { Effect::Act } else { Effect::Send };
            let mut prepared = Prepared::page(effect, "Drop onto", {
                let (target, paths, data) = (target.clone(), paths.clone(), data.clone());
                move |turn| async move {
                    let page = turn.page()?;
                    let mut what = Dropped { data: data.into_iter().collect(), files: Vec::new() };
                    for path in &paths {
                        what.files.push(turn.session.files().lend(path).await?);
                    }
                    let mark = page.mark();
                    turn.dialog_is_fine(page.drop_on(&target, &what).await)?;
                    turn.settled(&page, mark).await?;
                    Ok(Answer::code(code(turn.code(0), &what.data, &paths)).and_snapshot())
                }
            });
            prepared.values = data.into_values().collect();
            Ok(prepared.on(&target).uploads(&paths))
        },
    )
}

fn check(paths: &[String], data: &BTreeMap<String, String>) -> Result<(), ToolError> {
    if paths.is_empty() && data.is_empty() {
        return Err(ToolError::new(
            "bad_arguments",
            "At least one of \"paths\" or \"data\" must be provided.",
            "Name files in paths, or give data by MIME type, as in {\"text/plain\": \"hello\"}.",
        ));
    }
    if paths.len() > PATHS_MAX || data.len() > KINDS_MAX {
        let what = format!("paths takes up to {PATHS_MAX} entries, data up to {KINDS_MAX}.");
        return Err(ToolError::arguments("browser_drop", &what));
    }
    if data.iter().map(|(kind, text)| kind.len() + text.len()).sum::<usize>() > DATA_BYTES_MAX {
        return Err(ToolError::arguments("browser_drop", &format!("data has more than {DATA_BYTES_MAX} bytes.")));
    }
    if data.keys().any(|kind| kind.is_empty() || !kind.is_ascii() || kind.contains(char::is_whitespace)) {
        return Err(ToolError::arguments("browser_drop", "the keys of data are MIME types, as in text/plain."));
    }
    Ok(())
}

/// The call as Playwright would write it.
fn code(locator: &str, data: &[(String, String)], paths: &[String]) -> String {
    let mut parts = Vec::new();
    if !data.is_empty() {
        let lines: Vec<_> = data.iter().map(|(kind, text)| format!("    {}: {}", quoted(kind), quoted(text))).collect();
        parts.push(format!("  data: {{\n{}\n  }}", lines.join(",\n")));
    }
    match paths {
        [] => {}
        [one] => parts.push(format!("  files: {}", quoted(one))),
        many => {
            let list: Vec<_> = many.iter().map(|path| quoted(path)).collect();
            parts.push(format!("  files: [{}]", list.join(", ")));
        }
    }
    format!("await page.{locator}.drop({{\n{}\n}});", parts.join(",\n"))
}

//! `browser_file_upload`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::Target;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, WithModal};

/// Files of one call.
pub(super) const PATHS_MAX: usize = 100;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Names of the session's files, or allowed paths; none cancels the chooser
    #[serde(default)]
    paths: Option<Vec<String>>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_file_upload",
        "Upload files",
        "Give files to the file chooser that is open.",
        Hints::ACT,
        |a: Arguments| {
            let paths = a.paths.clone().unwrap_or_default();
            if paths.len() > PATHS_MAX {
                return Err(ToolError::arguments("browser_file_upload", &format!("paths takes up to {PATHS_MAX}.")));
            }
            let (effect, verb) = match paths.len() {
                0 => (Effect::Act, "Cancel".to_owned()),
                1 => (Effect::Send, "Upload a file to".to_owned()),
                count => (Effect::Send, format!("Upload {count} files to")),
            };
            let prepared = Prepared::page(effect, verb, {
                let paths = paths.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let mut files = Vec::with_capacity(paths.len());
                    for path in &paths {
                        files.push(turn.session.files().lend(path).await?);
                    }
                    let mark = page.mark();
                    let given =
                        if files.is_empty() { page.cancel_chooser().await } else { page.choose_files(&files).await };
                    turn.dialog_is_fine(given)?;
                    turn.settled(&page, mark).await?;
                    let list =
                        a.paths.map_or_else(|| "undefined".to_owned(), |paths| serde_json::json!(paths).to_string());
                    Ok(Answer::code(format!("await fileChooser.setFiles({list})")).and_snapshot())
                }
            });
            Ok(prepared.on(&Target::chooser()).uploads(&paths).modal(WithModal::AnswersChooser))
        },
    )
}

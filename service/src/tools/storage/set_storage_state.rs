//! `browser_set_storage_state`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::plain;
use super::state::{STATE_BYTES_MAX, State};
use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// A file of the session: saved before, or uploaded
    filename: String,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_set_storage_state",
        "Restore a storage state",
        "Put the cookies and local storage of a file in place of the session's; reload pages afterwards.",
        Hints::ACT,
        |a: Arguments| {
            let filename = a.filename.clone();
            let prepared = Prepared::page(Effect::Act, "Restore a storage state", move |turn| async move {
                let (file, _) = turn.session.files().find(&a.filename)?;
                if file.bytes > STATE_BYTES_MAX as u64 {
                    let what = format!(
                        "\"{}\" has {} bytes, and a state has {STATE_BYTES_MAX} at most.",
                        file.name, file.bytes
                    );
                    return Err(ToolError::new("bad_state", what, "Give a smaller file; nothing was changed."));
                }
                let (file, bytes) = turn.session.files().read(&file.name).await?;
                let state = State::read(&file.name, &bytes)?;
                turn.session.set_state(&state.cookies, &state.origins).await?;
                let mut result = format!(
                    "Storage state restored from {}\n{} cookies, local storage of {} origins",
                    plain(&a.filename),
                    state.cookies.len(),
                    state.origins.len()
                );
                if state.databases > 0 {
                    result.push_str(&format!(
                        "\nIndexedDB of {} origins is in the file and was not restored.",
                        state.databases
                    ));
                }
                let code = vec![format!("await page.context().setStorageState({});", quoted(&a.filename))];
                Ok(Answer { code, ..Answer::result(result) })
            });
            Ok(prepared.with(&filename).modal(WithModal::Fine))
        },
    )
}

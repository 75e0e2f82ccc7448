//! `browser_storage_state`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::state::{STATE_BYTES_MAX, State};
use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Name of the file; else one with the time
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_storage_state",
        "Save the storage state",
        "Save cookies and local storage of all visited sites to a file: it holds logins.",
        Hints::READ,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Read, "Save the storage state", move |turn| async move {
                let cookies = turn.session.cookies().await?;
                let origins = turn.session.local_storage(STATE_BYTES_MAX).await?;
                let json = State::new(cookies, origins).to_json();
                let own = ("storage-state", "json");
                let file = turn.keep("Storage state", a.filename.as_deref(), own, "application/json", json).await?;
                let code = vec![format!("await page.context().storageState({{ path: {} }});", quoted(&file.link.name))];
                Ok(Answer { code, files: vec![file], ..Answer::default() })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

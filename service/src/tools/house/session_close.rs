//! `session_close`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::tools::keeper::Keeper;
use crate::tools::{Answer, Hints, Prepared, Tool};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Its name or id
    session: String,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "session_close",
        "Close a session",
        "Close a browser session and all it holds.",
        Hints { idempotent: true, ..Hints::ACT },
        |a: Arguments| {
            Ok(Prepared::house(
                "Close a session",
                Box::new(move |house| {
                    Box::pin(async move {
                        let session = house.registry.own(house.caller, &a.session)?;
                        house.registry.end(&session, "its agent closed it").await;
                        let files = Keeper { session: &session, public_url: house.public_url }.left();
                        Ok(Answer { files, ..Answer::result(format!("Closed session \"{}\".", session.name())) })
                    })
                }),
            ))
        },
    )
}

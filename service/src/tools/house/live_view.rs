//! `browser_live_view`.

use helmwatch_protocol::session_link;

use crate::tools::tool::Nothing;
use crate::tools::{Answer, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_live_view",
        "Live view link",
        "Where a person who logs in can watch this session live.",
        Hints { open_world: false, ..Hints::READ },
        |_: Nothing| {
            Ok(Prepared::house(
                "Give the live view's address",
                Box::new(|house| {
                    Box::pin(async move {
                        Ok(Answer::result(match &house.session {
                            Some(session) => format!("Watch live: {}", session_link(house.public_url, session.id())),
                            None => format!("No session is open yet. All sessions are shown at {}/", house.public_url),
                        }))
                    })
                }),
            ))
        },
    )
}

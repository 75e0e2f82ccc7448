//! `session_list`.

use crate::tools::response::one_line;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::core("session_list", "List sessions", "Your open browser sessions.", Hints::READ, |_: Nothing| {
        Ok(Prepared::house(
            "List the sessions",
            Box::new(|house| {
                Box::pin(async move {
                    let lines: Vec<_> = house
                        .registry
                        .list_own(house.caller)
                        .iter()
                        .map(|view| {
                            let state = format!("{:?}", view.state).to_lowercase();
                            format!(
                                "- {} ({}): {state}, {} tabs, [{}]({})",
                                view.name,
                                view.id,
                                view.tabs.len(),
                                one_line(&view.title),
                                one_line(&view.url)
                            )
                        })
                        .collect();
                    Ok(Answer::result(match lines.is_empty() {
                        true => "No open sessions. The next browser call opens one.".to_owned(),
                        false => lines.join("\n"),
                    }))
                })
            }),
        ))
    })
}

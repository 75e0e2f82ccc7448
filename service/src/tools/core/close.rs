//! `browser_close`.

use crate::tools::keeper::Keeper;
use crate::tools::tool::Nothing;
use crate::tools::{Answer, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_close",
        "Close browser",
        "Close the browser of this session; the next call gets a fresh one.",
        Hints::ACT,
        |_: Nothing| {
            Ok(Prepared::house(
                "Close the browser",
                Box::new(|house| {
                    Box::pin(async move {
                        let mut files = Vec::new();
                        if let Some(session) = house.session {
                            house.registry.end(&session, "its agent closed the browser").await;
                            files = Keeper { session: &session, public_url: house.public_url }.left();
                        }
                        Ok(Answer {
                            result: "No open tabs. Navigate to a URL to create one.".to_owned(),
                            code: vec!["await page.close()".to_owned()],
                            files,
                            over: true,
                            ..Answer::default()
                        })
                    })
                }),
            ))
        },
    )
}

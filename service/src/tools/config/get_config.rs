//! `browser_get_config`.

use serde_json::{Value, json};

use crate::tools::tool::Nothing;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool};

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Config,
        "browser_get_config",
        "Get the settings",
        "The settings your work depends on, and how your answers are given.",
        Hints::READ,
        |_: Nothing| {
            Ok(Prepared::house(
                "Look at the settings",
                Box::new(|house| {
                    Box::pin(async move {
                        let mut settings = house.settings.told.clone();
                        if let Value::Object(settings) = &mut settings {
                            let caps: Vec<_> = Capability::ALL
                                .into_iter()
                                .filter(|one| house.capabilities.has(*one))
                                .map(Capability::word)
                                .collect();
                            settings.insert("caps".to_owned(), json!(caps));
                            settings.insert("snapshot".to_owned(), json!(house.terms.snapshot.word()));
                            settings.insert("max_tokens".to_owned(), json!(house.terms.tokens_max));
                        }
                        Ok(Answer::result(serde_json::to_string_pretty(&settings).unwrap_or_default()))
                    })
                }),
            ))
        },
    )
}

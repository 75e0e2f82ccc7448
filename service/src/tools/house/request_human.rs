//! `browser_request_human`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::tools::prepared::Wanted;
use crate::tools::{Hints, Prepared, Tool, ToolError};

const NAME: &str = "browser_request_human";
/// Longest text for the person, characters.
const INSTRUCTIONS_CHARS_MAX: usize = 2_000;
/// Seconds a person has when the call does not say.
const SECONDS_USUAL: u64 = 600;
/// Less than this nobody can read it, and more nobody remembers what it was about. Seconds.
const SECONDS: std::ops::RangeInclusive<u64> = 10..=3_600;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// What the person should do
    instructions: String,
    /// Seconds they have; 600
    timeout: Option<u64>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        NAME,
        "Ask a person",
        "Ask a person to do something in this browser (log in, solve a captcha) and wait until they say it is done.",
        Hints { read_only: false, ..Hints::READ },
        |a: Arguments| {
            let instructions = a.instructions.trim().to_owned();
            if instructions.is_empty() || instructions.chars().count() > INSTRUCTIONS_CHARS_MAX {
                let what = format!("instructions has 1 to {INSTRUCTIONS_CHARS_MAX} characters.");
                return Err(ToolError::arguments(NAME, &what));
            }
            let seconds = a.timeout.unwrap_or(SECONDS_USUAL);
            if !SECONDS.contains(&seconds) {
                let what = format!("timeout is {} to {} seconds.", SECONDS.start(), SECONDS.end());
                return Err(ToolError::arguments(NAME, &what));
            }
            let wanted = Wanted { instructions, patience: Duration::from_secs(seconds) };
            Ok(Prepared::person("Ask a person to help", wanted))
        },
    )
}

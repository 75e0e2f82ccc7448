//! Patterns an agent gives. Matching takes linear time whatever the pattern is.

use regex::{Regex, RegexBuilder};

use super::ToolError;

/// Largest compiled pattern, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Compiles a pattern of `tool`.
///
/// # Errors
/// With what is wrong in one line; also for one that would grow too large.
pub(super) fn compile(tool: &str, pattern: &str, any_case: bool) -> Result<Regex, ToolError> {
    let compiled = RegexBuilder::new(pattern).case_insensitive(any_case).size_limit(PATTERN_BYTES_MAX).build();
    // Its message draws the pattern over several lines; the last one says what is wrong.
    compiled.map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        ToolError::arguments(
            tool,
            &format!("the regular expression cannot be used: {last}; look-around and back-references are not known."),
        )
    })
}

/// `/pattern/flags`, or the whole as a pattern.
pub(super) fn parted(text: &str) -> (&str, &str) {
    let inner = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    inner.filter(|(_, flags)| flags.chars().all(|flag| "dgimsuvy".contains(flag))).unwrap_or((text, ""))
}

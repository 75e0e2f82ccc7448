//! Patterns an agent gives. Matching takes linear time whatever the pattern is.

use regex::{Regex, RegexBuilder};

use super::ToolError;

/// Longest pattern, characters. The time a search takes grows with it.
const PATTERN_CHARS_MAX: usize = 1_000;

/// Largest compiled pattern, bytes: a short one may repeat itself many times over.
const PATTERN_BYTES_MAX: usize = 256 << 10;

/// Compiles a pattern of `tool`.
///
/// # Errors
/// With what is wrong in one line; also for one that would grow too large.
pub(super) fn compile(tool: &str, pattern: &str, any_case: bool) -> Result<Regex, ToolError> {
    if pattern.chars().nth(PATTERN_CHARS_MAX).is_some() {
        let what = format!("what is looked for is longer than {PATTERN_CHARS_MAX} characters.");
        return Err(ToolError::arguments(tool, &what));
    }
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

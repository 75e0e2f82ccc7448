//! CSS declarations an agent gives for what is drawn over a page.

use crate::tools::ToolError;

/// Longest style, bytes.
const STYLE_BYTES_MAX: usize = 2_000;

/// Refuses a style that could make the page fetch something, or that is too long to be one. Drawing is a look, so it must not
/// reach out; an escape could hide the word that does.
pub(super) fn declarations(tool: &str, style: &str) -> Result<(), ToolError> {
    let lower = style.to_ascii_lowercase();
    let fetches = ["url", "image-set", "src(", "image(", "@", "\\", "/*", "{", "}"];
    if let Some(word) = fetches.into_iter().find(|word| lower.contains(word)) {
        return Err(ToolError::arguments(tool, &format!("a style is plain declarations, without {word}.")));
    }
    if style.len() > STYLE_BYTES_MAX {
        return Err(ToolError::arguments(tool, &format!("a style has at most {STYLE_BYTES_MAX} bytes.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_reaches_nowhere() {
        assert!(declarations("t", "outline: 2px dashed red; background: rgb(0 0 0 / 50%)").is_ok());
        for bad in [
            "background: url(http://x)",
            "background: U\\52L(http://x)",
            "background: image-set('x' 1x)",
            "} * { color: red",
            "background: u/**/rl(x)",
        ] {
            assert!(declarations("t", bad).is_err(), "{bad}");
        }
        assert!(declarations("t", &"a".repeat(STYLE_BYTES_MAX + 1)).is_err());
    }
}

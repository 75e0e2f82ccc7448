//! What two snapshots may differ in without being different.

/// The text with the frames of its refs numbered in the order they appear: `f7e3` of the first frame becomes `e3`.
pub(super) fn refs(yaml: &str) -> String {
    let mut frames: Vec<&str> = Vec::new();
    let mut out = String::with_capacity(yaml.len());
    let mut rest = yaml;
    while let Some(at) = rest.find("[ref=") {
        let (before, after) = rest.split_at(at + "[ref=".len());
        out.push_str(before);
        rest = after;
        let Some((prefix, digits)) = frame_of(after) else { continue };
        let number = frames.iter().position(|known| *known == prefix).unwrap_or_else(|| {
            frames.push(prefix);
            frames.len() - 1
        });
        if number > 0 {
            out.push_str(&format!("f{number}"));
        }
        out.push('e');
        out.push_str(digits);
        rest = &after[prefix.len() + 1 + digits.len()..];
    }
    out.push_str(rest);
    out.trim_end().to_owned()
}

/// `f7` and `3` of `f7e3]…`, nothing and `3` of `e3]…`; none when it is no ref.
fn frame_of(text: &str) -> Option<(&str, &str)> {
    let (name, _) = text.split_once(']')?;
    let (prefix, digits) = name.split_once('e')?;
    let number = prefix.strip_prefix('f').unwrap_or(prefix);
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (plain(number) && plain(digits) && !digits.is_empty() && (prefix.is_empty() || !number.is_empty()))
        .then_some((prefix, digits))
}

/// The first line where two texts part: its number from 1, and both lines.
pub(super) fn first_difference<'a>(mine: &'a str, theirs: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut mine, mut theirs) = (mine.lines(), theirs.lines());
    for number in 1.. {
        match (mine.next(), theirs.next()) {
            (None, None) => break,
            (one, other) if one != other => return Some((number, one.unwrap_or(""), other.unwrap_or(""))),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_of_frames_are_made_alike() {
        let mine = "- generic [ref=f3e1]:\n  - iframe [ref=f3e2]:\n    - button \"[ref=x]\" [ref=f9e1]";
        let theirs = "- generic [ref=e1]:\n  - iframe [ref=e2]:\n    - button \"[ref=x]\" [ref=f1e1]";
        assert_eq!(refs(mine), theirs);
        assert_eq!(refs(theirs), theirs);
        assert_ne!(refs("- a [ref=e1]"), refs("- a [ref=e2]"), "the number of an element counts");
    }

    #[test]
    fn texts_part_where_a_line_differs_or_is_missing() {
        assert_eq!(first_difference("a\nb", "a\nb"), None);
        assert_eq!(first_difference("a\nb", "a\nc"), Some((2, "b", "c")));
        assert_eq!(first_difference("a", "a\nc"), Some((2, "", "c")));
    }
}

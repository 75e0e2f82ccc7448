//! Names on our disk. Pure.

/// Longest name, bytes; well under what file systems take, with room for a number.
const NAME_BYTES_MAX: usize = 120;
/// Longest ending kept when a name is cut, bytes.
const ENDING_BYTES_MAX: usize = 16;

/// A name that is one plain component whatever was asked for: no folder, no leading dot, no control or reserved character.
pub(super) fn clean(wanted: &str) -> String {
    let last = wanted.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|c| if c.is_control() || "<>:\"|?*#%\u{2028}\u{2029}".contains(c) || is_direction(c) { '-' } else { c })
        .collect();
    let plain = plain.trim_matches(|c: char| c.is_whitespace() || c == '.').to_owned();
    let plain = if plain.is_empty() { "file".to_owned() } else { plain };
    shortened(&plain)
}

/// `name` with a number before its ending: `report.pdf` and 2 make `report-2.pdf`.
pub(super) fn numbered(name: &str, number: usize) -> String {
    match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        Some((stem, ending)) => format!("{stem}-{number}.{ending}"),
        None => format!("{name}-{number}"),
    }
}

/// Marks of writing direction would show a name other than it is.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.').filter(|(_, ending)| ending.len() <= ENDING_BYTES_MAX) {
        Some((stem, ending)) => (stem, format!(".{ending}")),
        None => (name, String::new()),
    };
    let mut end = (NAME_BYTES_MAX - ending.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &stem[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_never_leaves_its_folder() {
        for (wanted, got) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\x.txt", "x.txt"),
            ("..", "file"),
            ("", "file"),
            (".hidden", "hidden"),
            ("a\nb.txt", "a-b.txt"),
            ("\u{202e}fdp.exe", "-fdp.exe"),
        ] {
            assert_eq!(clean(wanted), got, "{wanted:?}");
        }
        assert_eq!(numbered("report.pdf", 2), "report-2.pdf");
        assert_eq!(numbered("Makefile", 3), "Makefile-3");
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_name_is_one_plain_component(wanted in "\\PC{0,400}") {
            let name = clean(&wanted);
            prop_assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX + ENDING_BYTES_MAX);
            prop_assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != ".." && !name.starts_with('.'));
        }
    }
}

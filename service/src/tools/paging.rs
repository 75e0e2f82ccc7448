//! Parting a long text into pages that fit, at the ends of paragraphs where it can be.
//!
//! Pure. Nothing is lost and nothing is said twice: the pages one after the other are the text.

/// The parts of `text`, each at most `bytes_max` bytes; at least one. A line that is longer than a page is cut.
pub(super) fn pages(text: &str, bytes_max: usize) -> Vec<&str> {
    // A character has up to four bytes; less room than that holds none.
    let bytes_max = bytes_max.max(4);
    let mut pages = Vec::new();
    let mut rest = text;
    while rest.len() > bytes_max {
        let mut end = bytes_max;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        // Not so early that a page is nearly empty.
        let least = end / 2;
        let at = |mark: &str| rest[..end].rfind(mark).map(|at| at + mark.len()).filter(|at| *at > least);
        let end = at("\n\n").or_else(|| at("\n")).or_else(|| at(" ")).unwrap_or(end);
        let (page, further) = rest.split_at(end);
        pages.push(page);
        rest = further;
    }
    if !rest.is_empty() || pages.is_empty() {
        pages.push(rest);
    }
    pages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_end_where_paragraphs_end() {
        assert_eq!(pages("one one\n\ntwo two\n\nthree", 16), ["one one\n\n", "two two\n\nthree"]);
        assert_eq!(pages("", 10), [""]);
    }

    proptest! {
        #[test]
        fn pages_one_after_the_other_are_the_text(text in "[a-zä \n]{0,300}", bytes_max in 0usize..60) {
            let pages = pages(&text, bytes_max);
            prop_assert!(pages.iter().all(|page| page.len() <= bytes_max.max(4)));
            prop_assert_eq!(pages.concat(), text);
        }
    }
}

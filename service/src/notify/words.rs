//! Texts of pages and agents on their way out: one line, and no longer than somebody reads on a phone.

/// Longest name, sentence or address, characters.
pub(super) const TEXT_CHARS_MAX: usize = 300;
/// Most lines of a card in a message.
pub(super) const FIELDS_MAX: usize = 10;

/// One line of at most so many characters; what is cut ends in `…`.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if chars > 0 {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars() {
            if chars >= chars_max {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

/// As [`cut`], to the usual length.
pub(super) fn short(text: &str) -> String {
    cut(text, TEXT_CHARS_MAX)
}

/// An address without its query and fragment, where sites put what only the visitor should have.
pub(super) fn bare_address(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            // Refused for addresses that can have neither.
            url.set_username("").ok();
            url.set_password(None).ok();
            short(url.as_str())
        }
        Err(_) => short(address.split(['?', '#']).next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_ends_somewhere() {
        assert_eq!(cut("a\n\u{7}b\u{2028}c  d", 20), "a b c d");
        assert_eq!(cut("abcdef", 3), "abc…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ab cd", 2), "ab …");
    }

    #[test]
    fn an_address_loses_what_only_the_visitor_should_have() {
        assert_eq!(bare_address("https://u:p@shop.test/pay?token=1#x"), "https://shop.test/pay");
        assert_eq!(bare_address("about:blank#x"), "about:blank");
        assert_eq!(bare_address("no address?token=1"), "no address");
    }
}

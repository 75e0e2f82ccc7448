//! Words and phrases in an accessible name.
//!
//! Both sides are folded first: lower case, accents and invisible characters away, everything that is no letter or digit
//! a gap. So `Lösch­en`, `LÖSCHEN` and `löschen` are one word, and "Buy" is found in "Buy now!" but not in "Buyer's guide".

/// Longest part of a name that is looked at, in characters. A page may name an element as long as it likes.
const NAME_CHARS_MAX: usize = 2_000;

/// The words of a text, folded.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase) {
        match letter {
            // Soft hyphen, zero-width characters, and accents that stand alone (decomposed text): not there.
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{300}'..='\u{36f}' => {}
            'ß' => word.push_str("ss"),
            'æ' => word.push_str("ae"),
            'œ' => word.push_str("oe"),
            _ if letter.is_alphanumeric() => word.push(base_letter(letter)),
            _ if word.is_empty() => {}
            _ => words.push(std::mem::take(&mut word)),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The letter without its accent, for the Latin letters of the languages the presets speak.
fn base_letter(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        // Full-width forms read the same to a person.
        '\u{ff41}'..='\u{ff5a}' => {
            u8::try_from(u32::from(letter) - 0xff41).map_or(letter, |offset| char::from(b'a' + offset))
        }
        _ => letter,
    }
}

/// Where in the name a phrase must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Start,
    Whole,
}

/// One entry of a `name` list: `buy`, `^send` (at the start) or `=order` (the whole name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    place: Place,
    words: Vec<String>,
}

impl Phrase {
    /// `None` when nothing is left of it after folding: it could match nothing, or everything.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (place, rest) = match text.as_bytes().first() {
            Some(b'^') => (Place::Start, &text[1..]),
            Some(b'=') => (Place::Whole, &text[1..]),
            _ => (Place::Anywhere, text),
        };
        let words = fold(rest);
        (!words.is_empty()).then_some(Self { place, words })
    }

    /// Is it in this (folded) name?
    pub(super) fn is_in(&self, name: &[String]) -> bool {
        match self.place {
            Place::Anywhere => name.windows(self.words.len()).any(|part| part == self.words),
            Place::Start => name.starts_with(&self.words),
            Place::Whole => name == self.words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phrase: &str, name: &str) -> bool {
        Phrase::parse(phrase).expect("a phrase").is_in(&fold(name))
    }

    #[test]
    fn words_are_whole_words() {
        assert!(found("buy", "Buy now!"));
        assert!(found("buy now", "  BUY\u{a0}NOW (2 left)"));
        assert!(!found("buy", "Buyer's guide"));
        assert!(found("=order", "Order"));
        assert!(!found("=order", "Order history"));
        assert!(found("^post", "Post comment"));
        assert!(!found("^post", "Next post"));
    }

    #[test]
    fn letters_that_look_alike_to_a_person_are_alike() {
        assert!(found("löschen", "LÖSCHEN"));
        assert!(found("löschen", "lo\u{308}schen"));
        assert!(found("löschen", "lö\u{ad}sch\u{200b}en"));
        assert!(found("schließen", "Konto SCHLIESSEN"));
        assert!(found("delete", "\u{ff24}\u{ff45}\u{ff4c}\u{ff45}\u{ff54}\u{ff45}"));
    }

    #[test]
    fn a_phrase_of_nothing_is_no_phrase() {
        assert_eq!(Phrase::parse(""), None);
        assert_eq!(Phrase::parse("="), None);
        assert_eq!(Phrase::parse(" - \u{200b}"), None);
    }
}

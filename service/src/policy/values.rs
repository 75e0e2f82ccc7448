//! What kind of secret a typed text is, told by its form alone.

use super::{CallFacts, FieldKind, TargetFacts};

/// Longest text looked through for numbers, in bytes; longer ones are looked at up to here.
const SCANNED_BYTES_MAX: usize = 64 * 1024;

/// A class of typed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueClass {
    /// Anything typed into a password field.
    Password,
    /// A payment card number (13 to 19 digits that pass Luhn's check, ISO/IEC 7812-1), or anything typed into a card field.
    Card,
    /// Anything typed into a one-time-code field.
    OneTimeCode,
    /// A text that is one e-mail address.
    Email,
    /// An account number with valid check digits (ISO 13616).
    Iban,
}

impl ValueClass {
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("password", Self::Password),
        ("card", Self::Card),
        ("one_time_code", Self::OneTimeCode),
        ("email", Self::Email),
        ("iban", Self::Iban),
    ];

    /// Does the call type such a text, or the request carry one?
    pub(super) fn is_typed_by(self, call: &CallFacts<'_>) -> bool {
        let typed = call.values.iter().any(|value| !value.is_empty());
        let into = |kind: FieldKind| {
            let sent = |target: &TargetFacts| {
                let form = target.form.as_ref().filter(|_| call.request.is_some());
                form.is_some_and(|form| form.fields.iter().any(|field| field.kind == kind && field.filled))
            };
            let fits = |target: &TargetFacts| target.field == Some(kind) && typed || sent(target);
            call.targets.iter().any(fits)
        };
        let any = |test: fn(&str) -> bool| call.values.iter().any(|value| test(cut(value)));
        match self {
            Self::Password => into(FieldKind::Password),
            Self::OneTimeCode => into(FieldKind::OneTimeCode),
            // A number split over several fields is put together again.
            // A request has a field a value, and many numbers that are nobody's.
            Self::Card if call.request.is_some() => {
                into(FieldKind::Card) || any(is_whole_card_number) || holds_card_number(&quarters(call.values))
            }
            Self::Card => into(FieldKind::Card) || any(holds_card_number) || holds_card_number(&joined(call.values)),
            Self::Email => any(is_email),
            Self::Iban => any(holds_iban),
        }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SCANNED_BYTES_MAX)]
}

/// Several short digit groups, typed one after another, as one text. Anything else breaks the chain.
fn joined(values: &[String]) -> String {
    let mut digits = String::new();
    for value in values.iter().take(64) {
        let group = value.trim();
        if group.len() <= 6 && !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.push_str(group);
        } else {
            digits.push('/');
        }
    }
    digits
}

/// The groups of four a card number is often split into, each alone in its field.
fn quarters(values: &[String]) -> String {
    let plain = |value: &String| value.len() == 4 && value.bytes().all(|byte| byte.is_ascii_digit());
    let fours = values.windows(4).find(|four| four.iter().all(plain));
    fours.map(<[String]>::concat).unwrap_or_default()
}

/// Is the whole text a card number, of an issuer that gives them out (ISO/IEC 7812-1)?
pub(super) fn is_whole_card_number(text: &str) -> bool {
    let text = text.trim();
    if text.len() > 25 || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'-') {
        return false;
    }
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    let front = digits.iter().take(2).fold(0_u8, |front, digit| front * 10 + digit);
    let issued = match front {
        40..=49 => matches!(digits.len(), 13 | 16 | 19),
        51..=55 | 22..=27 => digits.len() == 16,
        34 | 37 => digits.len() == 15,
        30 | 36 | 38 => matches!(digits.len(), 14 | 16),
        35 | 60 | 62 | 64 | 65 => (16..=19).contains(&digits.len()),
        50 | 56..=59 | 61 | 63 | 66..=69 => (13..=19).contains(&digits.len()),
        _ => false,
    };
    issued && is_card_number(&digits)
}

/// Is there a run of digits, with single spaces or hyphens between, that is a card number?
fn holds_card_number(text: &str) -> bool {
    let mut run: Vec<u8> = Vec::new();
    let mut gap = false;
    for byte in text.bytes().chain([b'/']) {
        match byte {
            b'0'..=b'9' => {
                run.push(byte - b'0');
                gap = false;
            }
            b' ' | b'-' if !run.is_empty() && !gap => gap = true,
            _ => {
                if is_card_number(&run) {
                    return true;
                }
                run.clear();
                gap = false;
            }
        }
    }
    false
}

/// 13 to 19 digits, a first digit that payment cards have, and Luhn's check.
fn is_card_number(digits: &[u8]) -> bool {
    let issuer = digits.first().is_some_and(|first| (2..=6).contains(first));
    if !issuer || !(13..=19).contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit) * 2) {
            (0, _) => u32::from(*digit),
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_email(text: &str) -> bool {
    let text = text.trim();
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    !name.is_empty()
        && !text.contains(char::is_whitespace)
        && host.split('.').count() >= 2
        && host.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

fn holds_iban(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ' ');
    runs.any(|run| {
        let packed: String = run.chars().filter(|c| *c != ' ').collect();
        is_iban(&packed) || run.split(' ').any(is_iban)
    })
}

/// Country, two check digits, and the remainder 1 of ISO 7064 MOD 97-10.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (head, tail) = bytes.split_at(4);
    if !(head[..2].iter().all(u8::is_ascii_alphabetic) && head[2..].iter().all(u8::is_ascii_digit)) {
        return false;
    }
    let remainder = tail.iter().chain(head).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn card_numbers_are_told_by_their_check() {
        for card in
            ["4111111111111111", "4111 1111 1111 1111", "pay with 5500-0000-0000-0004 please", "378282246310005"]
        {
            assert!(holds_card_number(card), "{card}");
        }
        for other in
            ["4111111111111112", "1234567890123", "411111111111", "4111  1111 1111 1111x", "0000000000000000", ""]
        {
            assert!(!holds_card_number(other), "{other}");
        }
    }

    #[test]
    fn a_card_number_in_pieces_is_a_card_number() {
        let pieces: Vec<String> = ["4111", "1111", "1111", "1111"].map(str::to_owned).into();
        assert!(holds_card_number(&joined(&pieces)));
    }

    #[test]
    fn account_numbers_are_told_by_their_check() {
        assert!(holds_iban("DE89 3704 0044 0532 0130 00"));
        assert!(holds_iban("to gb82west12345698765432, thanks"));
        assert!(!holds_iban("DE89 3704 0044 0532 0130 01"));
        assert!(!holds_iban("GBWE82st12345698765432"));
    }

    #[test]
    fn addresses() {
        assert!(is_email(" ann@mail.example "));
        assert!(!is_email("ann@localhost") && !is_email("write to ann@mail.example") && !is_email("@a.b"));
    }

    proptest! {
        #[test]
        fn a_number_with_luhn_s_digit_is_found_and_with_another_is_not(
            body in "[2-6][0-9]{11,17}", wrong in 1_u32..10, front in "[a-z ]{0,5}"
        ) {
            let check = (0..10_u32).find(|digit| is_card_number(
                &format!("{body}{digit}").bytes().map(|byte| byte - b'0').collect::<Vec<_>>(),
            ));
            let check = check.expect("one digit of ten completes the sum");
            let (good, bad) = (format!("{}{}{}", front, body, check), format!("{front}{body}{}", (check + wrong) % 10));
            prop_assert!(holds_card_number(&good));
            prop_assert!(!holds_card_number(&bad));
        }

        #[test]
        fn no_text_breaks_the_classes(text in "\\PC{0,200}") {
            let _ = (holds_card_number(&text), is_email(&text), holds_iban(&text));
        }
    }
}

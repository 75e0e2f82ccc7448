//! What a request carries, in fields: read from its body and its address, and told apart by names and values.
//!
//! Bodies are a page's own affair: what is not understood is no field, and nothing here fails.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::FieldKind;
use super::values::is_whole_card_number;

/// Fields of one request that are looked at.
const FIELDS_MAX: usize = 200;
/// Longest value and name kept, characters.
const VALUE_CHARS_MAX: usize = 4_096;
const NAME_CHARS_MAX: usize = 120;
/// How deep JSON is looked into.
const DEPTH_MAX: usize = 16;

/// One field of a request. Its value is for rules only: never logged, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentField {
    /// Empty when it has none.
    pub name: String,
    pub value: String,
    pub kind: FieldKind,
}

/// Could a request with this method to this address carry something out? Those that only fetch cannot, unless their address holds
/// a secret.
#[must_use]
pub fn could_send(method: &str, url: &str) -> bool {
    if !["GET", "HEAD", "OPTIONS"].iter().any(|one| one.eq_ignore_ascii_case(method)) {
        return true;
    }
    url.contains('?') && sent_fields(url, "", &[]).iter().any(|field| is_secret(field.kind))
}

const fn is_secret(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Password | FieldKind::Card | FieldKind::OneTimeCode)
}

/// The fields of a request: those in its address, then those in its body.
#[must_use]
pub fn sent_fields(url: &str, content_type: &str, body: &[u8]) -> Vec<SentField> {
    let mut fields = Fields::default();
    if let Ok(url) = Url::parse(url) {
        for (name, value) in url.query_pairs().take(FIELDS_MAX) {
            fields.add(&name, &value, false);
        }
    }
    let kind = content_type.to_ascii_lowercase();
    let text = String::from_utf8_lossy(body);
    if kind.starts_with("multipart/form-data") {
        fields.multipart(content_type, &text);
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        fields.pairs(body);
    } else if !body.is_empty() {
        // Beacons say `text/plain` of anything, and scripts say what they like.
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => fields.json("", &value, 0),
            // The rest of a body that was cut is not there; its lines may each be one.
            Err(_) if looks_like_pairs(&text) => fields.pairs(body),
            Err(_) => fields.add("", &text, false),
        }
    }
    fields.0
}

fn looks_like_pairs(text: &str) -> bool {
    text.contains('=') && !text.contains(char::is_whitespace) && !text.contains(['{', '<'])
}

#[derive(Default)]
struct Fields(Vec<SentField>);

impl Fields {
    fn add(&mut self, name: &str, value: &str, file: bool) {
        if self.0.len() >= FIELDS_MAX {
            return;
        }
        let cut = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
        let kind = if file { FieldKind::File } else { kind_of(name, value) };
        self.0.push(SentField { name: cut(name, NAME_CHARS_MAX), value: cut(value, VALUE_CHARS_MAX), kind });
    }

    fn pairs(&mut self, body: &[u8]) {
        for (name, value) in form_urlencoded::parse(body).take(FIELDS_MAX) {
            self.add(&name, &value, false);
        }
    }

    fn json(&mut self, name: &str, value: &Value, depth: usize) {
        if depth > DEPTH_MAX || self.0.len() >= FIELDS_MAX {
            return;
        }
        match value {
            Value::String(text) => self.add(name, text, false),
            Value::Number(number) => self.add(name, &number.to_string(), false),
            // A list's entries are what the list is.
            Value::Array(list) => list.iter().for_each(|entry| self.json(name, entry, depth + 1)),
            Value::Object(object) => object.iter().for_each(|(name, entry)| self.json(name, entry, depth + 1)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// RFC 7578, as browsers write it.
    fn multipart(&mut self, content_type: &str, text: &str) {
        let Some((_, boundary)) = content_type.split_once("boundary=") else { return };
        let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
        if boundary.is_empty() {
            return;
        }
        for part in text.split(&format!("--{boundary}")).skip(1).take(FIELDS_MAX) {
            let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
            let parameter = |wanted: &str| {
                let (_, rest) = head.split_once(&format!(" {wanted}=\""))?;
                rest.split_once('"').map(|(value, _)| value.replace("%22", "\""))
            };
            let Some(name) = parameter("name") else { continue };
            match parameter("filename") {
                Some(file) => self.add(&name, &file, true),
                None => self.add(&name, value.strip_suffix("\r\n").unwrap_or(value), false),
            }
        }
    }
}

/// The same words that tell fields of a page apart (`page_script/facts.js`), for names as programs write them.
static WORDS: LazyLock<[(Regex, FieldKind); 4]> = LazyLock::new(|| {
    let words = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("a test reads it");
    [
        (
            words(
                r"\b(card ?(number|no|num|cvc|cvv|code)|cc ?(number|num|csc|cvc|cvv)|credit ?card|security ?code|cv[vc]2?|iban|kartennummer)\b",
            ),
            FieldKind::Card,
        ),
        (
            words(
                r"\b(one ?time ?(code|password|pin)?|otp|2fa|mfa|totp|verification ?code|auth(entication)? ?code|sms ?code|pass ?code)\b",
            ),
            FieldKind::OneTimeCode,
        ),
        (
            words(
                r"\b(pass ?word|passwd|pass ?wort|pass ?phrase|kennwort|mot ?de ?passe|contrase[nñ]a|pwd|passwort)\d?\b",
            ),
            FieldKind::Password,
        ),
        (words(r"\be ?mail\b"), FieldKind::Email),
    ]
});

/// What a field is for, by its name, and by its value where that alone says it.
fn kind_of(name: &str, value: &str) -> FieldKind {
    if is_whole_card_number(value) {
        return FieldKind::Card;
    }
    let spaced = words_of(name);
    WORDS.iter().find(|(words, _)| words.is_match(&spaced)).map_or(FieldKind::Text, |(_, kind)| *kind)
}

/// `user[newPassword]` and `user_new-password` are `user new password`.
fn words_of(name: &str) -> String {
    let mut words = String::new();
    let mut small = false;
    for letter in name.chars().take(NAME_CHARS_MAX) {
        if letter.is_alphanumeric() {
            if letter.is_uppercase() && small {
                words.push(' ');
            }
            small = letter.is_lowercase() || letter.is_numeric();
            words.push(letter);
        } else {
            small = false;
            if !words.ends_with(' ') {
                words.push(' ');
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(content_type: &str, body: &str) -> Vec<(String, FieldKind)> {
        let fields = sent_fields("https://shop.test/x", content_type, body.as_bytes());
        fields.into_iter().map(|field| (field.name, field.kind)).collect()
    }

    fn named(pairs: &[(&str, FieldKind)]) -> Vec<(String, FieldKind)> {
        pairs.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
    }

    #[test]
    fn fields_are_read_from_every_kind_of_body() {
        let form = "user=ann&password=hunter2&card=4111+1111+1111+1111";
        let expected =
            named(&[("user", FieldKind::Text), ("password", FieldKind::Password), ("card", FieldKind::Card)]);
        assert_eq!(kinds("application/x-www-form-urlencoded; charset=utf-8", form), expected);
        assert_eq!(kinds("text/plain;charset=UTF-8", form.replace('+', "%20").as_str()), expected);
        let json = r#"{"user":"ann","account":{"password":"hunter2"},"card":[4111111111111111, null, true]}"#;
        assert_eq!(kinds("application/json", json).len(), 3);
        assert!(kinds("", json).contains(&("password".to_owned(), FieldKind::Password)));
        assert!(kinds("", json).contains(&("card".to_owned(), FieldKind::Card)));
        let parts = "--x\r\nContent-Disposition: form-data; name=\"otp\"\r\n\r\n123456\r\n--x\r\n\
            Content-Disposition: form-data; name=\"scan\"; filename=\"id.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--x--\r\n";
        let fields = sent_fields("https://shop.test/x", "multipart/form-data; boundary=x", parts.as_bytes());
        assert_eq!((fields[0].kind, fields[0].value.as_str()), (FieldKind::OneTimeCode, "123456"));
        assert_eq!((fields[1].kind, fields[1].value.as_str(), fields.len()), (FieldKind::File, "id.png", 2));
    }

    #[test]
    fn names_are_told_apart_as_programs_write_them() {
        for (name, kind) in [
            ("newPassword", FieldKind::Password),
            ("user[password]", FieldKind::Password),
            ("password2", FieldKind::Password),
            ("j_password", FieldKind::Password),
            ("pwd", FieldKind::Password),
            ("cardNumber", FieldKind::Card),
            ("card_cvc", FieldKind::Card),
            ("cc-number", FieldKind::Card),
            ("cvv", FieldKind::Card),
            ("oneTimeCode", FieldKind::OneTimeCode),
            ("totp", FieldKind::OneTimeCode),
            ("verification_code", FieldKind::OneTimeCode),
            ("userEmail", FieldKind::Email),
            ("code", FieldKind::Text),
            ("state", FieldKind::Text),
            ("passive", FieldKind::Text),
            ("company", FieldKind::Text),
            ("span", FieldKind::Text),
            ("discard", FieldKind::Text),
            ("", FieldKind::Text),
        ] {
            assert_eq!(kind_of(name, "x"), kind, "{name}");
        }
        assert_eq!(kind_of("x", "4111-1111-1111-1111"), FieldKind::Card);
        assert_eq!(kind_of("ts", "1764142157123"), FieldKind::Text, "a time in milliseconds");
        assert_eq!(kind_of("visitor", "GA1.1.411111111111.1111"), FieldKind::Text);
    }

    #[test]
    fn fetching_is_no_sending_unless_the_address_holds_a_secret() {
        for (method, url, sends) in [
            ("GET", "https://a.test/", false),
            ("get", "https://a.test/search?q=how+to+send+a+letter&page=2", false),
            ("GET", "https://a.test/callback?code=abc&state=def", false),
            ("HEAD", "https://a.test/", false),
            ("OPTIONS", "https://a.test/buy", false),
            ("POST", "https://a.test/", true),
            ("put", "https://a.test/", true),
            ("DELETE", "https://a.test/", true),
            ("PURGE", "https://a.test/", true),
            ("GET", "https://a.test/login?user=ann&password=hunter2", true),
            ("GET", "https://a.test/pixel?d=4111111111111111", true),
        ] {
            assert_eq!(could_send(method, url), sends, "{method} {url}");
        }
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reading(kind in "(application/json|multipart/form-data; boundary=.{0,5}|text/plain|.{0,20})", body in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(sent_fields("https://a.test/?a=b", &kind, &body).len() <= FIELDS_MAX);
        }
    }
}

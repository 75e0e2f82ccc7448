//! A call in plain words, for people: the timeline and the card. Secrets are masked here, before anything is stored or shown.

use helmwatch_protocol::CardField;

use super::response::one_line;
use crate::policy::{Effect, FieldKind, SentField, TargetFacts};
use crate::session::TargetReading;

/// Longest name or value in a sentence, characters.
const TEXT_CHARS_MAX: usize = 80;
/// Longest value on a card, characters.
const VALUE_CHARS_MAX: usize = 500;

/// `Click button "Buy now"`.
pub(super) fn sentence(verb: &str, readings: &[TargetReading], to_url: Option<&str>) -> String {
    let mut words = one_line(verb);
    if let Some(url) = to_url {
        words.push(' ');
        words.push_str(&cut(url, TEXT_CHARS_MAX * 2));
    }
    for (at, reading) in readings.iter().take(3).enumerate() {
        words.push_str(if at == 0 { " " } else { ", " });
        words.push_str(&element(&reading.facts));
    }
    if readings.len() > 3 {
        words.push_str(&format!(" and {} more", readings.len() - 3));
    }
    words
}

/// The lines of a card: each element with the value it gets, and what its form would send. Who only types into a field sends nothing.
pub(super) fn fields(effect: Effect, readings: &[TargetReading], values: &[String]) -> Vec<CardField> {
    let mut fields = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let facts = readings.get(at).map(|reading| &reading.facts);
        let label = facts.map_or_else(|| "Value".to_owned(), element);
        fields.push(CardField { label, value: masked(facts, value) });
    }
    let sends = |facts: &TargetFacts| facts.submits && (effect == Effect::Send || facts.field.is_none());
    for reading in readings.iter().filter(|reading| sends(&reading.facts)) {
        let Some(form) = &reading.facts.form else { continue };
        fields.push(CardField {
            label: "Sends to".to_owned(),
            value: format!("{} {}", form.method, cut(&form.action, VALUE_CHARS_MAX)),
        });
        for field in &reading.sends {
            let value = match &field.value {
                Some(value) => masked(None, value),
                None => "•••••• (secret)".to_owned(),
            };
            let label = cut(&field.label, TEXT_CHARS_MAX);
            let label = if field.hidden { format!("{label} (not shown on the page)") } else { label };
            fields.push(CardField { label, value });
        }
    }
    fields
}

/// `Send POST to https://shop.example/buy after Click button "Next"`. What stands behind `?` may be anybody's secret.
pub(super) fn sending(method: &str, url: &str, cause: Option<&str>) -> String {
    let because = cause.map_or_else(|| "by the page itself".to_owned(), |cause| format!("after {cause}"));
    format!("Send {} to {} {because}", one_line(method), cut(&bare(url), TEXT_CHARS_MAX * 2))
}

/// The lines of a card about a request: where it goes, and each field with its value.
pub(super) fn sent(method: &str, url: &str, fields: &[SentField]) -> Vec<CardField> {
    let mut lines = vec![CardField {
        label: "Sends to".to_owned(),
        value: format!("{} {}", one_line(method), cut(&bare(url), VALUE_CHARS_MAX)),
    }];
    for field in fields {
        let label = match field.name.as_str() {
            "" => "Content".to_owned(),
            name => cut(&one_line(name), TEXT_CHARS_MAX),
        };
        let facts = TargetFacts { field: Some(field.kind), ..TargetFacts::default() };
        let value = match is_key_word(&field.name) {
            true => "••••••".to_owned(),
            false => masked(Some(&facts), &field.value),
        };
        lines.push(CardField { label, value });
    }
    lines
}

/// Is a field named like something that opens doors? Programs send such without anybody having typed it.
fn is_key_word(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "csrf", "xsrf", "secret", "session", "api_key", "apikey", "authorization", "signature", "nonce"]
        .iter()
        .any(|word| name.contains(word))
}

fn bare(url: &str) -> String {
    let url = one_line(url);
    match url.split_once('?') {
        Some((place, _)) => format!("{place}?…"),
        None => url,
    }
}

/// `button "Buy now"`.
pub(super) fn element(facts: &TargetFacts) -> String {
    let role = if facts.role.is_empty() || facts.role == "none" { facts.tag.as_str() } else { &facts.role };
    match one_line(&facts.name).as_str() {
        "" => role.to_owned(),
        name => format!("{role} \"{}\"", cut(name, TEXT_CHARS_MAX)),
    }
}

/// The value, or dots where it is a secret: of which length is nobody's business either.
fn masked(facts: Option<&TargetFacts>, value: &str) -> String {
    if is_masked(facts, value) { "••••••".to_owned() } else { cut(value, VALUE_CHARS_MAX) }
}

/// Is it a secret, by its field or by itself?
pub(super) fn is_masked(facts: Option<&TargetFacts>, value: &str) -> bool {
    let secret = facts.and_then(|facts| facts.field).is_some_and(is_secret);
    let card = value.chars().filter(char::is_ascii_digit).count() >= 13
        && value.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    secret || card
}

/// A value in a sentence.
pub(super) fn cut_value(text: &str) -> String {
    cut(text, TEXT_CHARS_MAX)
}

fn is_secret(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Password | FieldKind::Card | FieldKind::OneTimeCode)
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_come_out() {
        let password = TargetFacts { field: Some(FieldKind::Password), ..TargetFacts::default() };
        assert!(!masked(Some(&password), "hunter2").contains("hunter"));
        assert!(!masked(None, "4111 1111 1111 1111").contains("4111"));
        assert_eq!(masked(None, "hello"), "hello");
    }

    #[test]
    fn a_request_is_told_without_its_secrets() {
        let said = sending("POST", "https://shop.test/buy?token=abc#x", Some("Click button \"Next\""));
        assert_eq!(said, "Send POST to https://shop.test/buy?… after Click button \"Next\"");
        assert_eq!(
            sending("PUT", "https://a.test/x\n### y", None),
            "Send PUT to https://a.test/x ### y by the page itself"
        );
        let field = |name: &str, value: &str, kind| SentField { name: name.into(), value: value.into(), kind };
        let fields = [
            field("item", "3", FieldKind::Text),
            field("pin", "hunter2", FieldKind::Password),
            field("n", "4111 1111 1111 1111", FieldKind::Card),
            field("csrf_token", "abcdef", FieldKind::Text),
        ];
        let lines = sent("POST", "https://shop.test/buy?q=abcdef", &fields);
        let text = format!("{lines:?}");
        assert!(lines.len() == 5 && text.contains("POST https://shop.test/buy?…") && text.contains("\"3\""), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("4111") && !text.contains("abcdef"), "{text}");
    }

    #[test]
    fn an_element_is_named_as_a_person_would() {
        let button = TargetFacts { role: "button".into(), name: "Buy\nnow".into(), ..TargetFacts::default() };
        assert_eq!(element(&button), "button \"Buy now\"");
        let plain = TargetFacts { tag: "div".into(), ..TargetFacts::default() };
        assert_eq!(element(&plain), "div");
    }
}

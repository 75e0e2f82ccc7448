//! What people typed into secret fields of a context, so that no answer repeats it.
//!
//! Pure. Kept in memory alone, as long as the session lives, and never shown, logged or stored.

use std::borrow::Cow;
use std::collections::VecDeque;

use base64::Engine as _;
use url::form_urlencoded::byte_serialize;

use super::Context;
use crate::browser::lock::lock;

/// Secrets kept; the oldest are forgotten.
const KEPT_MAX: usize = 64;
/// A shorter one stands in too many texts by chance to be taken out of all of them; snapshots cover its field itself.
const CHARS_MIN: usize = 3;
/// A shorter one than this is only taken for the secret where it stands alone, not as part of a longer word or number.
const WORD_CHARS_MAX: usize = 8;
/// What stands in its place.
const COVER: &str = "[secret typed by a person]";

/// The field of a tab: the tab's number, and the field's.
pub(in crate::browser) type Field = (u16, u64);

/// What was typed, newest last.
#[derive(Default)]
pub(super) struct Secrets {
    kept: VecDeque<Typed>,
}

/// One run of typing in a field.
struct Typed {
    field: Field,
    longest: String,
    /// What is left of it after some was erased: that may be what was sent.
    now: String,
}

impl Secrets {
    /// A field holds this now.
    fn typed(&mut self, field: Field, value: &str) {
        if let Some(last) = self.kept.iter_mut().rev().find(|typed| typed.field == field)
            && (value.starts_with(&last.longest) || last.longest.starts_with(value))
        {
            if value.len() > last.longest.len() {
                value.clone_into(&mut last.longest);
            }
            // An emptied field says nothing of what was sent.
            if !value.is_empty() {
                value.clone_into(&mut last.now);
            }
            return;
        }
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(Typed { field, longest: value.to_owned(), now: value.to_owned() });
    }

    fn cover<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut forms: Vec<String> =
            self.kept.iter().flat_map(|typed| [forms(&typed.longest), forms(&typed.now)].concat()).collect();
        // The longest first: a short one may be part of it.
        forms.sort_unstable_by_key(|form| std::cmp::Reverse(form.len()));
        let mut covered = Cow::Borrowed(text);
        for form in forms {
            if let Some(now) = without(&covered, &form) {
                covered = Cow::Owned(now);
            }
        }
        covered
    }
}

/// The ways a value is written: as it is, in JSON, in an address or a form's body, in base64, and a number without its blanks or in fours.
fn forms(value: &str) -> Vec<String> {
    let value = value.trim();
    if value.chars().count() < CHARS_MIN {
        return Vec::new();
    }
    let mut forms = vec![value.to_owned()];
    if value.chars().count() <= CHARS_MIN {
        return forms;
    }
    let mut add = |form: String| {
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    let json = serde_json::Value::from(value).to_string();
    add(json[1..json.len() - 1].to_owned());
    let form: String = byte_serialize(value.as_bytes()).collect();
    add(form.replace('+', "%20"));
    add(form);
    add(value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"));
    add(base64::engine::general_purpose::STANDARD_NO_PAD.encode(value));
    let digits: String = value.chars().filter(|one| !matches!(one, ' ' | '-')).collect();
    if digits.len() >= WORD_CHARS_MAX && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let fours: Vec<_> = digits.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        add(fours.join(" "));
        add(fours.join("-"));
        add(fours.join("+"));
        add(digits);
    }
    forms
}

/// The text with every place of `form` covered; `None` when there is none.
fn without(text: &str, form: &str) -> Option<String> {
    let alone = form.chars().count() < WORD_CHARS_MAX;
    let mut covered = String::new();
    let mut rest = 0;
    for (at, _) in text.match_indices(form) {
        let joined = |one: Option<char>| one.is_some_and(char::is_alphanumeric);
        if alone && (joined(text[..at].chars().next_back()) || joined(text[at + form.len()..].chars().next())) {
            continue;
        }
        covered.push_str(&text[rest..at]);
        covered.push_str(COVER);
        rest = at + form.len();
    }
    if rest == 0 {
        return None;
    }
    covered.push_str(&text[rest..]);
    Some(covered)
}

impl Context {
    /// A person typed into a secret field.
    pub(in crate::browser) fn secret_typed(&self, field: Field, value: &str) {
        lock(&self.secrets).typed(field, value);
    }

    /// The text without what people typed into secret fields.
    #[must_use]
    pub fn covered<'a>(&self, text: &'a str) -> Cow<'a, str> {
        lock(&self.secrets).cover(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        values.iter().for_each(|value| secrets.typed((1, 1), value));
        secrets
    }

    #[test]
    fn what_grows_key_by_key_is_one_secret_and_what_is_erased_stays_one() {
        let secrets = typed(&["h", "hu", "hunter22", "hunter2", "", "other-word"]);
        let kept: Vec<_> = secrets.kept.iter().map(|typed| (typed.longest.as_str(), typed.now.as_str())).collect();
        assert_eq!(kept, [("hunter22", "hunter2"), ("other-word", "other-word")]);
        assert_eq!(secrets.cover("x hunter2 y"), format!("x {COVER} y"));
        let mut many = Secrets::default();
        (0..200).for_each(|field| many.typed((1, field), "a secret"));
        assert_eq!(many.kept.len(), KEPT_MAX);
    }

    #[test]
    fn a_secret_is_covered_however_it_is_written() {
        let secrets = typed(&["päss \"w&rd"]);
        for told in [
            "value: päss \"w&rd.",
            r#"{"a":"päss \"w&rd"}"#,
            "p=p%C3%A4ss+%22w%26rd&x=1",
            "/?p=p%C3%A4ss%20%22w%26rd",
            "<b>päss &quot;w&amp;rd</b>",
            "cMOkc3MgIncmcmQ",
        ] {
            let covered = secrets.cover(told);
            assert!(covered.contains(COVER) && covered.len() < told.len() + COVER.len() - 8, "{covered}");
        }
        let card = typed(&["4111 1111 1111 1111"]);
        for told in ["4111111111111111", "4111-1111-1111-1111", "n=4111+1111+1111+1111"] {
            assert!(card.cover(told).contains(COVER), "{told}");
        }
    }

    #[test]
    fn a_short_one_is_covered_where_it_stands_alone() {
        let secrets = typed(&["1234"]);
        assert_eq!(secrets.cover("code 1234, ref=e1234, 12345"), format!("code {COVER}, ref=e1234, 12345"));
        assert_eq!(typed(&["737"]).cover("[\"737\", 17375]"), format!("[\"{COVER}\", 17375]"));
        assert_eq!(typed(&["12"]).cover("12"), "12");
        assert!(matches!(secrets.cover("nothing here"), Cow::Borrowed(_)));
    }
}

//! What a person makes of a held call: the same tool reads the changed arguments, and the rules of now judge them.
//!
//! The elements stay those that the person saw outlined; what may change is what is done with them. In doubt nothing is changed.

use std::sync::Arc;

use helmwatch_protocol::{EditField, EditKind, EditView};
use serde_json::{Map, Value};

use super::describe;
use super::look::{Known, Seen, decide};
use super::prepared::{Prepared, Work};
use super::tool::Tool;
use crate::approval::{EditRefused, Edited, Editor};
use crate::policy::{Asking, Current, Verdict};
use crate::session::{Owner, TargetReading};

/// Arguments that say which element is meant, or are words about it: an edit is about what is done with it.
const POINTING: [&str; 13] = [
    "target",
    "ref",
    "startTarget",
    "endTarget",
    "startRef",
    "endRef",
    "element",
    "startElement",
    "endElement",
    "session",
    "type",
    "name",
    "paths",
];
/// How deep arguments are looked into, and how many of them a card offers.
const DEPTH_MAX: usize = 4;
const FIELDS_MAX: usize = 32;
/// Changes that are named one by one.
const NAMED_MAX: usize = 8;
const SECRET: &str = "••••••";

/// All that is known of one held call.
pub(super) struct HeldCall {
    pub tool: Arc<Tool>,
    /// As the agent gave them.
    pub arguments: Map<String, Value>,
    pub known: Known,
    pub owner: Owner,
    /// As the page was when it was held; without the page itself, which may be gone by then.
    pub page_url: String,
    pub readings: Vec<TargetReading>,
    pub asking: Asking,
    pub policy: Arc<Current>,
}

impl Editor for HeldCall {
    fn edit(&self, changes: &Map<String, Value>) -> Result<Edited, EditRefused> {
        let arguments = merged(&self.arguments, changes);
        if arguments == self.arguments {
            return Err(refused("nothing_changed", "Nothing is changed.", "Approve it as it is, or change something."));
        }
        let prepared = self.tool.prepare(arguments.clone()).map_err(|error| EditRefused {
            code: "bad_arguments",
            what: error.what,
            hint: "Correct it; the call still waits.".to_owned(),
        })?;
        if !matches!(prepared.work, Work::Page(_)) {
            return Err(refused("not_editable", "This call cannot be changed.", "Approve it as it is, or deny it."));
        }
        if prepared.targets != self.known.targets || prepared.if_there != self.known.if_there {
            let what = "The change is about another element than the one on the picture.";
            return Err(refused(
                "another_element",
                what,
                "Deny it, and write to the agent which element it should use.",
            ));
        }
        let known = known_of(&self.known, &prepared);
        let seen = Seen { page: None, page_url: self.page_url.clone(), readings: self.readings.clone() };
        match decide(&self.policy.get(), &self.owner, &known, &seen) {
            Verdict::Allow { .. } => {}
            Verdict::Deny { rule, message } => {
                let what = format!("The rule \"{rule}\" does not allow that: {message}");
                return Err(refused(
                    "policy_denied",
                    &what,
                    "Change it otherwise; a person's yes does not beat a rule that denies.",
                ));
            }
            Verdict::Ask { rule, asking, .. } if !asking.is_within(&self.asking) => {
                let rule = asking
                    .rules
                    .iter()
                    .find(|one| !self.asking.rules.contains(one))
                    .map_or(rule, |one| one.name.clone());
                let what = format!("Another rule, \"{rule}\", asks about the changed call.");
                return Err(refused(
                    "another_rule",
                    &what,
                    "Deny it, and write to the agent what it should do instead.",
                ));
            }
            Verdict::Ask { .. } => {}
        }
        let what = self.in_words(&arguments, &known);
        let summary = describe::sentence(&known.verb, &self.readings, known.to_url.as_deref());
        let fields = describe::fields(known.effect, &self.readings, &known.values);
        Ok(Edited { view: EditView { what, summary, fields }, arguments })
    }
}

impl HeldCall {
    /// The arguments a person may change, as a card offers them.
    pub fn editable(&self) -> Vec<EditField> {
        let secrets = secrets(&self.known.values, &self.readings);
        let mut fields = Vec::new();
        self.offer(&Value::Object(self.arguments.clone()), &mut Vec::new(), &secrets, &mut fields);
        fields
    }

    fn offer(&self, value: &Value, path: &mut Vec<String>, secrets: &[&str], fields: &mut Vec<EditField>) {
        let kind = match value {
            Value::Object(object) if path.len() < DEPTH_MAX => {
                for (name, value) in object {
                    if !POINTING.contains(&name.as_str()) {
                        path.push(name.clone());
                        self.offer(value, path, secrets, fields);
                        path.pop();
                    }
                }
                return;
            }
            Value::Array(list) if path.len() < DEPTH_MAX => {
                for (at, value) in list.iter().enumerate() {
                    path.push(at.to_string());
                    self.offer(value, path, secrets, fields);
                    path.pop();
                }
                return;
            }
            Value::String(_) => EditKind::Text,
            Value::Number(_) => EditKind::Number,
            Value::Bool(_) => EditKind::Flag,
            _ => return,
        };
        if fields.len() < FIELDS_MAX {
            let secret = is_secret(value, secrets);
            let shown = (!secret).then(|| value.clone());
            fields.push(EditField { path: path.clone(), label: self.label(path), kind, value: shown, secret });
        }
    }

    /// `text is now "Grace" (was "Ada"); submit is now true (was not given)`.
    fn in_words(&self, arguments: &Map<String, Value>, known: &Known) -> String {
        let mut before = Vec::new();
        let mut after = Vec::new();
        leaves(&Value::Object(self.arguments.clone()), &mut Vec::new(), &mut before);
        leaves(&Value::Object(arguments.clone()), &mut Vec::new(), &mut after);
        let mut secret = secrets(&self.known.values, &self.readings);
        secret.extend(secrets(&known.values, &self.readings));
        let word = |value: Option<&Value>| match value {
            None => "not given".to_owned(),
            Some(value) if is_secret(value, &secret) => SECRET.to_owned(),
            Some(Value::String(text)) => format!("\"{}\"", describe::cut_value(text)),
            Some(other) => other.to_string(),
        };
        let at = |leaves: &[(Vec<String>, Value)], path: &[String]| {
            leaves.iter().find(|(known, _)| known == path).map(|(_, value)| value.clone())
        };
        let mut paths: Vec<&Vec<String>> = after.iter().map(|(path, _)| path).collect();
        paths.extend(before.iter().map(|(path, _)| path).filter(|path| at(&after, path).is_none()));
        let changed: Vec<_> = paths.into_iter().filter(|path| at(&before, path) != at(&after, path)).collect();
        let mut words: Vec<String> = changed
            .iter()
            .take(NAMED_MAX)
            .map(|path| {
                let (was, is) = (at(&before, path), at(&after, path));
                format!("{} is now {} (was {})", self.label(path), word(is.as_ref()), word(was.as_ref()))
            })
            .collect();
        if changed.len() > NAMED_MAX {
            words.push(format!("and {} more", changed.len() - NAMED_MAX));
        }
        super::response::one_line(&words.join("; "))
    }

    /// What people call an argument: the element a value is for where there are several, else its own name.
    fn label(&self, path: &[String]) -> String {
        let place = path.iter().find_map(|step| step.parse::<usize>().ok());
        let element = place.filter(|_| self.readings.len() > 1).and_then(|place| self.readings.get(place));
        match (element, path.first().map(String::as_str)) {
            (Some(reading), _) => describe::element(&reading.facts),
            (None, Some("url")) => "address".to_owned(),
            (None, Some(name)) => match place {
                Some(place) => format!("{name} {}", place + 1),
                None => name.to_owned(),
            },
            (None, None) => "call".to_owned(),
        }
    }
}

/// What is known of the changed call.
pub(super) fn known_of(before: &Known, prepared: &Prepared) -> Known {
    Known {
        effect: prepared.effect,
        verb: prepared.verb.clone(),
        targets: prepared.targets.clone(),
        if_there: prepared.if_there.clone(),
        values: prepared.values.clone(),
        to_url: prepared.to_url.clone(),
        modal: prepared.modal,
        uploads: prepared.uploads,
        ..before.clone()
    }
}

/// The values of a changed call that the agent did not write and must not read: secrets a person typed.
pub(super) fn typed_secrets(before: &Known, after: &Known, readings: &[TargetReading]) -> Vec<String> {
    let secrets = secrets(&after.values, readings);
    secrets.into_iter().filter(|one| !before.values.iter().any(|known| known == one)).map(str::to_owned).collect()
}

fn secrets<'a>(values: &'a [String], readings: &[TargetReading]) -> Vec<&'a str> {
    let hidden = |(at, value): (usize, &'a String)| {
        let facts = readings.get(at).map(|reading| &reading.facts);
        describe::is_masked(facts, value).then_some(value.as_str())
    };
    values.iter().enumerate().filter_map(hidden).filter(|value| !value.is_empty()).collect()
}

fn is_secret(value: &Value, secrets: &[&str]) -> bool {
    value.as_str().is_some_and(|text| secrets.iter().any(|secret| text.contains(secret)))
}

fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    let mut each = |step: String, value: &Value| {
        path.push(step);
        leaves(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| each(name.clone(), value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| each(at.to_string(), value)),
        leaf => found.push((path.clone(), leaf.clone())),
    }
}

/// The arguments with the changes in them: `null` takes one away, an object changes within an object and, by places, within a list,
/// everything else takes the place of what was there.
fn merged(arguments: &Map<String, Value>, changes: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = arguments.clone();
    for (name, change) in changes {
        if change.is_null() {
            merged.remove(name);
        } else {
            let value = merged.get(name).map_or_else(|| change.clone(), |before| merged_value(before, change));
            merged.insert(name.clone(), value);
        }
    }
    merged
}

fn merged_value(before: &Value, change: &Value) -> Value {
    match (before, change) {
        (Value::Object(before), Value::Object(change)) => Value::Object(merged(before, change)),
        (Value::Array(before), Value::Object(change)) => {
            let mut list = before.clone();
            for (place, change) in change {
                match place.parse::<usize>().ok().and_then(|place| list.get_mut(place)) {
                    Some(entry) => *entry = merged_value(&entry.clone(), change),
                    // No such place: the tool sees an object where it takes a list, and says so.
                    None => return Value::Object(changes_of(change, place)),
                }
            }
            Value::Array(list)
        }
        (_, change) => change.clone(),
    }
}

fn changes_of(change: &Value, place: &str) -> Map<String, Value> {
    Map::from_iter([(place.to_owned(), change.clone())])
}

fn refused(code: &'static str, what: &str, hint: &str) -> EditRefused {
    EditRefused { code, what: what.to_owned(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn changes_change_what_they_name_and_nothing_else() {
        let all = object(
            &json!({ "target": "e1", "text": "Ada", "fields": [{ "value": "a" }, { "value": "b" }], "submit": true }),
        );
        let after = |changes: &Value| Value::Object(merged(&all, &object(changes)));
        assert_eq!(after(&json!({ "text": "Grace" }))["text"], "Grace");
        assert_eq!(after(&json!({ "text": "Grace" }))["fields"], all["fields"]);
        assert_eq!(after(&json!({ "submit": null })).get("submit"), None);
        let one = after(&json!({ "fields": { "1": { "value": "c" } } }));
        assert_eq!(one["fields"], json!([{ "value": "a" }, { "value": "c" }]));
        assert_eq!(after(&json!({ "fields": [{ "value": "z" }] }))["fields"], json!([{ "value": "z" }]));
        assert!(
            after(&json!({ "fields": { "7": { "value": "c" } } }))["fields"].is_object(),
            "a place that is none is no list"
        );
        assert_eq!(after(&json!({})), Value::Object(all.clone()));
    }
}

//! The rule file: TOML in, rules out, and for every mistake the line it is in.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::address::{AddressPattern, glob};
use super::asking::{AskTerms, RuleMark};
use super::facts::METHODS;
use super::rule::{Conditions, Rule};
use super::words::Phrase;
use super::{Action, CallFacts, Effect, FieldKind, Policy, PolicyError, RequestKind, ValueClass};

/// A rule file is small; one larger than this is no rule file.
const FILE_BYTES_MAX: usize = 1024 * 1024;
const RULES_MAX: usize = 1_000;
/// How long a question may stand open: less than this nobody can read it …
const TTL_MIN: Duration = Duration::from_secs(10);
/// … and after this nobody remembers what it was about.
const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const TTL_DEFAULT: Duration = Duration::from_secs(5 * 60);
/// Most people one question is put to: more are never there at the same time.
const APPROVERS_MAX: u32 = 10;
/// Longest pattern of a name, bytes.
const DECIDER_BYTES_MAX: usize = 100;
/// Compiled size of one pattern, in bytes.
const REGEX_BYTES_MAX: usize = 1024 * 1024;

/// Longest pattern for a tenant or a key, bytes: no name is longer.
const WHO_BYTES_MAX: usize = 200;

const ACTIONS: [(&str, Action); 3] = [("allow", Action::Allow), ("deny", Action::Deny), ("ask", Action::Ask)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    default: Option<Spanned<String>>,
    default_message: Option<String>,
    ask_ttl: Option<Spanned<Length>>,
    #[serde(default, rename = "rule")]
    rules: Vec<Spanned<RuleText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Spanned<String>,
    then: Spanned<String>,
    message: Option<String>,
    ttl: Option<Spanned<Length>>,
    ask: Option<Spanned<AskText>>,
    #[serde(default)]
    when: ConditionsText,
    unless: Option<Spanned<ConditionsText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskText {
    approvers: Option<Spanned<u32>>,
    by: Option<Spanned<Texts>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ConditionsText {
    tenant: Option<Spanned<Texts>>,
    key: Option<Spanned<Texts>>,
    tool: Option<Spanned<Texts>>,
    effect: Option<Spanned<Texts>>,
    page: Option<Spanned<Texts>>,
    to: Option<Spanned<Texts>>,
    role: Option<Spanned<Texts>>,
    name: Option<Spanned<Texts>>,
    name_regex: Option<Spanned<String>>,
    name_words_max: Option<usize>,
    field: Option<Spanned<Texts>>,
    form_holds: Option<Spanned<Texts>>,
    form_method: Option<Spanned<Texts>>,
    method: Option<Spanned<Texts>>,
    request: Option<Spanned<Texts>>,
    value: Option<Spanned<Texts>>,
    value_regex: Option<Spanned<String>>,
    activates: Option<bool>,
    submits: Option<bool>,
    upload: Option<bool>,
    download: Option<bool>,
    new_origin: Option<bool>,
}

impl ConditionsText {
    fn is_empty(&self) -> bool {
        let lists = [
            &self.tenant,
            &self.key,
            &self.tool,
            &self.effect,
            &self.page,
            &self.to,
            &self.role,
            &self.name,
            &self.field,
            &self.form_holds,
            &self.form_method,
            &self.method,
            &self.request,
            &self.value,
        ];
        let flags = [self.activates, self.submits, self.upload, self.download, self.new_origin];
        lists.into_iter().all(Option::is_none)
            && flags.into_iter().all(|flag| flag.is_none())
            && self.name_regex.is_none()
            && self.value_regex.is_none()
            && self.name_words_max.is_none()
    }
}

/// One text or a list of them.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// `"90s"`, `"5m"`, `"1h"`, or a number of seconds.
struct Length(Result<Duration, String>);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LengthVisitor;
        impl Visitor<'_> for LengthVisitor {
            type Value = Length;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"5m\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                let unit = text.chars().last().and_then(|unit| match unit {
                    's' => Some(1),
                    'm' => Some(60),
                    'h' => Some(3_600),
                    _ => None,
                });
                let seconds = unit.and_then(|unit: u64| {
                    let count: u64 = text[..text.len() - 1].trim().parse().ok()?;
                    count.checked_mul(unit)
                });
                let length = seconds.map(Duration::from_secs);
                Ok(Length(length.ok_or_else(|| format!("\"{text}\" is no time"))))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Length, E> {
                let length = u64::try_from(seconds).map(Duration::from_secs);
                Ok(Length(length.map_err(|_| format!("{seconds} is no time"))))
            }
        }
        deserializer.deserialize_any(LengthVisitor)
    }
}

pub(super) fn parse(text: &str, source_name: &str) -> Result<Policy, PolicyError> {
    let reader = Reader { text, source_name };
    if text.len() > FILE_BYTES_MAX {
        let what = format!("the file has {} bytes; a rule file has {FILE_BYTES_MAX} at most", text.len());
        return Err(reader.error(None, None, what, "Give a rule file, or split the rules by service."));
    }
    let file: FileText = toml::from_str(text).map_err(|error| {
        let what = error.message().lines().collect::<Vec<_>>().join(" ");
        let how =
            "Correct the line; the rule files of `helmwatch` itself (open, careful, strict) show every key in use.";
        reader.error(error.span(), None, what, how)
    })?;
    reader.policy(file)
}

struct Reader<'a> {
    text: &'a str,
    source_name: &'a str,
}

impl Reader<'_> {
    fn error(
        &self,
        span: Option<Range<usize>>,
        key: Option<String>,
        what: impl Into<String>,
        how: impl Into<String>,
    ) -> PolicyError {
        let start = span.map(|span| self.text.floor_char_boundary(span.start));
        let line = start.map(|start| self.text[..start].matches('\n').count() + 1);
        // Without a better name, the key is what stands before `=` in that line.
        let key = key.or_else(|| {
            let line = self.text.lines().nth(line? - 1)?;
            let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
            (!key.is_empty()).then(|| key.to_owned())
        });
        // What stands in the file may have lines of its own, and is repeated here.
        let what = what.into().replace(|c: char| c.is_control(), " ");
        PolicyError { source_name: self.source_name.to_owned(), line, key, what, how: how.into() }
    }

    fn policy(&self, file: FileText) -> Result<Policy, PolicyError> {
        let Some(default) = &file.default else {
            let what = "there is no `default`";
            return Err(self.error(
                None,
                None,
                what,
                "Write default = \"allow\", \"ask\" or \"deny\" in the first line.",
            ));
        };
        let default = self.word(default, &ACTIONS, "default")?;
        let ask_ttl = file.ask_ttl.as_ref().map_or(Ok(TTL_DEFAULT), |ttl| self.ttl(ttl, "ask_ttl"))?;
        if let Some(extra) = file.rules.get(RULES_MAX) {
            let what = format!("there are more than {RULES_MAX} rules");
            return Err(self.error(
                Some(extra.span()),
                None,
                what,
                "Join rules that do the same: every list takes many entries.",
            ));
        }
        let mut names = BTreeSet::new();
        let mut rules = Vec::with_capacity(file.rules.len());
        for rule in file.rules {
            let span = rule.span();
            let rule = self.rule(rule.into_inner(), span.clone())?;
            if rule.name == Policy::DEFAULT_RULE || !names.insert(rule.name.clone()) {
                let what = format!("the name \"{}\" is taken", rule.name);
                return Err(self.error(Some(span), Some("name".into()), what, "Give every rule a name of its own."));
            }
            rules.push(rule);
        }
        let default_message = file
            .default_message
            .unwrap_or_else(|| "no rule covers this call, and the policy's default holds".to_owned());
        Ok(Policy { name: self.source_name.to_owned(), default, default_message, ask_ttl, rules })
    }

    fn rule(&self, rule: RuleText, span: Range<usize>) -> Result<Rule, PolicyError> {
        let name = rule.name.as_ref().trim().to_owned();
        if name.is_empty() || name.len() > 100 || name.contains(char::is_control) {
            let what = "a rule's name is 1 to 100 bytes of plain text";
            return Err(self.error(
                Some(rule.name.span()),
                Some("name".into()),
                what,
                "Name it after what it is about, as in name = \"buying\".",
            ));
        }
        let key = |part: &str| format!("rule \"{name}\" {part}");
        let then = self.word(&rule.then, &ACTIONS, &key("then"))?;
        if let (Some(ttl), true) = (&rule.ttl, then != Action::Ask) {
            let what = "`ttl` is how long a question stands open, and this rule asks nothing";
            return Err(self.error(Some(ttl.span()), Some(key("ttl")), what, "Remove `ttl`, or write then = \"ask\"."));
        }
        if let (Some(ask), true) = (&rule.ask, then != Action::Ask) {
            let what = "`ask` is about those who answer, and this rule asks nothing";
            return Err(self.error(Some(ask.span()), Some(key("ask")), what, "Remove `ask`, or write then = \"ask\"."));
        }
        if rule.when.is_empty() {
            let what = "the rule has no condition and would speak about every call";
            let how = "Add conditions (when.tool, when.name, …), or write it as the file's `default`.";
            return Err(self.error(Some(span), Some(key("when")), what, how));
        }
        if let Some(unless) = rule.unless.as_ref().filter(|unless| unless.as_ref().is_empty()) {
            let what = "`unless` is empty and would take every call out of the rule";
            return Err(self.error(
                Some(unless.span()),
                Some(key("unless")),
                what,
                "Add a condition to it, or remove it.",
            ));
        }
        let when = self.conditions(rule.when, &key("when"))?;
        let unless = rule.unless.map(|unless| self.conditions(unless.into_inner(), &key("unless"))).transpose()?;
        let ttl = rule.ttl.as_ref().map(|ttl| self.ttl(ttl, &key("ttl"))).transpose()?;
        let message = rule.message.unwrap_or_else(|| format!("the rule \"{name}\" speaks about this call"));
        if message.contains('\n') {
            let what = "the message has more than one line";
            return Err(self.error(Some(span), Some(key("message")), what, "Say it in one line."));
        }
        let ask = rule.ask.map(|ask| self.ask(ask.into_inner(), &key("ask"))).transpose()?.unwrap_or_default();
        let rule = Rule { name, then, message, ttl, ask, mark: RuleMark::default(), when, unless };
        Ok(Rule { mark: RuleMark::of(&rule), ..rule })
    }

    /// `ask.approvers` and `ask.by`.
    fn ask(&self, text: AskText, key: &str) -> Result<AskTerms, PolicyError> {
        if let Some(approvers) = text.approvers.as_ref().filter(|count| !(1..=APPROVERS_MAX).contains(count.as_ref())) {
            let what = format!("{} people cannot be asked", approvers.as_ref());
            let how = format!("Write a number from 1 to {APPROVERS_MAX}: so many different people must say yes.");
            return Err(self.error(Some(approvers.span()), Some(format!("{key}.approvers")), what, how));
        }
        let by = self.list(text.by, &format!("{key}.by"), |entry| match entry.trim() {
            entry if entry.is_empty() || entry.len() > DECIDER_BYTES_MAX || entry.contains(char::is_control) => {
                Err(format!("a pattern of a name is 1 to {DECIDER_BYTES_MAX} bytes of plain text"))
            }
            entry => Ok(entry.to_owned()),
        })?;
        Ok(AskTerms { approvers: text.approvers.map(Spanned::into_inner), by })
    }

    fn conditions(&self, text: ConditionsText, key: &str) -> Result<Conditions, PolicyError> {
        let plain = |list: Option<Spanned<Texts>>, part: &str| {
            self.list(list, &format!("{key}.{part}"), |entry| match entry.trim() {
                "" => Err("an empty text fits nothing".to_owned()),
                entry => Ok(entry.to_owned()),
            })
        };
        let who = |list: Option<Spanned<Texts>>, part: &str| {
            self.list(list, &format!("{key}.{part}"), |entry| match entry.trim() {
                "" => Err("an empty text is nobody's name".to_owned()),
                entry if entry.len() > WHO_BYTES_MAX || entry.contains(char::is_control) => {
                    Err(format!("a name is one line of at most {WHO_BYTES_MAX} bytes"))
                }
                entry => Ok(entry.to_owned()),
            })
        };
        if let Some(request) = &text.request
            && let Some((what, how)) = never_a_request(&text)
        {
            return Err(self.error(Some(request.span()), Some(format!("{key}.request")), what, how));
        }
        let address = |list, part: &str| self.list(list, &format!("{key}.{part}"), AddressPattern::parse);
        let fields =
            |list, part: &str| self.list(list, &format!("{key}.{part}"), |entry| one_of(entry, &FieldKind::WORDS));
        Ok(Conditions {
            tenant: who(text.tenant, "tenant")?,
            key: who(text.key, "key")?,
            tool: plain(text.tool, "tool")?,
            effect: self.list(text.effect, &format!("{key}.effect"), |entry| one_of(entry, &Effect::WORDS))?,
            page: address(text.page, "page")?,
            to: address(text.to, "to")?,
            // An empty role is a real one: an element that has none.
            role: self.list(text.role, &format!("{key}.role"), |entry| Ok(entry.trim().to_owned()))?,
            name: self.list(text.name, &format!("{key}.name"), |entry| {
                Phrase::parse(entry).ok_or_else(|| format!("\"{entry}\" has no word in it"))
            })?,
            name_regex: text.name_regex.map(|regex| self.regex(&regex, &format!("{key}.name_regex"))).transpose()?,
            name_words_max: text.name_words_max,
            field: fields(text.field, "field")?,
            form_holds: fields(text.form_holds, "form_holds")?,
            form_method: self
                .list(text.form_method, &format!("{key}.form_method"), |entry| method(entry, &FORM_METHODS))?,
            method: self.list(text.method, &format!("{key}.method"), |entry| method(entry, &METHODS))?,
            request: self.list(text.request, &format!("{key}.request"), |entry| one_of(entry, &RequestKind::WORDS))?,
            value: self.list(text.value, &format!("{key}.value"), |entry| one_of(entry, &ValueClass::ALL))?,
            value_regex: text.value_regex.map(|regex| self.regex(&regex, &format!("{key}.value_regex"))).transpose()?,
            activates: text.activates,
            submits: text.submits,
            upload: text.upload,
            download: text.download,
            new_origin: text.new_origin,
        })
    }

    fn list<T>(
        &self,
        list: Option<Spanned<Texts>>,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, PolicyError> {
        let Some(list) = list else { return Ok(Vec::new()) };
        let span = list.span();
        let texts = list.into_inner().0;
        if texts.is_empty() {
            let what = "the list is empty and fits nothing";
            return Err(self.error(Some(span), Some(key.to_owned()), what, "Add an entry, or remove the key."));
        }
        let read_one = |text: &String| {
            read(text).map_err(|what| {
                self.error(
                    Some(span.clone()),
                    Some(key.to_owned()),
                    what,
                    "Correct the entry; the shipped rule files show what each key takes.",
                )
            })
        };
        texts.iter().map(read_one).collect()
    }

    fn regex(&self, pattern: &Spanned<String>, key: &str) -> Result<Regex, PolicyError> {
        let built = RegexBuilder::new(pattern.as_ref()).case_insensitive(true).size_limit(REGEX_BYTES_MAX).build();
        built.map_err(|error| {
            let text = error.to_string();
            let what = format!("the pattern does not compile: {}", text.lines().last().unwrap_or_default().trim());
            self.error(
                Some(pattern.span()),
                Some(key.to_owned()),
                what,
                "Use the syntax of Rust's `regex`: no look-around, no back-references.",
            )
        })
    }

    fn word<T: Copy>(&self, word: &Spanned<String>, known: &[(&str, T)], key: &str) -> Result<T, PolicyError> {
        one_of(word.as_ref(), known)
            .map_err(|what| self.error(Some(word.span()), Some(key.to_owned()), what, "Write one of these words."))
    }

    fn ttl(&self, ttl: &Spanned<Length>, key: &str) -> Result<Duration, PolicyError> {
        let how = "Write a time between 10 seconds and 24 hours, as in \"90s\", \"5m\" or \"1h\".";
        let refuse = |what: String| self.error(Some(ttl.span()), Some(key.to_owned()), what, how);
        let length = ttl.as_ref().0.clone().map_err(refuse)?;
        if !(TTL_MIN..=TTL_MAX).contains(&length) {
            return Err(refuse(format!("{} s is out of bounds", length.as_secs())));
        }
        Ok(length)
    }
}

/// As in `<form method>`.
const FORM_METHODS: [&str; 3] = ["GET", "POST", "DIALOG"];

/// A method in letters of either case.
fn method(word: &str, known: &[&'static str]) -> Result<&'static str, String> {
    let found = known.iter().find(|one| one.eq_ignore_ascii_case(word.trim()));
    found.copied().ok_or_else(|| format!("\"{word}\" is none of {}", known.join(", ")))
}

/// Why conditions that name a kind of request could never hold, and what to do.
fn never_a_request(text: &ConditionsText) -> Option<(&'static str, &'static str)> {
    let none_of = |list: &Option<Spanned<Texts>>, fits: &dyn Fn(&str) -> bool| {
        list.as_ref().is_some_and(|list| !list.as_ref().0.iter().any(|entry| fits(entry.trim())))
    };
    if none_of(&text.effect, &|entry| entry == "send") {
        return Some((
            "`request` is about what pages send, and the effect is another",
            "Remove `effect`, or add \"send\".",
        ));
    }
    if none_of(&text.tool, &|entry| glob(entry, CallFacts::REQUEST_TOOL)) {
        return Some((
            "`request` is about what pages send, and `tool` names other tools",
            "Remove `tool`, or add \"page_request\".",
        ));
    }
    None
}

fn one_of<T: Copy>(word: &str, known: &[(&str, T)]) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("\"{word}\" is none of {}", names.join(", "))
    })
}

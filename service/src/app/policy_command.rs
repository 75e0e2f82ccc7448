//! `helmwatch policy`, and how the service reads its policy.

use std::collections::BTreeMap;
use std::path::Path;

use super::cli::ExplainedCall;
use crate::policy::{
    CallFacts, CallerFacts, Effect, FieldFacts, FieldKind, FormFacts, Policy, Preset, RequestFacts, RequestKind,
    TargetFacts, Verdict,
};

/// Rules larger than this are no file somebody wrote.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The rule set of a setting: `open`, `careful`, `strict`, or a file.
///
/// # Errors
/// Two lines, what and how. There is no falling back: a policy that cannot be read is no policy.
pub fn load(setting: &str) -> Result<Policy, String> {
    if let Ok(preset) = setting.parse::<Preset>() {
        return Ok(Policy::preset(preset));
    }
    let path = Path::new(setting);
    let how = "Give open, careful, strict, or a TOML file with rules.";
    let size =
        std::fs::metadata(path).map_err(|error| format!("policy {setting} cannot be read: {error}\n{how}"))?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("policy {setting} is larger than {FILE_BYTES_MAX} bytes\n{how}"));
    }
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("policy {setting} cannot be read: {error}\n{how}"))?;
    Policy::parse(&text, setting).map_err(|error| error.to_string())
}

/// Prints the rules of a policy, or what is wrong with it.
///
/// # Errors
/// As [`load`].
pub fn check(setting: &str) -> Result<(), String> {
    let policy = load(setting)?;
    println!("ok: {} ({} rules)", policy.name(), policy.rule_names().count());
    let deciders: BTreeMap<&str, String> = policy.deciders().collect();
    for name in policy.rule_names() {
        match deciders.get(name) {
            Some(who) => println!("  {name}: decided by {who}"),
            None => println!("  {name}"),
        }
    }
    let looks = if policy.could_stop_requests() { "are judged before they leave" } else { "are not looked at" };
    println!("requests that pages send by themselves {looks}");
    Ok(())
}

/// Prints what a policy answers to a call, in which words, and every rule that speaks about it.
///
/// # Errors
/// As [`load`]; a word that is none.
pub fn explain(call: &ExplainedCall) -> Result<(), String> {
    let policy = load(&call.file)?;
    let targets: Vec<TargetFacts> = target(call)?.into_iter().collect();
    let request = request(call)?;
    let usual = if request.is_some() { Effect::Send } else { Effect::Act };
    let facts = CallFacts {
        caller: CallerFacts { tenant: &call.tenant, key: &call.key, key_name: &call.key },
        tool: &call.tool,
        effect: call.effect.as_deref().map_or(Ok(usual), |effect| word(effect, &Effect::WORDS, "--effect"))?,
        page_url: call.page.as_deref(),
        to_url: call.to.as_deref(),
        targets: &targets,
        values: &call.value,
        uploads: call.uploads,
        request,
    };
    match policy.decide(&facts) {
        Verdict::Allow { rule } => println!("allow, by {}", named(&rule)),
        Verdict::Deny { rule, message } => println!("deny, by {}: {message}", named(&rule)),
        Verdict::Ask { rule, message, ttl, asking } => {
            println!("ask for {} s, by {}: {message}", ttl.as_secs(), named(&rule));
            println!("  decided by: {}", asking.deciders());
        }
    }
    for (rule, action) in policy.heard(&facts) {
        println!("  heard: \"{rule}\" ({})", action.word());
    }
    Ok(())
}

fn named(rule: &str) -> String {
    if rule == Policy::DEFAULT_RULE { "the default".to_owned() } else { format!("the rule \"{rule}\"") }
}

/// What a page is about to send, when the call is that.
fn request(call: &ExplainedCall) -> Result<Option<RequestFacts<'_>>, String> {
    if call.tool != CallFacts::REQUEST_TOOL {
        let Some(flag) = call.method.as_ref().map(|_| "--method").or(call.request.as_ref().map(|_| "--request")) else {
            return Ok(None);
        };
        let what = format!("{flag} is about a page's own request, and the call is another");
        return Err(format!("{what}\nGive page_request as the call, or --submits and --form-method for a form."));
    }
    let kind =
        call.request.as_deref().map_or(Ok(RequestKind::Script), |kind| word(kind, &RequestKind::WORDS, "--request"))?;
    Ok(Some(RequestFacts { method: call.method.as_deref().unwrap_or("POST"), kind }))
}

/// The element, if anything was said of one.
fn target(call: &ExplainedCall) -> Result<Option<TargetFacts>, String> {
    let kinds: Vec<FieldKind> =
        call.form_holds.iter().map(|kind| word(kind, &FieldKind::WORDS, "--form-holds")).collect::<Result<_, _>>()?;
    let field = call.field.as_deref().map(|kind| word(kind, &FieldKind::WORDS, "--field")).transpose()?;
    // What a page sends is the form it would have been, also where no form is on the page.
    let sent = call.tool == CallFacts::REQUEST_TOOL;
    let in_form = call.form.is_some() || !kinds.is_empty() || call.submits || sent;
    let said = call.role.is_some() || call.name.is_some() || field.is_some() || call.link.is_some() || call.downloads;
    if !said && !in_form {
        return Ok(None);
    }
    let filled = |kind| FieldFacts { name: String::new(), kind, filled: true };
    Ok(Some(TargetFacts {
        role: call.role.clone().unwrap_or_default(),
        name: call.name.clone().unwrap_or_default(),
        tag: String::new(),
        field,
        href: call.link.clone(),
        submits: call.submits || sent,
        downloads: call.downloads,
        form: in_form.then(|| FormFacts {
            method: call.form_method.to_ascii_uppercase(),
            action: call.form.clone().or_else(|| call.to.clone()).or_else(|| call.page.clone()).unwrap_or_default(),
            fields: kinds.into_iter().map(filled).collect(),
        }),
    }))
}

fn word<T: Copy>(word: &str, known: &[(&str, T)], flag: &str) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let shown: String = word.chars().take(60).collect();
        format!("{flag} \"{shown}\" is no word of a policy\nGive one of {}.", names.join(", "))
    })
}

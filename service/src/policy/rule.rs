//! One rule: when it speaks, and what it says.

use std::time::Duration;

use regex::Regex;
use url::Url;

use super::address::{AddressPattern, glob};
use super::asking::{AskTerms, AskingRule, RuleMark};
use super::facts::METHODS;
use super::words::{Phrase, fold};
use super::{Action, CallFacts, Effect, FieldKind, RequestKind, TargetFacts, ValueClass};

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) then: Action,
    pub(super) message: String,
    /// `None`: the file's.
    pub(super) ttl: Option<Duration>,
    /// Who answers what it asks.
    pub(super) ask: AskTerms,
    /// Of all the rest of it.
    pub(super) mark: RuleMark,
    pub(super) when: Conditions,
    pub(super) unless: Option<Conditions>,
}

impl Rule {
    /// Could the rule hold a request of a page up? Yes, when in doubt.
    pub(super) fn could_stop_requests(&self) -> bool {
        self.then != Action::Allow && self.when.could_hold_for_requests()
    }

    pub(super) fn asking(&self) -> AskingRule {
        AskingRule { name: self.name.clone(), mark: self.mark }
    }

    /// Does the rule speak about this call? With several targets, one that fits and is not excepted is enough: an exception
    /// for one field of a form is no exception for its neighbour.
    pub(super) fn matches(&self, call: &CallFacts<'_>) -> bool {
        let fits = |target: Option<&TargetFacts>| {
            self.when.hold(call, target) && !self.unless.as_ref().is_some_and(|unless| unless.hold(call, target))
        };
        if call.targets.is_empty() { fits(None) } else { call.targets.iter().any(|target| fits(Some(target))) }
    }
}

/// All that are given must hold; of a list, one entry is enough. What the facts do not tell holds for nothing.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) tenant: Vec<String>,
    pub(super) key: Vec<String>,
    pub(super) tool: Vec<String>,
    pub(super) effect: Vec<Effect>,
    pub(super) page: Vec<AddressPattern>,
    pub(super) to: Vec<AddressPattern>,
    pub(super) role: Vec<String>,
    pub(super) name: Vec<Phrase>,
    pub(super) name_regex: Option<Regex>,
    pub(super) name_words_max: Option<usize>,
    pub(super) field: Vec<FieldKind>,
    pub(super) form_holds: Vec<FieldKind>,
    pub(super) form_method: Vec<&'static str>,
    pub(super) method: Vec<&'static str>,
    pub(super) request: Vec<RequestKind>,
    pub(super) value: Vec<ValueClass>,
    pub(super) value_regex: Option<Regex>,
    pub(super) activates: Option<bool>,
    pub(super) submits: Option<bool>,
    pub(super) upload: Option<bool>,
    pub(super) download: Option<bool>,
    pub(super) new_origin: Option<bool>,
}

impl Conditions {
    fn hold(&self, call: &CallFacts<'_>, target: Option<&TargetFacts>) -> bool {
        let list = |given: bool, fits: &dyn Fn() -> bool| !given || fits();
        let flag = |wanted: Option<bool>, fact: &dyn Fn() -> bool| wanted.is_none_or(|wanted| wanted == fact());
        list(!self.tool.is_empty(), &|| self.tool.iter().any(|pattern| glob(pattern, call.tool)))
            && list(!self.effect.is_empty(), &|| self.effect.contains(&call.effect))
            && list(!self.tenant.is_empty(), &|| self.tenant.iter().any(|pattern| glob(pattern, call.caller.tenant)))
            && list(!self.key.is_empty(), &|| self.key.iter().any(|pattern| is_key(pattern, call)))
            && list(!self.request.is_empty(), &|| call.request.is_some_and(|is| self.request.contains(&is.kind)))
            && list(!self.method.is_empty(), &|| method(call, target).is_some_and(|is| self.method.contains(&is)))
            && flag(self.activates, &|| activates(call))
            && flag(self.upload, &|| call.uploads)
            && list(!self.value.is_empty(), &|| self.value.iter().any(|class| class.is_typed_by(call)))
            && self.value_regex.as_ref().is_none_or(|regex| call.values.iter().any(|value| regex.is_match(value)))
            && list(!self.page.is_empty(), &|| covered(&self.page, call.page_url))
            && list(!self.to.is_empty(), &|| destinations(call, target).any(|to| covered(&self.to, Some(to))))
            && flag(self.new_origin, &|| destinations(call, target).any(|to| leaves(call.page_url, to)))
            && flag(self.submits, &|| target.is_some_and(|target| target.submits) && activates(call))
            && flag(self.download, &|| target.is_some_and(|target| target.downloads) && activates(call))
            && (!self.looks_at_target() || target.is_some_and(|target| self.target_fits(call, target)))
    }

    fn looks_at_target(&self) -> bool {
        !self.role.is_empty()
            || !self.name.is_empty()
            || self.name_regex.is_some()
            || self.name_words_max.is_some()
            || !self.field.is_empty()
            || !self.form_holds.is_empty()
            || !self.form_method.is_empty()
    }

    fn target_fits(&self, call: &CallFacts<'_>, target: &TargetFacts) -> bool {
        let words_wanted = !self.name.is_empty() || self.name_words_max.is_some();
        let words = if words_wanted { fold(&target.name) } else { Vec::new() };
        let form_method = || target.form.as_ref().map(|form| form.method.as_str());
        (self.role.is_empty() || self.role.iter().any(|role| role.eq_ignore_ascii_case(&target.role)))
            && (self.name.is_empty() || self.name.iter().any(|phrase| phrase.is_in(&words)))
            && self.name_regex.as_ref().is_none_or(|regex| regex.is_match(&target.name))
            && self.name_words_max.is_none_or(|most| words.len() <= most)
            && (self.field.is_empty() || target.field.is_some_and(|kind| self.field.contains(&kind)))
            && (self.form_holds.is_empty() || self.form_holds.iter().any(|kind| form_holds(call, target, *kind)))
            && (self.form_method.is_empty()
                || form_method().is_some_and(|is| self.form_method.iter().any(|one| one.eq_ignore_ascii_case(is))))
    }

    /// Could they hold for a request of a page? Yes, when in doubt.
    fn could_hold_for_requests(&self) -> bool {
        (self.tool.is_empty() || self.tool.iter().any(|pattern| glob(pattern, CallFacts::REQUEST_TOOL)))
            && (self.effect.is_empty() || self.effect.contains(&Effect::Send))
            && self.activates != Some(false)
            && self.submits != Some(false)
            && self.download != Some(true)
            // What a request tells of an element is the form it sends and the button that would have sent it.
            && self.field.is_empty()
    }
}

/// Does a pattern fit the key's name? An id is taken whole: nobody guesses at parts of one.
fn is_key(pattern: &str, call: &CallFacts<'_>) -> bool {
    glob(pattern, call.caller.key_name) || pattern == call.caller.key
}

/// The HTTP method about to be sent: a request's own, that of the form the call submits, or `GET` where it only goes somewhere.
fn method(call: &CallFacts<'_>, target: Option<&TargetFacts>) -> Option<&'static str> {
    let known = |word: &str| METHODS.into_iter().find(|one| one.eq_ignore_ascii_case(word)).unwrap_or("OTHER");
    if let Some(request) = call.request {
        return Some(known(request.method));
    }
    let submitted = target.filter(|target| target.submits && activates(call)).and_then(|target| target.form.as_ref());
    match submitted {
        // `method=dialog` sends nothing.
        Some(form) if form.method.eq_ignore_ascii_case("dialog") => None,
        Some(form) => Some(known(&form.method)),
        None => destinations(call, target).next().map(|_| "GET"),
    }
}

/// Is such a field of the target's form filled, or about to be by this very call?
fn form_holds(call: &CallFacts<'_>, target: &TargetFacts, kind: FieldKind) -> bool {
    let typed_now = target.field == Some(kind) && call.values.iter().any(|value| !value.is_empty());
    let filled = |form: &super::FormFacts| form.fields.iter().any(|field| field.kind == kind && field.filled);
    typed_now || target.form.as_ref().is_some_and(filled)
}

/// Where a call would lead: its own URL, its target's link, the form it submits.
fn destinations<'a>(call: &CallFacts<'a>, target: Option<&'a TargetFacts>) -> impl Iterator<Item = &'a str> {
    let active = activates(call);
    let form = target.filter(|target| target.submits && active).and_then(|target| target.form.as_ref());
    let href = target.filter(|_| active).and_then(|target| target.href.as_deref());
    call.to_url.into_iter().chain(href).chain(form.map(|form| form.action.as_str()))
}

fn covered(patterns: &[AddressPattern], address: Option<&str>) -> bool {
    let url = address.and_then(|address| Url::parse(address).ok());
    url.is_some_and(|url| patterns.iter().any(|pattern| pattern.covers(&url)))
}

/// Has the destination another origin than the page? A page without one (a new tab) is left by every step.
fn leaves(page: Option<&str>, to: &str) -> bool {
    let origin = |address: &str| Url::parse(address).ok().map(|url| url.origin());
    match (page.and_then(origin), origin(to)) {
        // Opaque origins equal nothing but themselves, and a parsed one is never the same twice.
        (Some(from), Some(to)) => from != to,
        _ => true,
    }
}

/// Does the call press what it points at? Typing, hovering and looking do not; a tool not known here does, to be safe.
fn activates(call: &CallFacts<'_>) -> bool {
    if call.effect == Effect::Send {
        return true;
    }
    if call.effect == Effect::Read {
        return false;
    }
    match call.tool {
        "browser_type"
        | "browser_fill_form"
        | "browser_select_option"
        | "browser_hover"
        | "browser_mouse_move_xy"
        | "browser_mouse_wheel"
        | "browser_navigate"
        | "browser_navigate_back"
        | "browser_tabs"
        | "browser_resize"
        | "browser_emulate_media"
        | "browser_network_state_set"
        | "browser_route"
        | "browser_unroute"
        | "browser_evaluate"
        | "browser_wait_for"
        | "browser_cookie_set"
        | "browser_cookie_delete"
        | "browser_cookie_clear"
        | "browser_localstorage_set"
        | "browser_localstorage_delete"
        | "browser_localstorage_clear"
        | "browser_sessionstorage_set"
        | "browser_sessionstorage_delete"
        | "browser_sessionstorage_clear"
        | "browser_set_storage_state"
        // Without files it cancels, and with files it sends.
        | "browser_file_upload"
        | "browser_close" => false,
        // The key is the call's value. Unknown key: assume that it presses.
        "browser_press_key" => {
            call.values.is_empty()
                || call.values.iter().any(|key| {
                    let last = key.rsplit('+').next().unwrap_or_default();
                    matches!(last, "Enter" | "NumpadEnter" | "Space" | " ")
                })
        }
        _ => !call.tool.starts_with("session_"),
    }
}

//! A rule file is taken whole or refused with its line; address patterns compare parts, whatever stands in them.

use url::Url;

use super::address::AddressPattern;
use super::{Action, CallFacts, CallerFacts, Effect, Policy, PolicyError};

/// How errors call the file.
const SOURCE: &str = "fuzzed.toml";

/// A rule file.
pub fn file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Policy::parse(text, SOURCE) {
        Ok(policy) => taken(text, &policy),
        Err(error) => refused(text, &error),
    }
}

fn taken(text: &str, policy: &Policy) {
    let again = Policy::parse(text, SOURCE).expect("the same file is read the same way");
    let names: Vec<&str> = policy.rule_names().collect();
    assert!(again.rule_names().eq(names.iter().copied()));
    for name in names {
        assert_eq!(policy.mark_of(name), again.mark_of(name), "a rule keeps its mark");
    }
    for effect in [Effect::Read, Effect::Act] {
        let call = CallFacts {
            caller: CallerFacts { tenant: "default", key: "k_1", key_name: "agent" },
            tool: "browser_click",
            effect,
            page_url: Some("https://shop.test/cart?item=1"),
            to_url: None,
            targets: &[],
            values: &["4111 1111 1111 1111".to_owned(), text.chars().take(200).collect()],
            uploads: false,
            request: None,
        };
        assert_eq!(policy.decide(&call), again.decide(&call), "the same facts give the same answer");
        // The most careful rule that speaks wins.
        let most = policy.heard(&call).map(|(_, action)| action).max().unwrap_or(policy.default);
        let answered = match policy.decide(&call) {
            super::Verdict::Allow { .. } => Action::Allow,
            super::Verdict::Ask { .. } => Action::Ask,
            super::Verdict::Deny { .. } => Action::Deny,
        };
        assert_eq!(answered, most);
    }
}

fn refused(text: &str, error: &PolicyError) {
    let one_line = |said: &str| !said.trim().is_empty() && !said.contains(['\n', '\r']);
    assert!(one_line(&error.what) && one_line(&error.how), "{error:?}");
    match error.line {
        Some(line) => assert!((1..=text.matches('\n').count() + 1).contains(&line), "{error:?}"),
        // Of these no line is to blame.
        None => assert!(
            error.what.contains("bytes") || error.what.contains("no `default`") || error.what.contains("rules"),
            "{error:?}"
        ),
    }
}

/// A pattern and an address, a line each.
pub fn pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pattern, address) = text.split_once('\n').unwrap_or((text, text));
    let url = Url::parse(address);
    if let (Ok(pattern), Ok(url)) = (AddressPattern::parse(pattern), &url) {
        let covers = pattern.covers(url);
        assert!(!covers || url.has_host(), "only what has a host is covered");
        // What is after the host's own spelling is the same place.
        let mut other = url.clone();
        other.set_fragment(Some("elsewhere"));
        assert_eq!(pattern.covers(&other), covers, "a fragment changes nothing");
        if other.set_username("somebody").is_ok() {
            assert_eq!(pattern.covers(&other), covers, "a user changes nothing");
        }
    }
    // Each address is covered by its own host, and by no pattern for another one.
    if let Ok(url) = url
        && matches!(url.scheme(), "http" | "https")
        && let Some(host) = url.host_str()
        && let Ok(own) = AddressPattern::parse(host)
    {
        assert!(own.covers(&url), "{host} does not cover {url}");
        let other = AddressPattern::parse("elsewhere.invalid").expect("a pattern");
        assert!(!other.covers(&url) || host.trim_end_matches('.') == "elsewhere.invalid", "{url}");
    }
}

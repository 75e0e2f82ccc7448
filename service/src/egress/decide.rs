//! The decision. Pure: told the target, its addresses and the rules, it says yes, no, or "resolve it first".

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{AddressClass, classify};
use super::place::PlaceRule;
use super::rule::Rule;
use super::target::{Target, TargetHost};

/// What `localhost` means, without asking anybody (RFC 6761 section 6.3).
pub const LOCALHOST: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Names of the machine and the network around it: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`, Docker's own.
const LOCAL_SUFFIXES: [&str; 8] =
    ["localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "in-addr.arpa"];

/// Cloud metadata by name; most also end in `.internal`, but say so with their own rule.
const METADATA_NAMES: [&str; 6] = [
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.azure.com",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
];

/// Hosts that Chromium itself calls and no page has reason to (its updater, field trials, autofill, model downloads).
const BROWSER_OWN_NAMES: [&str; 8] = [
    "update.googleapis.com",
    "clients1.google.com",
    "clients2.google.com",
    "clientservices.googleapis.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "edgedl.me.gvt1.com",
    "redirector.gvt1.com",
];

/// All that a decision depends on beside the target.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Places no page may reach, whatever else is allowed.
    pub deny: Vec<PlaceRule>,
    pub allow: Vec<PlaceRule>,
    /// Ports open to every public place.
    pub ports: BTreeSet<u16>,
    /// Addresses of this machine's interfaces and of its gateways.
    pub own_addresses: BTreeSet<IpAddr>,
    /// Ports on which this service itself listens.
    pub own_ports: BTreeSet<u16>,
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Connect to one of the addresses that were judged.
    Allow,
    /// The name is fine so far: resolve it once and ask again with all its addresses.
    Resolve,
    /// Do not connect. `message` is one line for people.
    Deny { rule: Rule, address: Option<IpAddr>, message: String },
}

/// Judges `target`. `addresses` is everything its name resolved to, `None` before it was resolved: a name that is denied
/// causes no query. A literal address needs no resolving and `addresses` is not looked at.
pub fn decide(target: &Target, addresses: Option<&[IpAddr]>, rules: &Rules) -> Verdict {
    let named = rules.allow.iter().any(|rule| rule.names(target));
    let addresses = match (&target.host, addresses) {
        (TargetHost::Address(address), _) => std::slice::from_ref(address),
        (TargetHost::Name(name), known) => {
            if let Some(denied) = judge_name(name, target, named, rules) {
                return denied;
            }
            match known {
                None => return Verdict::Resolve,
                Some([]) => return deny(Rule::Unresolved, None, format!("{} has no address", target.host)),
                Some(addresses) => addresses,
            }
        }
    };
    // Every address must pass: one bad answer among good ones is how a page gets a bad one dialled.
    addresses.iter().find_map(|address| judge_address(*address, target, named, rules)).unwrap_or(Verdict::Allow)
}

/// Whether `host` means this very machine.
pub fn is_localhost(host: &TargetHost) -> bool {
    matches!(host, TargetHost::Name(name) if is_or_below(name, "localhost"))
}

fn judge_name(name: &str, target: &Target, named: bool, rules: &Rules) -> Option<Verdict> {
    if rules.deny.iter().any(|rule| rule.names(target)) {
        return Some(deny(Rule::DeniedPlace, None, format!("{target} is closed to pages by the operator")));
    }
    if named {
        return None;
    }
    if METADATA_NAMES.iter().any(|metadata| is_or_below(name, metadata)) {
        return Some(deny(Rule::MetadataName, None, format!("{name} hands out the machine's credentials")));
    }
    if is_localhost(&target.host) {
        // It has fixed addresses, so a rule that holds one of them is enough.
        let held = LOCALHOST.iter().any(|address| rules.allow.iter().any(|rule| rule.holds(*address, target.port)));
        return (!held).then(|| deny(Rule::LocalName, None, format!("{name} is this machine")));
    }
    if LOCAL_SUFFIXES.iter().any(|suffix| is_or_below(name, suffix)) || !name.contains('.') {
        return Some(deny(Rule::LocalName, None, format!("{name} is a name of the network around this machine")));
    }
    if BROWSER_OWN_NAMES.contains(&name) {
        return Some(deny(Rule::BrowserOwn, None, format!("{name} is the browser's own traffic, not the page's")));
    }
    if !rules.ports.contains(&target.port) && !rules.allow.iter().any(|rule| rule.may_hold_at(target.port)) {
        return Some(deny_port(target, rules));
    }
    None
}

fn judge_address(address: IpAddr, target: &Target, named: bool, rules: &Rules) -> Option<Verdict> {
    let address = address.to_canonical();
    let class = classify(address);
    let own = rules.own_addresses.contains(&address);
    let here = own || class == AddressClass::Loopback || address.is_unspecified();
    if here && rules.own_ports.contains(&target.port) {
        let message = format!("port {} of this machine belongs to this service", target.port);
        return Some(deny(Rule::OwnService, Some(address), message));
    }
    if rules.deny.iter().any(|rule| rule.holds(address, target.port)) {
        let message = format!("{} is at {address}, which the operator has closed to pages", target.host);
        return Some(deny(Rule::DeniedPlace, Some(address), message));
    }
    if rules.allow.iter().any(|rule| rule.holds(address, target.port)) || (named && class.a_name_may_lift()) {
        return None;
    }
    if class != AddressClass::Global {
        let message = format!("{} is at {address}, a {} address", target.host, class.as_str());
        return Some(deny(Rule::Address, Some(address), message));
    }
    if own {
        let message = format!("{} is at {address}, this machine's own address or its gateway's", target.host);
        return Some(deny(Rule::OwnAddress, Some(address), message));
    }
    if !rules.ports.contains(&target.port) {
        return Some(deny_port(target, rules));
    }
    None
}

fn deny_port(target: &Target, rules: &Rules) -> Verdict {
    let open: Vec<String> = rules.ports.iter().map(u16::to_string).collect();
    deny(Rule::Port, None, format!("{target} is on a closed port; open are {}", open.join(", ")))
}

fn deny(rule: Rule, address: Option<IpAddr>, message: String) -> Verdict {
    Verdict::Deny { rule, address, message }
}

fn is_or_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEB_PORTS: [u16; 2] = [80, 443];

    fn web() -> Rules {
        Rules { ports: BTreeSet::from(WEB_PORTS), ..Rules::default() }
    }

    fn target(text: &str) -> Target {
        Target::of_tunnel(&text.parse().expect("an authority")).expect("a target")
    }

    fn rules(allow: &[&str]) -> Rules {
        Rules {
            deny: vec!["closed.example.com".parse().expect("a rule"), "9.9.9.0/24".parse().expect("a rule")],
            ports: BTreeSet::from(WEB_PORTS),
            allow: allow.iter().map(|rule| rule.parse().expect("a rule")).collect(),
            own_addresses: BTreeSet::from(["198.20.7.7".parse().expect("an address")]),
            own_ports: BTreeSet::from([7800]),
        }
    }

    fn rule_of(verdict: &Verdict) -> Option<Rule> {
        match verdict {
            Verdict::Deny { rule, .. } => Some(*rule),
            Verdict::Allow => None,
            Verdict::Resolve => panic!("not decided yet"),
        }
    }

    fn denied(host: &str, addresses: &[&str], allow: &[&str]) -> Option<Rule> {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        rule_of(&decide(&target(host), Some(&addresses), &rules(allow)))
    }

    #[test]
    fn the_public_web_is_open_on_its_two_ports() {
        assert_eq!(denied("example.com:443", &["93.184.216.34", "2606:4700::1"], &[]), None);
        assert_eq!(denied("example.com:80", &["93.184.216.34"], &[]), None);
        assert_eq!(denied("93.184.216.34:443", &[], &[]), None);
        for port in [22, 25, 3478, 6379, 8080] {
            assert_eq!(denied(&format!("example.com:{port}"), &["93.184.216.34"], &[]), Some(Rule::Port));
            assert_eq!(denied(&format!("93.184.216.34:{port}"), &[], &[]), Some(Rule::Port));
        }
    }

    #[test]
    fn one_bad_address_among_good_ones_is_a_no() {
        assert_eq!(denied("evil.example.com:80", &["93.184.216.34", "127.0.0.1"], &[]), Some(Rule::Address));
        assert_eq!(denied("evil.example.com:80", &["::ffff:10.0.0.1"], &[]), Some(Rule::Address));
        assert_eq!(denied("evil.example.com:80", &["2002:7f00:1::"], &[]), Some(Rule::Address));
        assert_eq!(denied("evil.example.com:80", &[], &[]), Some(Rule::Unresolved));
        assert_eq!(denied("evil.example.com:80", &["198.20.7.7"], &[]), Some(Rule::OwnAddress));
    }

    #[test]
    fn what_the_operator_closed_stays_closed_whatever_is_allowed() {
        assert_eq!(
            rule_of(&decide(&target("closed.example.com:443"), None, &rules(&["closed.example.com"]))),
            Some(Rule::DeniedPlace)
        );
        assert_eq!(denied("a.example.com:443", &["9.9.9.9"], &["a.example.com", "9.9.9.9"]), Some(Rule::DeniedPlace));
    }

    #[test]
    fn a_denied_name_is_never_resolved() {
        for (host, rule) in [
            ("localhost:80", Rule::LocalName),
            ("a.localhost:80", Rule::LocalName),
            ("printer.local:80", Rule::LocalName),
            ("vault.internal:443", Rule::LocalName),
            ("intranet:80", Rule::LocalName),
            ("metadata.google.internal:80", Rule::MetadataName),
            ("update.googleapis.com:443", Rule::BrowserOwn),
            ("example.com:25", Rule::Port),
        ] {
            assert_eq!(rule_of(&decide(&target(host), None, &rules(&[]))), Some(rule), "{host}");
        }
        assert_eq!(decide(&target("example.com:443"), None, &rules(&[])), Verdict::Resolve);
        assert_eq!(decide(&target("notlocalhost.com:443"), None, &rules(&[])), Verdict::Resolve);
    }

    #[test]
    fn an_allow_rule_opens_its_port_and_no_other() {
        assert_eq!(denied("127.0.0.1:3000", &[], &["127.0.0.1:3000"]), None);
        assert_eq!(denied("127.0.0.1:3001", &[], &["127.0.0.1:3000"]), Some(Rule::Address));
        assert_eq!(denied("127.0.0.1:3001", &[], &["127.0.0.0/8"]), None);
        assert_eq!(denied("localhost:3000", &["127.0.0.1"], &["127.0.0.1:3000"]), None);
        assert_eq!(denied("app.example.test:3000", &["10.1.1.1"], &["app.example.test:3000"]), None);
        assert_eq!(denied("app.example.test:3000", &["10.1.1.1"], &["10.0.0.0/8:3000"]), None);
        assert_eq!(denied("other.example.test:3000", &["10.1.1.1"], &["app.example.test:3000"]), Some(Rule::Port));
    }

    #[test]
    fn an_allowed_name_does_not_open_metadata_or_this_service() {
        assert_eq!(denied("app.example.test:80", &["169.254.169.254"], &["app.example.test"]), Some(Rule::Address));
        assert_eq!(denied("app.example.test:80", &["fe80::1"], &["app.example.test"]), Some(Rule::Address));
        assert_eq!(denied("app.example.test:80", &["0.0.0.0"], &["app.example.test"]), Some(Rule::Address));
        assert_eq!(denied("127.0.0.1:7800", &[], &["127.0.0.1", "0.0.0.0/0"]), Some(Rule::OwnService));
        assert_eq!(denied("app.example.test:7800", &["198.20.7.7"], &["app.example.test"]), Some(Rule::OwnService));
    }

    proptest! {
        /// Whatever the name, and whichever good addresses stand around it, an address that is not public is a no.
        #[test]
        fn nothing_private_passes_without_a_rule(bits in any::<u32>(), good in 0u8..3, port in any::<u16>()) {
            let address = IpAddr::V4(Ipv4Addr::from(bits));
            let mut addresses = vec!["1.1.1.1".parse().expect("an address"); usize::from(good)];
            addresses.push(address);
            let target = Target { host: TargetHost::Name("a.example.com".into()), port };
            let passed = decide(&target, Some(&addresses), &web()) == Verdict::Allow;
            let public = classify(address) == AddressClass::Global && WEB_PORTS.contains(&port);
            prop_assert_eq!(passed, public);
        }

        /// The IPv6 spellings of an IPv4 address never open what the address itself does not.
        #[test]
        fn no_spelling_opens_more(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from(bits);
            let mapped = decide(&Target { host: TargetHost::Address(v4.to_ipv6_mapped().into()), port: 80 }, None, &web());
            let plain = decide(&Target { host: TargetHost::Address(v4.into()), port: 80 }, None, &web());
            prop_assert_eq!(mapped == Verdict::Allow, plain == Verdict::Allow);
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            for carrier in [Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1), Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b)] {
                let verdict = decide(&Target { host: TargetHost::Address(carrier.into()), port: 80 }, None, &web());
                prop_assert!(verdict != Verdict::Allow);
            }
        }
    }
}

//! A place an operator names: `--egress-allow HOST_OR_CIDR[:PORT]`, and the same form to deny one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::target::{Target, TargetHost};
use ipnet::IpNet;

/// One place: a host (`intranet.example.test`), all hosts below one (`*.example.test`), an address or a block of
/// them (`10.0.0.5`, `10.0.0.0/8`, `[fd00::1]`, `[fd00::]/8`), each with a port, or with none for every port.
///
/// As an allow rule it never switches the address check off: addresses are still resolved once and pinned, and a rule that names
/// a host lifts loopback and private addresses only (see [`super::AddressClass::a_name_may_lift`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRule {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Name(String),
    /// The part after `*`, with its dot.
    Below(String),
    Block(IpNet),
}

/// Why a value of `--egress-allow`, or of `allow` or `deny` under `[egress]`, is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "egress rule {value:?} {problem}; write HOST_OR_CIDR[:PORT], as in intranet.example.test:8080, 10.0.0.0/8 or [fd00::1]:443"
)]
pub struct PlaceRuleError {
    value: String,
    problem: &'static str,
}

impl PlaceRule {
    /// Whether it names this host and port.
    pub fn names(&self, target: &Target) -> bool {
        let TargetHost::Name(name) = &target.host else { return false };
        let named = match &self.place {
            Place::Name(allowed) => name == allowed,
            Place::Below(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
            Place::Block(_) => false,
        };
        named && self.has_port(target.port)
    }

    /// Whether it holds this address and port.
    pub fn holds(&self, address: IpAddr, port: u16) -> bool {
        matches!(&self.place, Place::Block(block) if block.contains(&address.to_canonical())) && self.has_port(port)
    }

    /// Whether it could hold some address at this port, so that a name has to be resolved to know.
    pub fn may_hold_at(&self, port: u16) -> bool {
        matches!(self.place, Place::Block(_)) && self.has_port(port)
    }

    fn has_port(&self, port: u16) -> bool {
        self.port.is_none_or(|allowed| allowed == port)
    }
}

impl FromStr for PlaceRule {
    type Err = PlaceRuleError;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| PlaceRuleError { value: value.chars().take(80).collect(), problem };
        let text = value.trim().to_ascii_lowercase();
        // A bare IPv6 address or block has colons of its own, so it is tried whole before a port is looked for.
        if let Some(block) = block(&text) {
            return Ok(Self { place: Place::Block(block), port: None });
        }
        let (place, port) = match text.rsplit_once(':') {
            Some((place, port)) if !port.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(|| wrong("has no valid port"))?;
                (place, Some(port))
            }
            _ => (text.as_str(), None),
        };
        if let Some(block) = block(place) {
            return Ok(Self { place: Place::Block(block), port });
        }
        if place.contains(['[', ']', ':', '/']) {
            return Err(wrong("has no valid address block"));
        }
        let (below, name) = place.strip_prefix("*.").map_or((false, place), |name| (true, name));
        let name = match url::Host::parse(name) {
            Ok(url::Host::Domain(name)) => name,
            // `0x7f.1` and the like: the parser knows them as addresses.
            Ok(url::Host::Ipv4(address)) if !below => {
                return Ok(Self { place: Place::Block(IpNet::from(IpAddr::from(address))), port });
            }
            _ => return Err(wrong("has no valid host")),
        };
        let name = name.strip_suffix('.').unwrap_or(&name);
        if name.is_empty() || name.contains('*') {
            return Err(wrong("has no valid host"));
        }
        let place = if below { Place::Below(format!(".{name}")) } else { Place::Name(name.to_owned()) };
        Ok(Self { place, port })
    }
}

/// `10.0.0.5`, `10.0.0.0/8`, `fd00::1`, `[fd00::1]`, `[fd00::]/8`, `[fd00::/8]`.
fn block(text: &str) -> Option<IpNet> {
    let bare = match text.strip_prefix('[') {
        None => text.to_owned(),
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            // Only a length may follow, and only once.
            if !inside.contains(':') || !(after.is_empty() || after.starts_with('/')) {
                return None;
            }
            format!("{inside}{after}")
        }
    };
    let text = bare.as_str();
    let block = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    // An IPv4-mapped block would never match: addresses are unmapped before they are compared.
    match block {
        IpNet::V6(mapped) => match mapped.addr().to_ipv4_mapped() {
            Some(address) if mapped.prefix_len() >= 96 => IpNet::new(address.into(), mapped.prefix_len() - 96).ok(),
            Some(_) => None,
            None => Some(block),
        },
        IpNet::V4(_) => Some(block),
    }
}

impl fmt::Display for PlaceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Name(name) => f.write_str(name)?,
            Place::Below(suffix) => write!(f, "*{suffix}")?,
            Place::Block(block @ IpNet::V4(_)) => block.fmt(f)?,
            Place::Block(IpNet::V6(block)) => write!(f, "[{}]/{}", block.addr(), block.prefix_len())?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_is_read() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1/32"),
            ("127.0.0.1:8080", "127.0.0.1/32:8080"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0/8:443", "10.0.0.0/8:443"),
            ("::1", "[::1]/128"),
            ("[::1]", "[::1]/128"),
            ("[::1]:8080", "[::1]/128:8080"),
            ("fd00::/8", "[fd00::]/8"),
            ("[fd00::]/8:443", "[fd00::]/8:443"),
            ("[fd00::/8]:443", "[fd00::]/8:443"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("Intranet.Example.TEST", "intranet.example.test"),
            ("localhost:3000", "localhost:3000"),
            ("*.example.test:8443", "*.example.test:8443"),
        ] {
            let rule: PlaceRule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rule.to_string(), shown);
            assert_eq!(shown.parse(), Ok(rule), "what is shown can be read again");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_a_way_out() {
        for text in [
            "",
            "*",
            "*.",
            "a.*.test",
            "host:0",
            "host:70000",
            "host:http",
            "10.0.0.0/33",
            "[::1",
            "http://host",
            "a b",
        ] {
            let error = text.parse::<PlaceRule>().expect_err("no rule").to_string();
            assert!(error.contains("write HOST_OR_CIDR[:PORT]"), "{error}");
        }
    }

    #[test]
    fn a_star_holds_what_is_below_and_not_the_name_itself() {
        let rule: PlaceRule = "*.example.test".parse().expect("a rule");
        let named = |name: &str| rule.names(&Target { host: TargetHost::Name(name.into()), port: 80 });
        assert!(named("a.example.test") && named("a.b.example.test"));
        assert!(!named("example.test") && !named("badexample.test") && !named("example.test.evil.test"));
    }
}

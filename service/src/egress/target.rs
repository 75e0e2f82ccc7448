//! Where a request wants to go, parsed once and only here.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use url::{Host, Url};

/// A host and a port, as the WHATWG URL parser understands them: lower case, IDNA done, `0x7f.1` already `127.0.0.1`,
/// one trailing dot taken off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub host: TargetHost,
    pub port: u16,
}

/// A name or an address. IPv4-mapped IPv6 addresses are already the IPv4 address they stand for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetHost {
    Name(String),
    Address(IpAddr),
}

/// Why a target is none. Nothing of it is repeated: it may hold credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("a proxy request needs an absolute URL; this one has a path only")]
    NotAbsolute,
    #[error("only http, https, ws and wss may be requested")]
    Scheme,
    #[error("the target names a user; take the credentials out of the URL")]
    Credentials,
    #[error("the target is no valid host and port")]
    Malformed,
}

impl Target {
    /// From the request target of `CONNECT` (authority-form, RFC 9112 section 3.2.3): the port must be there.
    pub fn of_tunnel(uri: &Uri) -> Result<Self, TargetError> {
        if uri.scheme().is_some() || uri.path_and_query().is_some_and(|rest| !rest.as_str().is_empty()) {
            return Err(TargetError::Malformed);
        }
        let authority = uri.authority().ok_or(TargetError::Malformed)?;
        authority.port().ok_or(TargetError::Malformed)?;
        Self::parse("http", authority.as_str())
    }

    /// From the request target of every other method (absolute-form, RFC 9112 section 3.2.2). TLS never arrives this way.
    pub fn of_request(uri: &Uri) -> Result<Self, TargetError> {
        let scheme = uri.scheme_str().ok_or(TargetError::NotAbsolute)?;
        if !matches!(scheme, "http" | "ws") {
            return Err(TargetError::Scheme);
        }
        Self::parse(scheme, uri.authority().ok_or(TargetError::Malformed)?.as_str())
    }

    fn parse(scheme: &str, authority: &str) -> Result<Self, TargetError> {
        if authority.contains('@') {
            return Err(TargetError::Credentials);
        }
        // The parser would quietly take a path, a query or a backslash for the end of the authority.
        if authority.contains(['/', '?', '#', '\\', '%']) || authority.chars().any(char::is_whitespace) {
            return Err(TargetError::Malformed);
        }
        let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| TargetError::Malformed)?;
        let host = match url.host().ok_or(TargetError::Malformed)? {
            Host::Domain(name) => TargetHost::name(name)?,
            Host::Ipv4(address) => TargetHost::Address(address.into()),
            Host::Ipv6(address) => TargetHost::Address(IpAddr::V6(address).to_canonical()),
        };
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(TargetError::Malformed)?;
        Ok(Self { host, port })
    }

    /// The value of a `Host` field for it (RFC 9110 section 7.2): no port when it is the scheme's own.
    pub fn host_field(&self) -> String {
        if self.port == 80 { self.host.to_string() } else { self.to_string() }
    }
}

impl TargetHost {
    fn name(name: &str) -> Result<Self, TargetError> {
        let name = name.strip_suffix('.').unwrap_or(name);
        // RFC 1035 section 2.3.4: 253 characters in all, 63 a label, none empty.
        let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
        if name.len() > 253 || !labels_fit || !name.is_ascii() {
            return Err(TargetError::Malformed);
        }
        Ok(Self::Name(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(text: &str) -> Result<String, TargetError> {
        Target::of_tunnel(&text.parse().map_err(|_| TargetError::Malformed)?).map(|target| target.to_string())
    }

    fn request(text: &str) -> Result<String, TargetError> {
        Target::of_request(&text.parse().map_err(|_| TargetError::Malformed)?).map(|target| target.to_string())
    }

    #[test]
    fn every_spelling_of_an_address_is_the_address() {
        for spelling in
            ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
        {
            assert_eq!(tunnel(&format!("{spelling}:443")), Ok("127.0.0.1:443".into()), "{spelling}");
        }
    }

    #[test]
    fn names_lose_case_and_one_dot() {
        assert_eq!(tunnel("EXAMPLE.Test.:443"), Ok("example.test:443".into()));
        assert_eq!(request("http://Example.test/a?b"), Ok("example.test:80".into()));
        assert_eq!(request("ws://example.test:8080/"), Ok("example.test:8080".into()));
        assert_eq!(tunnel("example.test..:443"), Err(TargetError::Malformed));
    }

    #[test]
    fn what_is_no_target_is_refused() {
        assert_eq!(tunnel("example.test"), Err(TargetError::Malformed));
        assert_eq!(tunnel("example.test:0"), Err(TargetError::Malformed));
        assert_eq!(tunnel("user@example.test:443"), Err(TargetError::Credentials));
        assert_eq!(tunnel("http://example.test:443/"), Err(TargetError::Malformed));
        assert_eq!(tunnel("[fe80::1%25eth0]:443"), Err(TargetError::Malformed));
        assert_eq!(request("/only/a/path"), Err(TargetError::NotAbsolute));
        assert_eq!(request("https://example.test/"), Err(TargetError::Scheme));
        assert_eq!(request("ftp://example.test/"), Err(TargetError::Scheme));
        assert_eq!(request("http://a:b@example.test/"), Err(TargetError::Credentials));
    }
}

//! Patterns for addresses, in the manner of browser extensions' match patterns.
//!
//! `https://*.example.com/cart/*`: scheme (or `*`), host (or `*`, or `*.` and a domain, which means the domain too), a port
//! when one is wanted, path with `*` for any text. What is left out is any. A pattern is compared part by part with the
//! parsed URL, never as text: `https://evil.test/?x.example.com/` is not on `*.example.com`.

use url::{Host, Url};

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Any,
    Exact(String),
    /// The domain and everything below it.
    Below(String),
}

/// One entry of a `page` or `to` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddressPattern {
    scheme: Option<String>,
    host: HostPattern,
    port: Option<u16>,
    path: Option<String>,
}

impl AddressPattern {
    /// # Errors
    /// One line: what is wrong with the pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("*", rest)) => (None, rest),
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme.to_owned()), rest),
            Some((scheme, _)) => return Err(format!("\"{scheme}\" is no scheme of a page; use http, https or *")),
            None => (None, text),
        };
        let (place, path) = match rest.find('/') {
            Some(at) => (&rest[..at], Some(rest[at..].to_owned())),
            None => (rest, None),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse::<u16>().map_err(|_| format!("\"{port}\" is no port"))?))
            }
            _ => (place, None),
        };
        let literal = |name: &str| {
            // As where addresses are compared: a trailing dot names the same host.
            Host::parse(name.strip_suffix('.').unwrap_or(name))
                .map(|host| host.to_string())
                .map_err(|_| format!("\"{name}\" is no host name"))
        };
        let host = match host {
            "" => return Err("the host is missing".to_owned()),
            "*" => HostPattern::Any,
            _ => match host.strip_prefix("*.") {
                Some(domain) => HostPattern::Below(literal(domain)?),
                None => HostPattern::Exact(literal(host)?),
            },
        };
        Ok(Self { scheme, host, port, path })
    }

    /// Is the address one of these? An address without a host (`about:blank`, `data:`) never is.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        // A trailing dot names the same host.
        let host = host.strip_suffix('.').unwrap_or(host);
        let host_fits = match &self.host {
            HostPattern::Any => true,
            HostPattern::Exact(name) => host == name,
            HostPattern::Below(domain) => {
                host.strip_suffix(domain.as_str()).is_some_and(|front| front.is_empty() || front.ends_with('.'))
            }
        };
        let path_fits = |pattern: &String| match url.query() {
            Some(query) => glob(pattern, &format!("{}?{query}", url.path())),
            None => glob(pattern, url.path()),
        };
        host_fits
            && self.scheme.as_deref().is_none_or(|scheme| scheme == url.scheme())
            && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
            && self.path.as_ref().is_none_or(path_fits)
    }
}

/// Does `text` fit a pattern in which `*` stands for any text? Takes time in proportion to both lengths multiplied, at worst.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(mut part) = parts.next() else { return rest.is_empty() };
    for next in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        part = next;
    }
    rest.ends_with(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, url: &str) -> bool {
        AddressPattern::parse(pattern).expect("a pattern").covers(&Url::parse(url).expect("a url"))
    }

    #[test]
    fn a_pattern_is_compared_part_by_part() {
        assert!(covers("*.example.com", "https://example.com/"));
        assert!(covers("*.example.com", "http://a.b.example.com:8080/x"));
        assert!(!covers("*.example.com", "https://notexample.com/"));
        assert!(!covers("*.example.com", "https://evil.test/?.example.com/"));
        assert!(!covers("*.example.com", "https://example.com.evil.test/"));
        assert!(!covers("https://shop.test/*", "https://shop.test@evil.test/"));
        assert!(covers("shop.test", "https://SHOP.test./"));
        assert!(covers("shop.test.", "https://shop.test/") && covers("*.shop.test.", "https://a.shop.test./"));
        assert!(covers("https://shop.test:8443/cart/*", "https://shop.test:8443/cart/pay?id=1"));
        assert!(!covers("https://shop.test:8443", "https://shop.test/"));
        assert!(covers("https://shop.test:443", "https://shop.test/"));
        assert!(covers("*://*/*checkout*", "http://any.test/a/checkout?x"));
        assert!(covers("[::1]:80", "http://[::1]/"));
        assert!(covers("münchen.test", "https://xn--mnchen-3ya.test/"));
        assert!(!covers("*", "about:blank"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["", "ftp://x.test", "https://", "a.test:99999", "https://a b/"] {
            assert!(AddressPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn globs() {
        assert!(glob("browser_*", "browser_click"));
        assert!(glob("*", ""));
        assert!(glob("a*a", "aa"));
        assert!(!glob("a*a", "a"));
        assert!(glob("a*b*c", "axxbyyc"));
        assert!(!glob("a*b*c", "axxcyyb"));
        assert!(!glob("abc", "abcd"));
    }
}

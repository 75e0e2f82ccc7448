//! Does a request come from our own page? Pure.
//!
//! A program sends neither `Origin` nor a cookie. A browser sends a cookie by itself, wherever the page asking came from: so a
//! cookie counts only together with proof that the page is ours (`Origin`, or `Sec-Fetch-Site` where a browser leaves it out).

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method};
use url::Url;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A page of our own origin said so.
    OwnPage,
    /// Nothing was said: a program, or a browser navigating.
    Unsaid,
    /// A page of another origin.
    Elsewhere,
}

/// Reads it off the headers. `public_url` is our origin as people type it; what stands in `Host` is ours too, since the browser,
/// not the page, writes it.
pub(super) fn came_from(headers: &HeaderMap, public_url: &str) -> From {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(ORIGIN) else {
        return match site {
            Some("same-origin") => From::OwnPage,
            // "none" is a person typing the address; "same-site" is another port or a sister domain, not us.
            Some("cross-site" | "same-site") => From::Elsewhere,
            _ => From::Unsaid,
        };
    };
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return From::Elsewhere };
    let own = Url::parse(public_url).is_ok_and(|ours| ours.origin() == origin.origin());
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let same_host = host
        .and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok())
        .is_some_and(|host| matches!(origin.scheme(), "http" | "https") && host.origin() == origin.origin());
    if own || same_host { From::OwnPage } else { From::Elsewhere }
}

/// Must a request with a cookie prove that it comes from our page? Those that change something, and WebSockets, which send cookies
/// across origins and are bound by no same-origin policy.
pub(super) fn needs_proof(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || headers.contains_key(http::header::UPGRADE)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> From {
        let headers =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        came_from(&headers, "https://watch.example.org")
    }

    #[test]
    fn our_page_is_known_by_host_or_by_the_public_address() {
        assert_eq!(from(&[("host", "127.0.0.1:7800"), ("origin", "http://127.0.0.1:7800")]), From::OwnPage);
        assert_eq!(from(&[("host", "10.0.0.2:7800"), ("origin", "https://watch.example.org")]), From::OwnPage);
        assert_eq!(from(&[("host", "127.0.0.1:7800"), ("sec-fetch-site", "same-origin")]), From::OwnPage);
        assert_eq!(from(&[("host", "watch.example.org"), ("origin", "https://watch.example.org")]), From::OwnPage);
    }

    #[test]
    fn another_port_name_or_scheme_is_elsewhere() {
        for origin in [
            "http://127.0.0.1:7801",
            "http://localhost:7800",
            "null",
            "https://evil.example",
            "file://",
            "http://watch.example.org",
        ] {
            let headers = [("host", "127.0.0.1:7800"), ("origin", origin)];
            assert_eq!(from(&headers), From::Elsewhere, "{origin}");
        }
        assert_eq!(from(&[("host", "127.0.0.1:7800"), ("sec-fetch-site", "same-site")]), From::Elsewhere);
    }

    #[test]
    fn a_program_says_nothing() {
        assert_eq!(from(&[("host", "127.0.0.1:7800")]), From::Unsaid);
        assert_eq!(from(&[("host", "127.0.0.1:7800"), ("sec-fetch-site", "none")]), From::Unsaid);
    }

    #[test]
    fn looking_needs_no_proof_but_a_socket_does() {
        let mut headers = HeaderMap::new();
        assert!(!needs_proof(&Method::GET, &headers));
        assert!(needs_proof(&Method::POST, &headers) && needs_proof(&Method::DELETE, &headers));
        headers.insert("upgrade", HeaderValue::from_static("websocket"));
        assert!(needs_proof(&Method::GET, &headers));
    }
}

//! Fields that belong to one hop and go no further (RFC 9110 section 7.6.1), and fields that must not come twice.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};

const PER_HOP: [&str; 5] =
    ["keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "proxy-authentication-info"];

/// Takes off everything meant for this hop, also what `Connection` names.
pub fn strip_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers, &CONNECTION).filter_map(|name| name.parse().ok()).collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in PER_HOP {
        headers.remove(name);
    }
}

/// What is wrong with how a request frames itself, if anything. Two readings of one request are how requests are smuggled.
pub fn conflict(headers: &HeaderMap) -> Option<&'static str> {
    let count = |name: HeaderName| headers.get_all(name).iter().count();
    if count(HOST) > 1 {
        return Some("the request has more than one Host");
    }
    if count(CONTENT_LENGTH) > 1 {
        return Some("the request has more than one Content-Length");
    }
    if count(CONTENT_LENGTH) > 0 && count(TRANSFER_ENCODING) > 0 {
        return Some("the request has both Content-Length and Transfer-Encoding");
    }
    None
}

/// Whether a WebSocket is asked for or granted (RFC 6455 section 4).
pub fn is_websocket(headers: &HeaderMap) -> bool {
    tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
        && tokens(headers, &UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket"))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_connection_names_goes_no_further() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}

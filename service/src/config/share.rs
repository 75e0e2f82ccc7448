//! `[share]`: letting others look at a session, by links and in frames of other pages.

use serde::{Deserialize, Serialize};

/// Links to sessions, and who may frame them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShareConfig {
    /// Good links of one session at once; 0: no links are made.
    pub links_per_session_max: usize,
    /// Longest time a link may be good for, seconds.
    pub link_ttl_s_max: u32,
    /// Origins whose pages may show a session in a frame (`/embed`, by a link), as in `https://desk.example.org`. None by default.
    pub frame_ancestors: Vec<String>,
}

/// Origins that may be named; the list goes out with every answer of `/embed`.
const ANCESTORS_MAX: usize = 32;

impl Default for ShareConfig {
    fn default() -> Self {
        Self { links_per_session_max: 16, link_ttl_s_max: 7 * 24 * 60 * 60, frame_ancestors: Vec::new() }
    }
}

impl ShareConfig {
    /// What is wrong with it: the key, what, how. `None` when nothing is.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        if self.link_ttl_s_max == 0 {
            return Some(("share.link_ttl_s_max", "share.link_ttl_s_max is 0".to_owned(), "Give it at least 1."));
        }
        if self.frame_ancestors.len() > ANCESTORS_MAX {
            let what = format!("{} origins are named, at most {ANCESTORS_MAX} may be", self.frame_ancestors.len());
            return Some(("share.frame_ancestors", what, "Name fewer."));
        }
        let odd = self.frame_ancestors.iter().find(|origin| !is_origin(origin))?;
        let how = "Write scheme, host and port only, as in https://desk.example.org.";
        Some(("share.frame_ancestors", format!("\"{odd}\" is no origin"), how))
    }
}

/// Exactly an origin as browsers write it: no wildcard, and nothing that could end the directive it is put into (a host may hold `;`).
fn is_origin(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:/[]".contains(&byte);
    if !text.bytes().all(plain) {
        return false;
    }
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_origins_are_taken() {
        for origin in ["https://desk.example.org", "http://127.0.0.1:8080", "https://[::1]:4443"] {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "*",
            "https://*.example.org",
            "https://a.example/",
            "https://a.example/x",
            "https://u@a.example",
            "https://a.example; script-src *",
            "'self'",
            "data:x",
            "https://a.example:443",
            "HTTPS://A.EXAMPLE",
            "",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }
}

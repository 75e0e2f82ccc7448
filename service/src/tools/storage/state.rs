//! A session's state as a file: the JSON of Playwright's `storageState`, so that files of either work with both.
//!
//! Pure: what is written and what is accepted. A state is whole or refused; nothing is changed for one that cannot be read.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::{Cookie, OriginItems, Partition, SameSite, StoredItem};
use crate::tools::ToolError;

/// Bytes of a state, written or read.
pub(super) const STATE_BYTES_MAX: usize = 32 << 20;
/// Cookies of a state: about what Chromium keeps in all.
const COOKIES_MAX: usize = 3_000;
/// Origins of a state.
const ORIGINS_MAX: usize = 100;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(default)]
    cookies: Vec<StateCookie>,
    #[serde(default)]
    origins: Vec<StateOrigin>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateCookie {
    name: String,
    value: String,
    domain: String,
    #[serde(default = "root")]
    path: String,
    /// Seconds since the Unix epoch; -1 for one that ends with the session.
    #[serde(default = "session")]
    expires: f64,
    #[serde(default)]
    http_only: bool,
    #[serde(default)]
    secure: bool,
    #[serde(default = "lax")]
    same_site: StateSameSite,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition_key: Option<String>,
    #[serde(default, rename = "_crHasCrossSiteAncestor", skip_serializing_if = "Option::is_none")]
    cross_site_ancestor: Option<bool>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum StateSameSite {
    Strict,
    Lax,
    None,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateOrigin {
    origin: String,
    #[serde(default)]
    local_storage: Vec<StoredItem>,
    /// Of files made elsewhere; not restored.
    #[serde(default, rename = "indexedDB", skip_serializing_if = "Option::is_none")]
    indexed_db: Option<Value>,
}

/// A state that was read and found good.
pub(super) struct Read {
    pub cookies: Vec<Cookie>,
    pub origins: Vec<OriginItems>,
    /// Origins whose IndexedDB is in the file and is not restored.
    pub databases: usize,
}

fn root() -> String {
    "/".to_owned()
}

fn session() -> f64 {
    -1.0
}

fn lax() -> StateSameSite {
    StateSameSite::Lax
}

impl State {
    pub fn new(cookies: Vec<Cookie>, origins: Vec<OriginItems>) -> Self {
        let cookie = |cookie: Cookie| StateCookie {
            name: cookie.name,
            value: cookie.value,
            domain: cookie.domain,
            path: cookie.path,
            expires: cookie.expires.unwrap_or(-1.0),
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: match cookie.same_site {
                Some(SameSite::Strict) => StateSameSite::Strict,
                Some(SameSite::None) => StateSameSite::None,
                Some(SameSite::Lax) | None => StateSameSite::Lax,
            },
            cross_site_ancestor: cookie.partition.as_ref().map(|key| key.cross_site_ancestor),
            partition_key: cookie.partition.map(|key| key.top_level_site),
        };
        let origin = |one: OriginItems| StateOrigin { origin: one.origin, local_storage: one.items, indexed_db: None };
        Self { cookies: cookies.into_iter().map(cookie).collect(), origins: origins.into_iter().map(origin).collect() }
    }

    /// As the file has it.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("texts, numbers and booleans")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `bad_state` with the first thing that is wrong.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Read, ToolError> {
        let wrong = |what: String| {
            ToolError::new(
                "bad_state",
                format!("\"{name}\" is no storage state: {what}."),
                "Give a file that browser_storage_state made, or one of the same shape; nothing was changed.",
            )
        };
        let state: Self = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if state.cookies.len() > COOKIES_MAX || state.origins.len() > ORIGINS_MAX {
            return Err(wrong(format!("it has more than {COOKIES_MAX} cookies or {ORIGINS_MAX} origins")));
        }
        let mut seen = HashSet::new();
        for StateOrigin { origin, .. } in &state.origins {
            let good = url::Url::parse(origin).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == *origin
            });
            if !good || !seen.insert(origin) {
                let origin: String = origin.chars().take(100).collect();
                return Err(wrong(format!("{origin:?} is no origin, or is there twice")));
            }
        }
        for cookie in &state.cookies {
            if cookie.domain.is_empty() || !cookie.path.starts_with('/') {
                let name: String = cookie.name.chars().take(100).collect();
                return Err(wrong(format!("the cookie {name:?} has no domain, or a path that does not begin with /")));
            }
        }
        let databases = state.origins.iter().filter(|origin| origin.indexed_db.is_some()).count();
        let origins = state.origins.into_iter();
        Ok(Read {
            cookies: state.cookies.into_iter().map(Cookie::from).collect(),
            origins: origins.map(|one| OriginItems { origin: one.origin, items: one.local_storage }).collect(),
            databases,
        })
    }
}

impl From<StateCookie> for Cookie {
    fn from(cookie: StateCookie) -> Self {
        let cross_site_ancestor = cookie.cross_site_ancestor.unwrap_or(false);
        Self {
            name: cookie.name,
            value: cookie.value,
            domain: cookie.domain,
            path: cookie.path,
            expires: Some(cookie.expires).filter(|at| *at >= 0.0),
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: Some(match cookie.same_site {
                StateSameSite::Strict => SameSite::Strict,
                StateSameSite::Lax => SameSite::Lax,
                StateSameSite::None => SameSite::None,
            }),
            partition: cookie.partition_key.map(|top_level_site| Partition { top_level_site, cross_site_ancestor }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let cookie = Cookie {
            name: "sid".into(),
            value: "s3cret".into(),
            domain: ".example.org".into(),
            path: "/".into(),
            expires: Some(2_000_000_000.5),
            http_only: true,
            secure: true,
            same_site: Some(SameSite::None),
            partition: Some(Partition { top_level_site: "https://top.example".into(), cross_site_ancestor: true }),
        };
        let item = StoredItem { name: "k".into(), value: "line\nline".into() };
        let origin = OriginItems { origin: "https://example.org".into(), items: vec![item] };
        let bytes = State::new(vec![cookie.clone()], vec![origin.clone()]).to_json();
        let read = State::read("a.json", &bytes).expect("good");
        assert_eq!((read.cookies, read.origins, read.databases), (vec![cookie], vec![origin], 0));
    }

    #[test]
    fn a_state_of_playwrights_is_read_and_a_broken_one_is_refused_whole() {
        let theirs = br#"{"cookies":[{"name":"a","value":"b","domain":"localhost","path":"/","expires":-1,"httpOnly":false,
            "secure":false,"sameSite":"Lax"}],"origins":[{"origin":"http://localhost:1","localStorage":[{"name":"k","value":"v"}],
            "indexedDB":[{"name":"db"}]}]}"#;
        let read = State::read("a.json", theirs).expect("good");
        assert_eq!((read.cookies.len(), read.cookies[0].expires, read.databases), (1, None, 1));
        for broken in [
            &b"not json"[..],
            b"[]x",
            br#"{"cookies":"none"}"#,
            br#"{"cookies":[{"name":"a","value":"b","domain":""}]}"#,
            br#"{"cookies":[{"name":"a","value":"b","domain":"x","path":"x"}]}"#,
            br#"{"origins":[{"origin":"file:///etc"}]}"#,
            br#"{"origins":[{"origin":"http://a.example/path"}]}"#,
            br#"{"origins":[{"origin":"http://a.example"},{"origin":"http://a.example"}]}"#,
        ] {
            let error = State::read("a.json", broken).map(drop).expect_err("refused");
            assert_eq!(error.code, "bad_state", "{}", String::from_utf8_lossy(broken));
        }
    }
}

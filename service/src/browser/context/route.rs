//! Requests answered in the server's place, or sent on with other headers.
//!
//! A route adds nothing to what a page may reach: what is sent on goes the same way out as all else, past the same proxy, under the
//! same name. So a header that would name another host, or speak to proxies, is refused when the route is made.

use bytes::Bytes;
use std::sync::Arc;

use super::glob::Glob;

/// Routes of one session.
pub const ROUTES_MAX: usize = 64;
/// Largest body of one, bytes.
pub const ROUTE_BODY_BYTES_MAX: usize = 1 << 20;
/// Bodies of all of them, bytes.
pub const ROUTES_BYTES_MAX: usize = 4 << 20;
/// Headers of one.
const HEADERS_MAX: usize = 64;
/// Longest header, name and value, bytes.
const HEADER_BYTES_MAX: usize = 8 << 10;

/// One route, as it was asked for.
#[derive(Debug, Clone)]
pub struct Route {
    /// As in `**/api/*`.
    pub pattern: String,
    glob: Glob,
    pub doing: RouteDoing,
}

/// What becomes of a request that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteDoing {
    /// It is answered here and never leaves.
    Answer { status: u16, body: Bytes, content_type: Option<String>, headers: Vec<(String, String)> },
    /// It goes on with other headers.
    SendOn { add: Vec<(String, String)>, remove: Vec<String> },
}

impl Route {
    /// A route, checked.
    ///
    /// # Errors
    /// What is wrong with it, in one line without a stop.
    pub fn new(pattern: &str, doing: RouteDoing) -> Result<Self, String> {
        let glob = Glob::parse(pattern)?;
        let (headers, remove): (&[_], &[_]) = match &doing {
            RouteDoing::Answer { status, body, headers, .. } => {
                if !(200..=599).contains(status) {
                    return Err("status is a number from 200 to 599".to_owned());
                }
                if body.len() > ROUTE_BODY_BYTES_MAX {
                    return Err(format!("body has at most {ROUTE_BODY_BYTES_MAX} bytes"));
                }
                (headers, &[])
            }
            RouteDoing::SendOn { add, remove } => (add, remove),
        };
        if headers.len() + remove.len() > HEADERS_MAX {
            return Err(format!("a route has at most {HEADERS_MAX} headers"));
        }
        let content_type = match &doing {
            RouteDoing::Answer { content_type: Some(kind), .. } => Some(("content-type", kind.as_str())),
            _ => None,
        };
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(content_type);
        for (name, value) in pairs.chain(remove.iter().map(|name| (name.as_str(), ""))) {
            fit(name, value)?;
        }
        Ok(Self { pattern: pattern.to_owned(), glob, doing })
    }

    /// Bytes it keeps.
    fn bytes(&self) -> usize {
        if let RouteDoing::Answer { body, .. } = &self.doing { body.len() } else { 0 }
    }
}

/// Can the header be used, and may it?
fn fit(name: &str, value: &str) -> Result<(), String> {
    let shown: String = name.chars().take(60).collect();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!("\"{shown}\" is no name of a header"));
    }
    if name.len() + value.len() > HEADER_BYTES_MAX || value.chars().any(char::is_control) {
        return Err(format!("the value of \"{shown}\" is one line, and a header has at most {HEADER_BYTES_MAX} bytes"));
    }
    let lower = name.to_ascii_lowercase();
    // Another host behind an allowed name, words to proxies, and the length and way of a message are not the agent's to say.
    let reserved = matches!(
        lower.as_str(),
        "host"
            | "connection"
            | "content-length"
            | "transfer-encoding"
            | "upgrade"
            | "te"
            | "trailer"
            | "keep-alive"
            | "cookie"
    ) || lower.starts_with("proxy-")
        || lower.starts_with("x-helmwatch-");
    if reserved { Err(format!("the header \"{shown}\" cannot be changed by a route")) } else { Ok(()) }
}

/// All routes of a session. A new value takes the place of the old one whole.
#[derive(Debug, Clone, Default)]
pub(in crate::browser) struct Routes(Arc<[Arc<Route>]>);

impl PartialEq for Routes {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(other.0.iter()).all(|(one, two)| Arc::ptr_eq(one, two))
    }
}

impl Eq for Routes {}

impl Routes {
    /// In the order they were made.
    pub fn list(&self) -> &[Arc<Route>] {
        &self.0
    }

    /// With one more.
    ///
    /// # Errors
    /// What is full.
    pub fn with(&self, route: Route) -> Result<Self, String> {
        if self.0.len() >= ROUTES_MAX {
            return Err(format!("this session has its {ROUTES_MAX} routes"));
        }
        let bytes: usize = self.0.iter().map(|route| route.bytes()).sum();
        if bytes + route.bytes() > ROUTES_BYTES_MAX {
            return Err(format!("this session's routes have their {ROUTES_BYTES_MAX} bytes of bodies"));
        }
        Ok(Self(self.0.iter().cloned().chain([Arc::new(route)]).collect()))
    }

    /// Without those of this pattern, or without any; and how many went.
    pub fn without(&self, pattern: Option<&str>) -> (Self, usize) {
        let left: Arc<[_]> =
            self.0.iter().filter(|route| pattern.is_some_and(|one| one != route.pattern)).cloned().collect();
        let gone = self.0.len() - left.len();
        (Self(left), gone)
    }

    /// The one a request meets: the newest that fits.
    pub fn find(&self, url: &str) -> Option<&Arc<Route>> {
        self.0.iter().rev().find(|route| route.glob.fits(url))
    }

    /// Patterns of Chromium's own for all that could fit.
    pub fn wider(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|route| route.glob.wider())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pattern: &str, bytes: usize) -> Route {
        let doing =
            RouteDoing::Answer { status: 200, body: vec![0; bytes].into(), content_type: None, headers: Vec::new() };
        Route::new(pattern, doing).expect("a route")
    }

    #[test]
    fn the_newest_that_fits_wins_and_a_pattern_takes_all_of_its_name() {
        let routes = Routes::default().with(answer("**/a", 1)).expect("room").with(answer("**", 2)).expect("room");
        let routes = routes.with(answer("**/a", 3)).expect("room");
        assert_eq!(routes.find("http://x/a").map(|route| route.bytes()), Some(3));
        assert_eq!(routes.find("http://x/b").map(|route| route.bytes()), Some(2));
        let (left, gone) = routes.without(Some("**/a"));
        assert_eq!((left.list().len(), gone), (1, 2));
        assert_eq!(left.without(None).1, 1);
    }

    #[test]
    fn routes_are_bounded_in_count_and_bytes() {
        let mut routes = Routes::default();
        for _ in 0..ROUTES_MAX {
            routes = routes.with(answer("**", 0)).expect("room");
        }
        assert!(routes.with(answer("**", 0)).is_err());
        let mut routes = Routes::default();
        for _ in 0..ROUTES_BYTES_MAX / ROUTE_BODY_BYTES_MAX {
            routes = routes.with(answer("**", ROUTE_BODY_BYTES_MAX)).expect("room");
        }
        assert!(routes.with(answer("**", 1)).is_err());
    }

    #[test]
    fn headers_that_would_lead_elsewhere_are_refused() {
        for name in
            ["Host", "proxy-authorization", "Content-Length", "X-Helmwatch-Egress", "Cookie", "a b", "", ":authority"]
        {
            let doing = RouteDoing::SendOn { add: vec![(name.to_owned(), "x".to_owned())], remove: Vec::new() };
            assert!(Route::new("**", doing).is_err(), "{name}");
        }
        for value in ["a\r\nHost: b", "\0"] {
            let doing = RouteDoing::SendOn { add: vec![("a".to_owned(), value.to_owned())], remove: Vec::new() };
            assert!(Route::new("**", doing).is_err(), "{value:?}");
        }
        let doing = RouteDoing::SendOn {
            add: vec![("Authorization".to_owned(), "Bearer x".to_owned())],
            remove: vec!["Accept".to_owned()],
        };
        assert!(Route::new("**", doing).is_ok());
    }
}

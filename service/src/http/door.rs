//! Who is asking, before any route is reached.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderMap, Method};
use metrics::counter;

use super::origin::{self, From};
use super::{Edge, Refusal};
use helmwatch_protocol::LinkView;

use super::routes::links;
use crate::auth::{AuthError, Caller, LinkRefusal, Links, Scope};
use crate::telemetry::names;

/// Name of the viewer's cookie.
pub(super) const COOKIE_NAME: &str = "helmwatch";

/// Where a proxy or another program may have put a key that we do not take: in the address it ends up in logs.
const KEY_IN_ADDRESS: [&str; 3] = ["key=", "token=", "access_token="];

/// What a browser's WebSocket says its protocol is when it comes by a link, and what the secret follows after a dot: a page cannot
/// set other headers there, and in the address it would end up in logs.
pub(super) const LINK_PROTOCOL: &str = "helmwatch.link";

/// Lets a request with a good key or cookie through, with its [`Caller`] in the extensions; refuses every other one.
pub(super) async fn keys(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let asking = caller(&edge, request.method(), request.headers(), request.uri().query());
    match asking.await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The same, and a good link too: only for routes that hold who came by a link to its one session.
pub(super) async fn keys_and_links(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let Some(token) = link_token(request.headers()).map(str::to_owned) else {
        return keys(State(edge), request, next).await;
    };
    match edge.links.open(&token).await {
        Ok((caller, link)) => {
            request.extensions_mut().insert(Guest(caller.clone(), link));
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => {
            counter!(names::HTTP_KEYS_REFUSED).increment(1);
            if let LinkRefusal::Over { link, tenant, worth_telling: true } = &refused {
                links::note_refused(&edge, link, tenant.clone());
            }
            Refusal::from(refused).into_response()
        }
    }
}

/// The secret of a link, where one came with a request.
fn link_token(headers: &HeaderMap) -> Option<&str> {
    let key = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    key.or_else(|| protocols(headers).find_map(|offered| offered.strip_prefix(LINK_PROTOCOL)?.strip_prefix('.')))
        .filter(|text| Links::is_token(text))
}

/// The protocols a WebSocket offers to speak (RFC 6455, section 11.3.4).
pub(super) fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(http::header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// Refuses pages of other origins, on every route, and requests that name two hosts (RFC 9112, section 3.2): a proxy in front may have
/// judged by the one that we do not read.
pub(super) async fn own_pages(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    if request.headers().get_all(HOST).into_iter().count() > 1 {
        return Refusal::two_hosts().into_response();
    }
    // A foreign page that only links here, or shows nothing it can read, is harmless: what is open to all stays so.
    let open = request.method().is_safe() && !request.headers().contains_key(http::header::ORIGIN);
    if !open && origin::came_from(request.headers(), &edge.public_url) == From::Elsewhere {
        return Refusal::foreign_origin().into_response();
    }
    next.run(request).await
}

/// Whose key or cookie came with a request.
pub(super) async fn caller(
    edge: &Edge,
    method: &Method,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Caller, Refusal> {
    if link_token(headers).is_some() {
        return Err(Refusal::link_elsewhere());
    }
    // A key that is there and wrong is refused, never passed over for a cookie that may be another person's.
    if let Some(value) = headers.get(AUTHORIZATION) {
        let key = value.to_str().ok().and_then(bearer).ok_or_else(Refusal::unknown_key)?;
        return known(edge.auth.by_bearer(key).await);
    }
    let Some(cookie) = cookie(headers) else {
        let query = query.unwrap_or_default();
        if query.split('&').any(|pair| KEY_IN_ADDRESS.iter().any(|name| pair.starts_with(name))) {
            return Err(Refusal::bad_request(
                "key_in_address",
                "A key in the address is not taken: addresses end up in logs.",
                "Send it as `Authorization: Bearer KEY`, and replace this one: it may have been logged.",
            ));
        }
        return Err(Refusal::nobody());
    };
    if origin::needs_proof(method, headers) && origin::came_from(headers, &edge.public_url) != From::OwnPage {
        return Err(Refusal::foreign_origin());
    }
    known(edge.auth.by_cookie(cookie).await)
}

fn known(caller: Result<Caller, AuthError>) -> Result<Caller, Refusal> {
    caller.map_err(|error| {
        counter!(names::HTTP_KEYS_REFUSED).increment(1);
        error.into()
    })
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty()).then(|| key.trim())
}

/// The value of our cookie. Of several with the name the first counts, as RFC 6265 sends the most specific one first.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

/// The caller of a request that passed [`keys`].
pub(super) struct Asking(pub(super) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(Refusal::nobody)
    }
}

/// Who came by a link, and the link.
#[derive(Clone)]
pub(super) struct Guest(pub(super) Caller, pub(super) LinkView);

impl<S: Send + Sync> FromRequestParts<S> for Guest {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::unknown_link)
    }
}

impl Asking {
    /// The caller, if it has any of these scopes.
    pub(super) fn with_any(self, scopes: &[Scope]) -> Result<Caller, Refusal> {
        if scopes.iter().any(|scope| self.0.may(*scope)) {
            return Ok(self.0);
        }
        let words: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        Err(Refusal::scope(&words.join(" or ")))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn our_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie(&headers), None);
        headers.insert(COOKIE, HeaderValue::from_static("a=1; helmwatch2=x; helmwatch=abc; b=2"));
        assert_eq!(cookie(&headers), Some("abc"));
        headers.insert(COOKIE, HeaderValue::from_static("helmwatch="));
        assert_eq!(cookie(&headers), None);
    }

    #[test]
    fn a_bearer_key_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}

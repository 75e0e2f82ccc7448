//! `/v1/sessions/{id}/links`, `/v1/links/{id}`, `/v1/guest`: links to one session, for people without a key.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{GuestView, LinkAccess, LinkId, LinkList, LinkMade, LinkRequest, LinkView};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::sessions::{parse, unknown};
use crate::audit::{Kind, Line};
use crate::auth::{Links, NewLink, Scope, Tenant, WallClock};
use crate::http::body::Json;
use crate::http::door::{Asking, Guest};
use crate::http::{Edge, Refusal};

pub(in crate::http) async fn make(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    Json(request): Json<LinkRequest>,
) -> Result<Response, Refusal> {
    // `view` is asked for by itself: the agent whose session it is sees it too, and must not let itself in.
    let caller = asking.with_any(&[Scope::View])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    if session.is_closed() {
        return Err(Refusal::not_found("session"));
    }
    let wanted = NewLink { access: request.access, ttl: Duration::from_secs(request.ttl_s.into()), name: request.name };
    let tenant = session.owner().tenant();
    let (link, secret) = edge.links.make(&caller, session.id(), tenant, &wanted)?;
    // It may have ended between the two: then its links are already forgotten, and this one must be as well.
    if session.is_closed() {
        edge.links.forget(session.id());
        return Err(Refusal::not_found("session"));
    }
    let made = format!("{} made a {} link \"{}\" for {} s", caller.name(), word(link.access), link.name, request.ttl_s);
    note(&edge, tenant.clone(), caller.key().as_str(), &link, made, "ok");
    let place = format!("/v1/links/{}", link.id);
    let embed_url =
        (!edge.share.frame_ancestors.is_empty()).then(|| format!("{}/embed#link={}", edge.public_url, secret.expose()));
    let url = format!("{}/#link={}", edge.public_url, secret.expose());
    let mut response = (StatusCode::CREATED, Answer(LinkMade { link, url, embed_url })).into_response();
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<LinkList>, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    Ok(Answer(LinkList { links: edge.links.of(session.id()) }))
}

/// Ends a link. Right also when it has ended already.
pub(in crate::http) async fn revoke(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let no_link = || Refusal::not_found("link");
    let id: LinkId = id.parse().map_err(|_| no_link())?;
    let link = edge.links.get(&id).ok_or_else(no_link)?;
    // Another tenant's link reads like none.
    let session = edge.sessions.get(&caller, &link.session).map_err(|_| no_link())?;
    if !Links::may_give(&caller, link.access) {
        return Err(Refusal::scope(Scope::Control.word()));
    }
    edge.links.revoke(&id);
    let said = format!("{} revoked the {} link \"{}\"", caller.name(), word(link.access), link.name);
    note(&edge, session.owner().tenant().clone(), caller.key().as_str(), &link, said, "revoked");
    Ok(StatusCode::NO_CONTENT)
}

/// What the holder of a link came by: asked by the page a link opens, before anything else.
pub(in crate::http) async fn guest(
    State(edge): State<Arc<Edge>>,
    Guest(caller, link): Guest,
) -> Result<Answer<GuestView>, Refusal> {
    edge.sessions.get(&caller, &link.session).map_err(|_| Refusal::unknown_link())?;
    let said = format!("the {} link \"{}\" was opened", word(link.access), link.name);
    note(&edge, caller.tenant().clone(), link.id.as_str(), &link, said, "ok");
    Ok(Answer(GuestView { session: link.session, name: link.name, access: link.access, expires_at: link.expires_at }))
}

/// Writes down that somebody tried a link that has ended.
pub(in crate::http) fn note_refused(edge: &Edge, link: &LinkView, tenant: Tenant) {
    let said = format!("the {} link \"{}\" was tried after its end", word(link.access), link.name);
    note(edge, tenant, link.id.as_str(), link, said, "refused");
}

fn note(edge: &Edge, tenant: Tenant, actor: &str, link: &LinkView, text: String, outcome: &str) {
    let line = Line::new(WallClock::system().now_ms(), Kind::Link, tenant, actor, text);
    edge.audit.note(Line {
        session: Some(link.session.clone()),
        subject: Some(link.id.to_string()),
        outcome: outcome.to_owned(),
        ..line
    });
}

const fn word(access: LinkAccess) -> &'static str {
    match access {
        LinkAccess::View => "read-only",
        LinkAccess::Control => "control",
    }
}

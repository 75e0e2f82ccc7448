//! Plain HTTP: the request goes on with this hop's fields taken off and `Host` set from its own target.

use std::sync::Arc;

use http::header::{CONNECTION, HOST, UPGRADE};
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::headers::{conflict, is_websocket, strip_hop};
use super::lane::LaneState;
use super::proxy::{Body, Refused, open};
use super::rule::Rule;
use super::target::Target;
use super::tunnel::splice;

/// A connection to a server, kept for the next request of the same browser connection. Judged and pinned when it was
/// opened; it serves that target only.
pub struct Kept {
    target: Target,
    sender: SendRequest<Incoming>,
}

/// Sends `request` on and answers with the server's head and its body as it comes.
pub async fn forward(
    mut request: Request<Incoming>,
    lane: &Arc<LaneState>,
    kept: Option<Kept>,
) -> Result<(Response<Body>, Option<Kept>), Refused> {
    let target = Target::of_request(request.uri()).map_err(Refused::unread)?;
    if let Some(problem) = conflict(request.headers()) {
        return Err(Refused::new(&target, Rule::BadTarget, problem));
    }
    let upgrading = is_websocket(request.headers());
    let browser_side = upgrading.then(|| hyper::upgrade::on(&mut request));
    strip_hop(request.headers_mut());
    if upgrading {
        mark_upgrade(request.headers_mut());
    }
    let host = HeaderValue::try_from(target.host_field())
        .map_err(|_| Refused::new(&target, Rule::BadTarget, "the host cannot be written as a field"))?;
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() =
        path.parse::<Uri>().map_err(|_| Refused::new(&target, Rule::BadTarget, "the path is malformed"))?;
    *request.version_mut() = Version::HTTP_11;

    let (mut response, sender) = send(request, &target, lane, kept).await?;

    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(browser_side) = browser_side.filter(|_| is_websocket(response.headers())) else {
            return Err(Refused::new(&target, Rule::Broken, "the server switched to a protocol nobody asked for"));
        };
        let permit = lane.tunnel_permit(&target)?;
        let server_side = hyper::upgrade::on(&mut response);
        lane.spawn("egress tunnel", async move {
            let _permit = permit;
            if let (Ok(browser), Ok(server)) = tokio::join!(browser_side, server_side) {
                splice(TokioIo::new(browser), TokioIo::new(server)).await;
            }
        });
        strip_hop(response.headers_mut());
        mark_upgrade(response.headers_mut());
        return Ok((response.map(Either::Left), None));
    }
    strip_hop(response.headers_mut());
    Ok((response.map(Either::Left), Some(Kept { target, sender })))
}

async fn send(
    request: Request<Incoming>,
    target: &Target,
    lane: &Arc<LaneState>,
    kept: Option<Kept>,
) -> Result<(Response<Incoming>, SendRequest<Incoming>), Refused> {
    let mut request = request;
    if let Some(Kept { mut sender, .. }) = kept.filter(|kept| kept.target == *target)
        && lane.ledger.exhausted().is_none()
        && sender.ready().await.is_ok()
    {
        match sender.try_send_request(request).await {
            Ok(response) => return Ok((response, sender)),
            Err(mut error) => match error.take_message() {
                // The server had closed it meanwhile and not a byte was sent: a fresh connection loses nothing.
                Some(unsent) => request = unsent,
                None => return Err(broken(target, error.error())),
            },
        }
    }
    let stream = open(target, lane).await?;
    let mut client = http1::Builder::new();
    client.max_header_size(lane.shared.settings.header_bytes_max).preserve_header_case(true);
    let (mut sender, connection) =
        client.handshake(TokioIo::new(stream)).await.map_err(|error| broken(target, &error))?;
    lane.spawn("egress server connection", async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "server connection ended");
        }
    });
    // The head of an answer has as long as the connection may be silent; the body has its idle limit anyway.
    let within = lane.shared.settings.idle_max;
    let sent = tokio::time::timeout(within, sender.send_request(request)).await;
    let sent = sent.map_err(|_| Refused::new(target, Rule::Broken, format!("{target} did not answer in time")))?;
    let response = sent.map_err(|error| broken(target, &error))?;
    Ok((response, sender))
}

fn mark_upgrade(headers: &mut http::HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

fn broken(target: &Target, error: &hyper::Error) -> Refused {
    tracing::debug!(%target, %error, "exchange broken off");
    let what = if error.is_timeout() { "did not answer in time" } else { "broke off before it had answered" };
    Refused::new(target, Rule::Broken, format!("{target} {what}"))
}

//! `CONNECT`: bytes both ways, once the first of them have shown what they are.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::headers::conflict;
use super::hello::{self, Opening};
use super::lane::LaneState;
use super::proxy::{Body, Refused, open};
use super::rule::Rule;
use super::stream::Guarded;
use super::target::Target;

/// Opens a tunnel. The server is connected to before the browser hears yes, so that a failure is an answer it can show.
pub async fn tunnel(mut request: Request<Incoming>, lane: &Arc<LaneState>) -> Result<Response<Body>, Refused> {
    let target = Target::of_tunnel(request.uri()).map_err(Refused::unread)?;
    if let Some(problem) = conflict(request.headers()) {
        return Err(Refused::new(&target, Rule::BadTarget, problem));
    }
    let permit = lane.tunnel_permit(&target)?;
    let server = open(&target, lane).await?;
    let browser = hyper::upgrade::on(&mut request);
    let state = Arc::clone(lane);
    lane.spawn("egress tunnel", async move {
        let _permit = permit;
        match browser.await {
            Ok(browser) => carry(TokioIo::new(browser), server, &target, &state).await,
            Err(error) => tracing::debug!(%target, %error, "tunnel not taken up"),
        }
    });
    Ok(Response::new(Either::Right(Full::new(Bytes::new()))))
}

/// Lets nothing through until the first bytes are TLS for this host, or a WebSocket handshake for it.
async fn carry<B>(mut browser: B, mut server: Guarded, target: &Target, lane: &LaneState)
where
    B: AsyncRead + AsyncWrite + Unpin,
{
    let settings = &lane.shared.settings;
    let mut first = Vec::with_capacity(2_048);
    let opening = timeout(settings.header_within, async {
        loop {
            match hello::read(&first) {
                Opening::More if first.len() >= settings.header_bytes_max => return Some(Opening::Other),
                Opening::More => match browser.read_buf(&mut first).await {
                    // Closed without a word: a connection opened ahead and not needed.
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                },
                opening => return Some(opening),
            }
        }
    });
    let judged = match opening.await {
        Ok(None) => return,
        Ok(Some(opening)) => hello::judge(&opening, target),
        Err(_) => Err((Rule::Protocol, "nothing was sent through the tunnel in time")),
    };
    if let Err((rule, message)) = judged {
        lane.ledger.deny(target.to_string(), None, rule, message.into());
        return;
    }
    if server.write_all(&first).await.is_ok() {
        splice(browser, server).await;
    }
}

/// Copies until both ends are done, one breaks, a limit is reached or the lane closes.
pub async fn splice<A, B>(mut browser: A, mut server: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    // How a tunnel ends is the business of the two ends; what it carried is logged when the stream is dropped.
    if let Err(error) = tokio::io::copy_bidirectional(&mut browser, &mut server).await {
        tracing::trace!(%error, "tunnel ended");
    }
}

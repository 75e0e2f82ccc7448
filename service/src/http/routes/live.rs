//! The WebSockets of people: one session live, and the feed of all.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use helmwatch_protocol::ViewerMessage;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::sessions;
use crate::auth::Scope;
use crate::http::door::Asking;
use crate::http::socket::{Gone, Socket, SocketLimits, upgrade};
use crate::http::{Edge, Refusal};
use crate::live::{Ending, Feed, NoRoom, Out, Viewer};

/// The longest message of a viewer that is not text to type, bytes.
const MESSAGE_BYTES: usize = 4 << 10;

pub(in crate::http) async fn session(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let session = edge.sessions.find(&caller, &sessions::parse(&id)?).ok_or_else(sessions::unknown)?;
    let viewer = edge.hub.watch(session, caller).map_err(no_room)?;
    upgrade(request, &edge.tasks, "viewer socket", limits(&edge), move |socket| show(socket, viewer))
}

pub(in crate::http) async fn feed(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let feed = edge.hub.feed(edge.listed.clone(), caller).map_err(no_room)?;
    upgrade(request, &edge.tasks, "feed socket", limits(&edge), move |socket| tell(socket, feed))
}

async fn show(mut socket: Socket, mut viewer: Viewer) {
    let ending = loop {
        // Both sides can be dropped at any time, so neither holds up the other.
        let sent = tokio::select! {
            out = viewer.next() => match out {
                Ok(Out::Frame(message)) => socket.binary(message).await,
                Ok(Out::Event(event)) => match serde_json::to_string(&event) {
                    Ok(text) => socket.text(text).await,
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be written");
                        Ok(())
                    }
                },
                Err(ending) => break Some(ending),
            },
            text = socket.receive() => text.map(|text| match serde_json::from_str::<ViewerMessage>(&text) {
                Ok(message) => viewer.take(message),
                Err(error) => viewer.take_unreadable(&error.to_string()),
            }),
        };
        if let Err(gone) = sent {
            tracing::debug!(?gone, "viewer gone");
            break (gone == Gone::Misbehaved).then_some(Ending::TooSlow);
        }
    };
    // The wheel is handed back and the picture stopped before the goodbye, which may take a while.
    drop(viewer);
    if let Some(ending) = ending {
        socket.close(code(&ending), ending.reason()).await;
    }
}

async fn tell(mut socket: Socket, mut feed: Feed) {
    let ending = loop {
        let sent = tokio::select! {
            event = feed.next() => match event {
                Ok(event) => match serde_json::to_string(&event) {
                    Ok(text) => socket.text(text).await,
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be written");
                        Ok(())
                    }
                },
                Err(ending) => break Some(ending),
            },
            // Nothing is expected from this side; reading keeps the socket alive.
            text = socket.receive() => text.map(drop),
        };
        if let Err(gone) = sent {
            tracing::debug!(?gone, "viewer gone");
            break None;
        }
    };
    drop(feed);
    if let Some(ending) = ending {
        socket.close(code(&ending), ending.reason()).await;
    }
}

fn code(ending: &Ending) -> CloseCode {
    match ending {
        Ending::SessionOver(_) => CloseCode::Normal,
        Ending::ServiceEnds => CloseCode::Restart,
        Ending::Stalled | Ending::TooSlow => CloseCode::Again,
    }
}

fn limits(edge: &Edge) -> SocketLimits {
    SocketLimits {
        // JSON may need six bytes for one.
        message_bytes_max: edge.live.input_text_bytes_max * 6 + MESSAGE_BYTES,
        write_max: Duration::from_millis(edge.live.viewer_stall_ms),
        ping: Duration::from_millis(edge.live.ping_ms),
    }
}

fn no_room(error: NoRoom) -> Refusal {
    Refusal::busy(match error {
        NoRoom::Session => "As many people as may look at this session already.",
        NoRoom::Service => "As many viewers as may be are connected already.",
    })
}

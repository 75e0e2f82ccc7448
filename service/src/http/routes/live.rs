//! The WebSockets of people: one session live, and the feed of all.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use helmwatch_protocol::ViewerMessage;
use metrics::counter;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::sessions;
use crate::auth::Scope;
use crate::http::door::{Asking, Guest};
use crate::http::socket::{Gone, Socket, SocketLimits, upgrade};
use crate::http::standing::Standing;
use crate::http::{Edge, Refusal};
use crate::live::{Ending, Feed, NoRoom, Out, SessionScreen, Viewer};
use crate::telemetry::names;

/// The longest message of a viewer that is not text to type, bytes.
const MESSAGE_BYTES: usize = 4 << 10;

/// Events that go out together with one.
const TOGETHER_MAX: usize = 31;

/// What a viewer may ask for in the address already, so that the first frame is the right one; later in messages.
#[derive(Deserialize)]
pub(in crate::http) struct Look {
    /// As in [`ViewerMessage::Quality`]; as much as may be when absent.
    fps: Option<u8>,
    width: Option<u32>,
    /// As in [`ViewerMessage::Watch`].
    page: Option<u16>,
}

pub(in crate::http) async fn session(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    guest: Option<axum::Extension<Guest>>,
    Path(id): Path<String>,
    look: Result<Query<Look>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let Query(look) = look.map_err(|_| {
        Refusal::bad_request(
            "bad_query",
            "The address asks for a picture in a way that is not understood.",
            "Give fps (0 to 255), width (device pixels) and page (a tab's number), or leave them out.",
        )
    })?;
    let session = edge.sessions.get(&caller, &sessions::parse(&id)?).map_err(sessions::unknown)?;
    let standing = Standing::of(&edge, &caller, guest.as_deref());
    let mut viewer = edge.hub.watch(Arc::new(SessionScreen(session)), caller).map_err(no_room)?;
    viewer.take(ViewerMessage::Quality { fps: look.fps.unwrap_or(u8::MAX), width: look.width.unwrap_or(u32::MAX) });
    viewer.take(ViewerMessage::Watch { page: look.page });
    upgrade(request, &edge.tasks, "viewer socket", limits(&edge), move |socket| show(socket, viewer, standing))
}

pub(in crate::http) async fn feed(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::View])?;
    let standing = Standing::of(&edge, &caller, None);
    let feed = edge.hub.feed(edge.sessions.clone(), caller).map_err(no_room)?;
    upgrade(request, &edge.tasks, "feed socket", limits(&edge), move |socket| tell(socket, feed, standing))
}

async fn show(mut socket: Socket, mut viewer: Viewer, mut standing: Standing) {
    let take = |viewer: &mut Viewer, text: &str| match serde_json::from_str::<ViewerMessage>(text) {
        Ok(message) => viewer.take(message),
        Err(error) => viewer.take_unreadable(&error.to_string()),
    };
    let end = loop {
        // Both sides can be dropped at any time, so neither holds up the other. What was heard goes first: input ahead of frames.
        let sent = tokio::select! {
            biased;
            // Before all else: nothing of who is no longer let in is taken.
            ending = standing.over() => break End::Over(ending),
            text = socket.receive() => text.map(|text| take(&mut viewer, &text)),
            out = viewer.next() => match out {
                Ok(Out::Frame(message)) => socket.binary(message, |text| take(&mut viewer, &text)).await,
                Ok(Out::Event(event)) => {
                    let more = std::iter::from_fn(|| viewer.more()).take(TOGETHER_MAX);
                    let texts = std::iter::once(event).chain(more).filter_map(|told| told.text()).collect();
                    socket.texts(texts, |text| take(&mut viewer, &text)).await
                }
                Err(ending) => break End::Over(ending),
            },
        };
        if let Err(gone) = sent {
            break End::Gone(gone);
        }
    };
    // The wheel is handed back and the picture stopped before the goodbye, which may take a while.
    drop(viewer);
    end.say(socket).await;
}

/// How a socket came to its end.
enum End {
    Over(Ending),
    Gone(Gone),
}

impl End {
    async fn say(self, socket: Socket) {
        match self {
            Self::Over(ending) => socket.close(code(&ending), ending.reason()).await,
            Self::Gone(gone) => {
                tracing::debug!(?gone, "viewer gone");
                if gone != Gone::Left {
                    counter!(names::LIVE_VIEWERS_CLOSED, "reason" => gone.word()).increment(1);
                }
                if let Some((code, reason)) = gone.goodbye() {
                    socket.close(code, reason).await;
                }
            }
        }
    }
}

async fn tell(mut socket: Socket, mut feed: Feed, mut standing: Standing) {
    let end = loop {
        let sent = tokio::select! {
            event = feed.next() => match event {
                Ok(event) => match serde_json::to_string(&event) {
                    Ok(text) => socket.text(text, drop).await,
                    Err(error) => {
                        tracing::error!(%error, "an event cannot be written");
                        Ok(())
                    }
                },
                Err(ending) => break End::Over(ending),
            },
            // Nothing is expected from this side; reading keeps the socket alive.
            text = socket.receive() => text.map(drop),
            ending = standing.over() => break End::Over(ending),
        };
        if let Err(gone) = sent {
            break End::Gone(gone);
        }
    };
    drop(feed);
    end.say(socket).await;
}

fn code(ending: &Ending) -> CloseCode {
    match ending {
        Ending::SessionOver(_) => CloseCode::Normal,
        Ending::KeyGone | Ending::LinkOver(_) => CloseCode::Policy,
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
        messages_per_second_max: edge.live.messages_per_second_max,
    }
}

fn no_room(error: NoRoom) -> Refusal {
    Refusal::busy(match error {
        NoRoom::Session => "As many people as may look at this session already.",
        NoRoom::Service => "As many viewers as may be are connected already.",
    })
}

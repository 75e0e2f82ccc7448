//! WebSockets: the handshake, and a socket on which nothing waits for ever.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::door::{LINK_PROTOCOL, protocols};
use super::refusal::Refusal;
use super::server::Place;
use crate::live::InputMeter;
use crate::telemetry::Tasks;

/// Limits of one socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketLimits {
    /// Longest message taken from a viewer, bytes.
    pub(super) message_bytes_max: usize,
    /// How long one message may take to leave.
    pub(super) write_max: Duration,
    /// Time between two pings; a socket silent for two of these is gone.
    pub(super) ping: Duration,
    /// Messages of any kind, pings too, taken in a second.
    pub(super) messages_per_second_max: u32,
}

/// Why a socket is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The other side closed it or went away.
    Left,
    /// It took too long to take a message, or answered no ping.
    Stalled,
    /// It sent what it may not.
    Misbehaved(Misdeed),
    /// It sent more messages than anybody needs to.
    Flooded,
}

/// What a viewer may not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misdeed {
    /// Frames that RFC 6455 does not allow.
    Protocol,
    /// A text that is no UTF-8.
    NotUtf8,
    /// A message longer than any person's.
    TooLong,
    /// Bytes, where only texts are taken.
    Binary,
}

impl Gone {
    /// For the metrics.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Stalled => "stalled",
            Self::Misbehaved(_) => "misbehaved",
            Self::Flooded => "flooded",
        }
    }

    /// How such a socket is closed; `None` when nobody is there to hear it.
    pub(super) const fn goodbye(self) -> Option<(CloseCode, &'static str)> {
        match self {
            Self::Left | Self::Stalled => None,
            Self::Misbehaved(Misdeed::Protocol) => Some((CloseCode::Protocol, "that is no frame of RFC 6455")),
            Self::Misbehaved(Misdeed::NotUtf8) => Some((CloseCode::Invalid, "a text that is no UTF-8")),
            Self::Misbehaved(Misdeed::TooLong) => Some((CloseCode::Size, "the message is too long")),
            Self::Misbehaved(Misdeed::Binary) => Some((CloseCode::Policy, "only text messages are taken here")),
            Self::Flooded => Some((CloseCode::Policy, "too many messages at once")),
        }
    }
}

/// Answers the handshake (RFC 6455, section 4.2.2) and hands the socket to `run`, in a task of `tasks`.
pub(super) fn upgrade<F>(
    mut request: Request,
    tasks: &Tasks,
    name: &'static str,
    limits: SocketLimits,
    run: impl FnOnce(Socket) -> F + Send + 'static,
) -> Result<Response, Refusal>
where
    F: Future<Output = ()> + Send + 'static,
{
    let key = handshake_key(&request)?;
    // A browser that offers protocols takes no answer without one of them; the one with the secret is never repeated.
    let by_link = protocols(request.headers()).any(|offered| offered == LINK_PROTOCOL);
    let place = request.extensions().get::<Place>().cloned();
    let upgraded = hyper::upgrade::on(&mut request);
    tasks.spawn(name, async move {
        let _place = place;
        match tokio::time::timeout(limits.write_max, upgraded).await {
            Ok(Ok(upgraded)) => run(Socket::new(upgraded, limits).await).await,
            Ok(Err(error)) => tracing::debug!(%error, "websocket not opened"),
            Err(_) => tracing::debug!("websocket not opened in time"),
        }
    });
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refusal::internal())?;
    let headers = [
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
    if by_link {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(LINK_PROTOCOL));
    }
    Ok(response)
}

fn handshake_key(request: &Request) -> Result<HeaderValue, Refusal> {
    let headers = request.headers();
    let wants =
        request.method() == Method::GET && has(headers, &UPGRADE, "websocket") && has(headers, &CONNECTION, "upgrade");
    if !wants {
        return Err(Refusal::new(
            StatusCode::UPGRADE_REQUIRED,
            "not_a_websocket",
            "This address speaks WebSocket only.",
            "Connect with a WebSocket client (ws:// or wss://).",
        ));
    }
    let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    match headers.get(SEC_WEBSOCKET_KEY) {
        Some(key) if version && key.len() == 24 => Ok(key.clone()),
        _ => Err(Refusal::bad_request(
            "bad_handshake",
            "The WebSocket handshake is not of version 13 or has no key.",
            "Use a client that follows RFC 6455.",
        )),
    }
}

fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(word))
}

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// One open WebSocket. Used by one task: [`Socket::receive`] can be dropped at any time, the sending methods end by themselves.
pub(super) struct Socket {
    writer: SplitSink<Stream, Message>,
    ear: Ear,
    limits: SocketLimits,
    ping: Interval,
}

/// The side that listens, apart from the one that speaks: what a person presses is heard also while a frame is on its way out.
struct Ear {
    reader: SplitStream<Stream>,
    meter: InputMeter,
    heard_at: Instant,
}

impl Ear {
    /// The next text message. Can be dropped at any time.
    async fn text(&mut self) -> Result<Utf8Bytes, Gone> {
        loop {
            let message = self.reader.next().await;
            self.heard_at = Instant::now();
            if self.meter.take(self.heard_at).is_err() {
                return Err(Gone::Flooded);
            }
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text),
                // Pings are answered by the stream itself, at the next flush.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(Gone::Misbehaved(Misdeed::Binary)),
                Some(Ok(Message::Close(_))) | None => return Err(Gone::Left),
                Some(Err(error)) => return Err(gone(&error)),
            }
        }
    }
}

impl Socket {
    async fn new(upgraded: Upgraded, limits: SocketLimits) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits.message_bytes_max))
            .max_frame_size(Some(limits.message_bytes_max))
            .read_buffer_size(8 << 10)
            // Events that go out together are written together; a frame is longer and goes out at once.
            .write_buffer_size(4 << 10);
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let now = Instant::now();
        let mut ping = tokio::time::interval_at(now + limits.ping, limits.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (writer, reader) = stream.split();
        let ear = Ear { reader, meter: InputMeter::new(limits.messages_per_second_max, now), heard_at: now };
        Self { writer, ear, limits, ping }
    }

    /// The next text message. Keeps the socket alive meanwhile: call it all the time.
    pub(super) async fn receive(&mut self) -> Result<Utf8Bytes, Gone> {
        loop {
            tokio::select! {
                text = self.ear.text() => return text,
                _ = self.ping.tick() => {
                    if self.ear.heard_at.elapsed() >= self.limits.ping * 2 {
                        return Err(Gone::Stalled);
                    }
                    self.send([Message::Ping(Bytes::new())], drop).await?;
                }
            }
        }
    }

    /// Sends a text; what is heard meanwhile goes to `heard` at once.
    pub(super) async fn text(&mut self, text: String, heard: impl FnMut(Utf8Bytes)) -> Result<(), Gone> {
        self.send([Message::text(text)], heard).await
    }

    /// Sends texts that were written already, in one go, likewise.
    pub(super) async fn texts(&mut self, texts: Vec<Bytes>, heard: impl FnMut(Utf8Bytes)) -> Result<(), Gone> {
        // JSON as serde writes it is UTF-8; anything else is left out.
        let messages = texts.into_iter().filter_map(|text| Utf8Bytes::try_from(text).ok()).map(Message::Text);
        self.send(messages, heard).await
    }

    /// Sends bytes, likewise.
    pub(super) async fn binary(&mut self, bytes: Bytes, heard: impl FnMut(Utf8Bytes)) -> Result<(), Gone> {
        self.send([Message::Binary(bytes)], heard).await
    }

    async fn send(
        &mut self,
        messages: impl IntoIterator<Item = Message>,
        mut heard: impl FnMut(Utf8Bytes),
    ) -> Result<(), Gone> {
        let (writer, ear) = (&mut self.writer, &mut self.ear);
        let all = async {
            for message in messages {
                writer.feed(message).await?;
            }
            writer.flush().await
        };
        let mut sending = pin!(tokio::time::timeout(self.limits.write_max, all));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return match sent {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(gone(&error)),
                    Err(_) => Err(Gone::Stalled),
                },
                text = ear.text() => heard(text?),
            }
        }
    }

    /// Says goodbye, with a reason of at most 123 bytes, and waits a little for the other side's.
    pub(super) async fn close(mut self, code: CloseCode, reason: &str) {
        let mut end = reason.len().min(123);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let frame = CloseFrame { code, reason: reason[..end].to_owned().into() };
        let goodbye = async {
            if self.writer.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.ear.reader.next().await {}
            }
        };
        // A socket that does not answer is simply dropped.
        let _late = tokio::time::timeout(self.limits.write_max.min(Duration::from_secs(2)), goodbye).await;
    }
}

fn gone(error: &tokio_tungstenite::tungstenite::Error) -> Gone {
    use tokio_tungstenite::tungstenite::Error;
    let misdeed = match error {
        Error::Protocol(_) => Misdeed::Protocol,
        Error::Utf8(_) => Misdeed::NotUtf8,
        Error::Capacity(_) => Misdeed::TooLong,
        _ => return Gone::Left,
    };
    tracing::debug!(%error, "viewer sent what it may not");
    Gone::Misbehaved(misdeed)
}

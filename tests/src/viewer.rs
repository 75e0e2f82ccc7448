//! A viewer's socket without a viewer: frames and events in, acknowledgements out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use helmwatch_protocol::{FRAME_HEADER_BYTES, FrameHeader, LiveEvent, ViewerMessage};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::{Fault, Outcome};

/// Longest wait for the next message where a test expects one.
const NEXT_WITHIN: Duration = Duration::from_secs(15);

/// What came.
#[derive(Debug, Clone)]
pub enum Live {
    /// A picture of the page.
    Frame(FrameHeader, Bytes),
    /// Anything else.
    Event(Box<LiveEvent>),
}

/// One live socket.
pub struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Code and reason, once the service has closed it.
    closed: Option<(u16, String)>,
}

/// Microseconds since the Unix epoch, as frames are stamped.
#[must_use]
pub fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

impl Viewer {
    /// Opens a socket of the service at `base` (`http://…`), as in `/v1/sessions/s_…/live`.
    ///
    /// # Errors
    /// The refusal's status, or that no answer came.
    pub async fn connect(base: &str, path: &str, key: Option<&str>) -> Result<Self, tungstenite::Error> {
        let value = key.map(|key| format!("Bearer {key}"));
        Self::connect_with(base, path, value.iter().map(|value| ("authorization", value.as_str()))).await
    }

    /// The same with any headers, as a browser would send them.
    ///
    /// # Errors
    /// As [`Viewer::connect`].
    pub async fn connect_with(
        base: &str,
        path: &str,
        headers: impl IntoIterator<Item = (&'static str, &str)>,
    ) -> Result<Self, tungstenite::Error> {
        let url = format!("{}{path}", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            let value = value.parse().map_err(|_| tungstenite::Error::Utf8(format!("{name} is no header")))?;
            request.headers_mut().insert(name, value);
        }
        // As browsers do: what is typed does not wait for the answer to an acknowledgement.
        let (socket, _) = connect_async_with_config(request, None, true).await?;
        Ok(Self { socket, closed: None })
    }

    /// Reads on until the service closes the socket: code and reason. Frames on the way are acknowledged.
    ///
    /// # Errors
    /// As [`Viewer::next`], and when it closed without a word.
    pub async fn ended(&mut self) -> Outcome<(u16, String)> {
        while let Some(live) = self.next().await? {
            if let Live::Frame(header, _) = live {
                // Too late when it is closing already.
                self.send(&ViewerMessage::Ack { seq: header.sequence }).await.ok();
            }
        }
        self.closed.take().ok_or_else(|| Fault::of("the live socket", "closed without a word"))
    }

    /// The next message, or `None` when the socket is closed.
    ///
    /// # Errors
    /// When a message is not of the protocol, or none came in time.
    pub async fn next(&mut self) -> Outcome<Option<Live>> {
        let waiting = async {
            loop {
                let Some(message) = self.socket.next().await else { return Ok(None) };
                match message.map_err(|error| Fault::of("the live socket", error))? {
                    Message::Binary(bytes) => {
                        let (header, _) = FrameHeader::decode(&bytes).map_err(|error| Fault::of("a frame", error))?;
                        return Ok(Some(Live::Frame(header, bytes.slice(FRAME_HEADER_BYTES..))));
                    }
                    Message::Text(text) => {
                        let event = serde_json::from_str(text.as_str())
                            .map_err(|error| Fault::of("an event", format!("{error}: {text}")))?;
                        return Ok(Some(Live::Event(Box::new(event))));
                    }
                    Message::Close(frame) => {
                        self.closed = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                        return Ok(None);
                    }
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                }
            }
        };
        tokio::time::timeout(NEXT_WITHIN, waiting).await.map_err(|_| Fault::of("the live socket", "silent"))?
    }

    /// The next frame, acknowledged.
    ///
    /// # Errors
    /// As [`Viewer::next`], and when the socket closed.
    pub async fn frame(&mut self) -> Outcome<(FrameHeader, Bytes)> {
        loop {
            match self.next().await? {
                Some(Live::Frame(header, picture)) => {
                    self.send(&ViewerMessage::Ack { seq: header.sequence }).await?;
                    return Ok((header, picture));
                }
                Some(Live::Event(_)) => {}
                None => return Err(Fault::of("the live socket", "closed")),
            }
        }
    }

    /// Acknowledges the next frame and looks at nothing else: the least a viewer does. `false` when the socket is closed.
    ///
    /// # Errors
    /// When it broke.
    pub async fn acknowledge_next(&mut self) -> Outcome<bool> {
        loop {
            let Some(message) = self.socket.next().await else { return Ok(false) };
            if let Message::Binary(bytes) = message.map_err(|error| Fault::of("the live socket", error))? {
                let (header, _) = FrameHeader::decode(&bytes).map_err(|error| Fault::of("a frame", error))?;
                self.send(&ViewerMessage::Ack { seq: header.sequence }).await?;
                return Ok(true);
            }
        }
    }

    /// The next event that `wanted` takes; frames on the way are acknowledged.
    ///
    /// # Errors
    /// As [`Viewer::next`], and when the socket closed.
    pub async fn event(&mut self, wanted: impl Fn(&LiveEvent) -> bool) -> Outcome<LiveEvent> {
        loop {
            match self.next().await? {
                Some(Live::Frame(header, _)) => self.send(&ViewerMessage::Ack { seq: header.sequence }).await?,
                Some(Live::Event(event)) if wanted(&event) => return Ok(*event),
                Some(Live::Event(_)) => {}
                None => return Err(Fault::of("the live socket", "closed")),
            }
        }
    }

    /// The reason it is closed for, as code and words; whatever comes before is let by.
    ///
    /// # Errors
    /// When it is not closed in time, or without a goodbye.
    pub async fn goodbye(&mut self) -> Outcome<(u16, String)> {
        let closing = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return Ok((u16::from(frame.code), frame.reason.as_str().to_owned()));
                    }
                    Some(Ok(_)) => {}
                    other => return Err(Fault::of("the live socket", format!("no goodbye, but {other:?}"))),
                }
            }
        };
        tokio::time::timeout(NEXT_WITHIN, closing).await.map_err(|_| Fault::of("the live socket", "not closed"))?
    }

    /// Sends any message at all.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send_raw(&mut self, message: Message) -> Outcome<()> {
        self.socket.send(message).await.map_err(|error| Fault::of("the live socket", error))
    }

    /// Tells the service something.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send(&mut self, message: &ViewerMessage) -> Outcome<()> {
        let text = serde_json::to_string(message).map_err(|error| Fault::of("a message", error))?;
        self.socket.send(Message::text(text)).await.map_err(|error| Fault::of("the live socket", error))
    }
}

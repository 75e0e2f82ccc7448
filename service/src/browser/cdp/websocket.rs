//! A browser elsewhere: `ws://host:port/devtools/browser/…`.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::transport::{MESSAGE_BYTES_MAX, MessageReader, MessageWriter, Transport};

/// Opens the browser endpoint.
///
/// # Errors
/// When the address does not answer as a WebSocket.
pub async fn connect(url: &str) -> io::Result<WebSocketTransport> {
    let limits =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    let (stream, _) =
        tokio_tungstenite::connect_async_with_config(url, Some(limits), true).await.map_err(io::Error::other)?;
    Ok(WebSocketTransport { stream })
}

/// The open socket.
pub struct WebSocketTransport {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Transport for WebSocketTransport {
    type Reader = WebSocketReader;
    type Writer = WebSocketWriter;

    fn split(self) -> (WebSocketReader, WebSocketWriter) {
        let (writer, reader) = self.stream.split();
        (WebSocketReader { reader }, WebSocketWriter { writer })
    }
}

/// Reads text messages.
pub struct WebSocketReader {
    reader: stream::SplitStream<WebSocketStream<MaybeTlsStream<TcpStream>>>,
}

impl MessageReader for WebSocketReader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(message) = self.reader.next().await {
            match message.map_err(io::Error::other)? {
                Message::Text(text) => return Ok(Some(text.into())),
                Message::Close(_) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}

/// Writes text messages.
pub struct WebSocketWriter {
    writer: stream::SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
}

impl MessageWriter for WebSocketWriter {
    async fn send(&mut self, message: Bytes) -> io::Result<()> {
        let text = Utf8Bytes::try_from(message).map_err(io::Error::other)?;
        self.writer.send(Message::Text(text)).await.map_err(io::Error::other)
    }
}

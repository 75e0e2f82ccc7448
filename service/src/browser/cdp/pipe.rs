//! `--remote-debugging-pipe`: messages ended by a zero byte, on file descriptors 3 (to Chromium) and 4 (from it).
//!
//! No debugging port is open at all, and the pipe's end takes Chromium with it when this process dies.

use std::io;
use std::os::fd::OwnedFd;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

use super::transport::{MESSAGE_BYTES_MAX, MessageReader, MessageWriter, Transport};

/// How much is asked of the pipe at once; Linux pipes hold 64 KiB.
const READ_BYTES: usize = 64 << 10;

/// A buffer that grew beyond this for one large message is given back afterwards.
const IDLE_BUFFER_BYTES: usize = 256 << 10;

/// Our ends of the two pipes.
pub struct PipeTransport {
    reader: PipeReader,
    writer: PipeWriter,
}

impl PipeTransport {
    /// Takes our two ends: `to_browser` for writing, `from_browser` for reading.
    ///
    /// # Errors
    /// When the descriptors are no pipes or the runtime cannot register them.
    pub fn new(to_browser: OwnedFd, from_browser: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            reader: PipeReader {
                pipe: pipe::Receiver::from_owned_fd(from_browser)?,
                buffer: BytesMut::new(),
                scanned: 0,
                skipping: false,
            },
            writer: PipeWriter { pipe: pipe::Sender::from_owned_fd(to_browser)? },
        })
    }
}

impl Transport for PipeTransport {
    type Reader = PipeReader;
    type Writer = PipeWriter;

    fn split(self) -> (PipeReader, PipeWriter) {
        (self.reader, self.writer)
    }
}

/// Cuts the byte stream at its zero bytes.
pub struct PipeReader {
    pipe: pipe::Receiver,
    buffer: BytesMut,
    /// Bytes of `buffer` already searched for a zero byte.
    scanned: usize,
    /// In the middle of a message that is too large: drop bytes up to the next zero byte.
    skipping: bool,
}

impl PipeReader {
    /// The next whole message in the buffer, if there is one.
    fn cut(&mut self) -> Option<Bytes> {
        loop {
            let Some(end) = memchr::memchr(0, &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                if self.scanned > MESSAGE_BYTES_MAX {
                    tracing::warn!(limit = MESSAGE_BYTES_MAX, "cdp message too large, dropped");
                    self.skipping = true;
                }
                if self.skipping {
                    self.buffer.clear();
                    self.scanned = 0;
                }
                return None;
            };
            let message = self.buffer.split_to(self.scanned + end).freeze();
            self.buffer.advance(1);
            self.scanned = 0;
            if !std::mem::take(&mut self.skipping) {
                return Some(message);
            }
        }
    }
}

impl MessageReader for PipeReader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(message) = self.cut() {
                return Ok(Some(message));
            }
            if self.buffer.is_empty() && self.buffer.capacity() > IDLE_BUFFER_BYTES {
                self.buffer = BytesMut::new();
            }
            self.buffer.reserve(READ_BYTES);
            if self.pipe.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Writes messages, each with its zero byte.
pub struct PipeWriter {
    pipe: pipe::Sender,
}

impl MessageWriter for PipeWriter {
    async fn send(&mut self, message: Bytes) -> io::Result<()> {
        let mut ended = message.chain(&b"\0"[..]);
        self.pipe.write_all_buf(&mut ended).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> (pipe::Sender, PipeReader) {
        let (sender, receiver) = pipe::pipe().expect("a pipe");
        (sender, PipeReader { pipe: receiver, buffer: BytesMut::new(), scanned: 0, skipping: false })
    }

    #[tokio::test]
    async fn messages_come_whole_however_they_were_cut() {
        let (mut sender, mut reader) = reader();
        sender.write_all(b"{\"id\":1}\0{\"id").await.expect("written");
        assert_eq!(reader.next().await.expect("read").as_deref(), Some(&b"{\"id\":1}"[..]));
        sender.write_all(b"\":2}\0").await.expect("written");
        drop(sender);
        assert_eq!(reader.next().await.expect("read").as_deref(), Some(&b"{\"id\":2}"[..]));
        assert_eq!(reader.next().await.expect("read"), None);
    }

    #[tokio::test]
    async fn a_message_too_large_is_dropped_and_the_next_one_arrives() {
        let (mut sender, mut reader) = reader();
        let write = async {
            let chunk = vec![b'x'; 1 << 20];
            for _ in 0..=(MESSAGE_BYTES_MAX >> 20) {
                sender.write_all(&chunk).await.expect("written");
            }
            sender.write_all(b"\0{}\0").await.expect("written");
        };
        let (read, ()) = tokio::join!(reader.next(), write);
        assert_eq!(read.expect("read").as_deref(), Some(&b"{}"[..]));
    }
}

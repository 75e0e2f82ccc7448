//! What a connection needs of a wire.

use std::future::Future;
use std::io;

use bytes::Bytes;

/// Largest message taken from a browser. A larger one (a page's doing) is dropped and logged; the connection lives.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// A wire that carries whole JSON messages both ways.
pub trait Transport: Send + 'static {
    /// The reading half.
    type Reader: MessageReader;
    /// The writing half.
    type Writer: MessageWriter;

    /// Splits the wire; each half goes to its own task.
    fn split(self) -> (Self::Reader, Self::Writer);
}

/// Reads messages.
pub trait MessageReader: Send + 'static {
    /// The next message; `None` when the other side ended. Messages beyond [`MESSAGE_BYTES_MAX`] are skipped.
    ///
    /// # Errors
    /// Whatever the wire says; the connection is over then.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// Writes messages.
pub trait MessageWriter: Send + 'static {
    /// Sends one message, whole.
    ///
    /// # Errors
    /// Whatever the wire says; the connection is over then.
    fn send(&mut self, message: Bytes) -> impl Future<Output = io::Result<()>> + Send;
}

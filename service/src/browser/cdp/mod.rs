//! The Chrome DevTools Protocol, as thinly as it can be spoken.
//!
//! One [`Connection`] to a browser over a pipe (browsers we start) or a WebSocket (browsers elsewhere); flat sessions on
//! it ([`CdpSession`]); typed commands and events from `chromiumoxide::cdp`. A message is split by reading only `id`, `method` and
//! `sessionId`; the rest is decoded where it is wanted. Every command has a deadline, and everything waiting fails at
//! once with a reason when the browser, the target or the renderer goes.
//!
//! Events are applied to their owner's state by the reading task itself ([`EventSink`]): nothing queues, so nothing can overflow. A
//! sink must therefore never block or wait.

mod connection;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzz;
mod message;
mod pipe;
mod session;
mod transport;
mod websocket;

pub use connection::{Connection, EventSink};
pub use message::Event;
pub use pipe::PipeTransport;
pub use session::CdpSession;
pub use transport::{MESSAGE_BYTES_MAX, Transport};
#[cfg(test)]
pub use transport::{MessageReader, MessageWriter};
pub use websocket::connect as connect_websocket;

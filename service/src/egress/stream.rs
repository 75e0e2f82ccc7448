//! A connection that counts what it carries and ends when it carries nothing.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::telemetry::names;

use super::ledger::Ledger;
use super::rule::Rule;

/// A stream that fails with `TimedOut` once nothing went either way for `idle`, and, on the side of the server, counts
/// against its lane. Dropping it writes the one log line of an allowed decision.
pub struct Guarded {
    stream: TcpStream,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
    meter: Option<Meter>,
}

struct Meter {
    ledger: Arc<Ledger>,
    target: String,
    address: IpAddr,
    down: u64,
    up: u64,
}

impl Guarded {
    /// The browser's side: bounded in time only.
    pub fn browser_side(stream: TcpStream, idle: Duration) -> Self {
        Self { stream, idle, deadline: Box::pin(sleep(idle)), meter: None }
    }

    /// The server's side: every byte counts.
    pub(super) fn server_side(
        stream: TcpStream,
        idle: Duration,
        ledger: Arc<Ledger>,
        target: String,
        address: IpAddr,
    ) -> Self {
        let meter = Some(Meter { ledger, target, address, down: 0, up: 0 });
        Self { stream, idle, deadline: Box::pin(sleep(idle)), meter }
    }

    fn moved(&mut self) {
        let next = Instant::now() + self.idle;
        self.deadline.as_mut().reset(next);
    }

    /// Pending, unless the time is up.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.deadline.as_mut().poll(cx).map(|()| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.wait(cx),
            Poll::Ready(Ok(())) => {
                let bytes = buf.filled().len() - before;
                self.moved();
                if let Some(meter) = &mut self.meter {
                    if !meter.ledger.take_down(bytes) {
                        let rule = Rule::BytesDown;
                        meter.ledger.spent(rule, &meter.target);
                        buf.set_filled(before);
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, rule.as_str())));
                    }
                    meter.down += bytes as u64;
                }
                Poll::Ready(Ok(()))
            }
            failed => failed,
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut buf = buf;
        if let Some(meter) = &self.meter {
            // Nothing beyond the limit leaves, not even the rest of a buffer.
            let left = usize::try_from(meter.ledger.up_left()).unwrap_or(usize::MAX);
            if left == 0 && !buf.is_empty() {
                meter.ledger.spent(Rule::BytesUp, &meter.target);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, Rule::BytesUp.as_str())));
            }
            buf = &buf[..buf.len().min(left)];
        }
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.wait(cx),
            Poll::Ready(Ok(bytes)) => {
                self.moved();
                if let Some(meter) = &mut self.meter {
                    meter.up += bytes as u64;
                    meter.ledger.take_up(bytes);
                }
                Poll::Ready(Ok(bytes))
            }
            failed => failed,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let (session, target, address) = (self.ledger.session(), self.target.as_str(), self.address);
        tracing::debug!(session, verdict = "allowed", target, %address, down = self.down, up = self.up, "egress");
        metrics::counter!(names::EGRESS_BYTES, "direction" => "down").increment(self.down);
        metrics::counter!(names::EGRESS_BYTES, "direction" => "up").increment(self.up);
    }
}

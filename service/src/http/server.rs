//! The listening side: connections with a cap, deadlines and an end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::gauge;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::config::HttpConfig;
use crate::telemetry::{Tasks, names};

/// Address of the other side, in the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The connection's place under `http.connections_max`. A WebSocket keeps it when the HTTP side has let go.
#[derive(Clone)]
pub(super) struct Place(#[expect(dead_code, reason = "held, and given back when dropped")] Arc<OwnedSemaphorePermit>);

/// Longest that a client which went without a word (its machine lost power, its network is gone) is taken to be there: what it was sent
/// is not acknowledged for this long, or it answers none of the kernel's questions in this time.
const SILENT_MAX: Duration = Duration::from_secs(15);
/// Those questions: the first after so many seconds without a word, then as often, and how many may go unanswered.
const ASK_EVERY_S: u32 = 5;
const UNANSWERED_MAX: u32 = 2;

/// How long to wait after the system has no descriptor left, before accepting again.
const BREATH: Duration = Duration::from_millis(100);

/// Takes the address.
///
/// # Errors
/// Two lines, what and how: the port is taken, or the address is not this machine's.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        let how = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program listens there: end it, or choose a port with --listen (port 0 takes a free one)."
            }
            io::ErrorKind::PermissionDenied => "Choose a port from 1024 up with --listen.",
            _ => "Choose an address of this machine with --listen, as in 127.0.0.1:7800.",
        };
        format!("cannot listen at {address}: {error}\n{how}")
    })
}

/// Serves `router` until `tasks` ends; then no connection is taken, answers under way are finished, and idle connections close.
pub fn start(listener: TcpListener, router: Router, config: &HttpConfig, tasks: &Tasks) {
    let places = Arc::new(Semaphore::new(config.connections_max));
    let limits = Limits {
        header_bytes_max: config.header_bytes_max,
        header_max: Duration::from_millis(config.header_ms_max),
        idle_max: Duration::from_millis(config.idle_ms_max),
    };
    let connections = tasks.clone();
    tasks.spawn("http accept", async move {
        loop {
            // First the place, then the connection: whoever finds no place waits in the kernel's queue and costs nothing.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = taken(|| listener.accept()).await;
            let router = router.clone();
            connections.spawn_with("http connection", move |end| serve(stream, peer, router, limits, place, end));
        }
    });
}

/// The next connection, however often none can be taken before it.
async fn taken<T, F: Future<Output = io::Result<T>>>(accept: impl Fn() -> F) -> T {
    // Said once and not ten times a second, until a connection is taken again.
    let mut short = false;
    loop {
        match accept().await {
            Ok(taken) => return taken,
            // A connection that was gone before it was taken is nobody's fault; anything else is most likely the limit of
            // descriptors, which passes when others close.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !short {
                    tracing::error!(%error, "cannot take connections; raise the limit of open files (ulimit -n)");
                    short = true;
                }
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    header_bytes_max: usize,
    header_max: Duration,
    idle_max: Duration,
}

/// Has the kernel end a connection whose other side is not there any more: a call that waits sends nothing by which that would be noticed.
fn notice_silence(stream: &TcpStream) -> nix::Result<()> {
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    setsockopt(stream, sockopt::TcpKeepIdle, &ASK_EVERY_S)?;
    setsockopt(stream, sockopt::TcpKeepInterval, &ASK_EVERY_S)?;
    setsockopt(stream, sockopt::TcpKeepCount, &UNANSWERED_MAX)?;
    let milliseconds = u32::try_from(SILENT_MAX.as_millis()).unwrap_or(u32::MAX);
    setsockopt(stream, sockopt::TcpUserTimeout, &milliseconds)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    place: OwnedSemaphorePermit,
    end: CancellationToken,
) {
    // Frames and events are small and late ones are worth nothing. It fails only on a socket already gone.
    let _gone = stream.set_nodelay(true);
    if let Err(error) = notice_silence(&stream) {
        tracing::debug!(%peer, %error, "a client that goes without a word will be noticed late");
    }
    let open = gauge!(names::HTTP_CONNECTIONS);
    open.increment(1.0);
    let place = Place(Arc::new(place));
    let begun = CancellationToken::new();
    let first = begun.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        first.cancel();
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Hyper counts idle time and head time as one: this is the longer; the first head has its own, shorter one below.
        .header_read_timeout(limits.idle_max)
        .max_buf_size(limits.header_bytes_max)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut slow = pin!(async {
        if tokio::time::timeout(limits.header_max, begun.cancelled()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    });
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = &mut slow => Ok(()),
        () = end.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended early");
    }
    open.decrement(1.0);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use nix::sys::socket::getsockopt;
    use tokio::time::Instant;

    use super::*;

    /// F34: without descriptors it asks again ten times a second, and does not spin.
    #[tokio::test(start_paused = true)]
    async fn while_none_can_be_taken_it_asks_again_now_and_then() {
        let (asked, began) = (Cell::new(0_u32), Instant::now());
        let taken = taken(|| async {
            asked.set(asked.get() + 1);
            match asked.get() {
                1 => Err(io::ErrorKind::ConnectionAborted.into()),
                2..=51 => Err(io::Error::from_raw_os_error(nix::libc::EMFILE)),
                _ => Ok(began.elapsed()),
            }
        });
        assert_eq!((taken.await, asked.get()), (BREATH * 50, 52));
    }

    /// F25: the kernel asks a silent client whether it is there, and ends the connection within fifteen seconds.
    #[tokio::test]
    async fn a_client_that_went_without_a_word_is_noticed_within_fifteen_seconds() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (stream, _)) = (client.expect("connected"), accepted.expect("accepted"));
        notice_silence(&stream).expect("set");
        assert!(getsockopt(&stream, sockopt::KeepAlive).expect("read"));
        let idle = getsockopt(&stream, sockopt::TcpKeepIdle).expect("read");
        let interval = getsockopt(&stream, sockopt::TcpKeepInterval).expect("read");
        let count = getsockopt(&stream, sockopt::TcpKeepCount).expect("read");
        assert!(idle + interval * count <= 15, "{idle} + {interval} × {count} s");
        assert_eq!(getsockopt(&stream, sockopt::TcpUserTimeout).expect("read"), 15_000);
        // Viewers are asked by us as well: three pings at most.
        assert!(crate::config::LiveConfig::default().ping_ms * 3 <= 15_000);
    }
}

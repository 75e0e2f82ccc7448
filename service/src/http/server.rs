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
        // Said once and not ten times a second, until a connection is taken again.
        let mut short = false;
        loop {
            // First the place, then the connection: whoever finds no place waits in the kernel's queue and costs nothing.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    short = false;
                    let router = router.clone();
                    connections
                        .spawn_with("http connection", move |end| serve(stream, peer, router, limits, place, end));
                }
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
    });
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    header_bytes_max: usize,
    header_max: Duration,
    idle_max: Duration,
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

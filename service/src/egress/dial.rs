//! Connecting to one of the addresses that were judged, and to nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::rule::Rule;

/// How long one address has before the next is tried beside it (RFC 8305 section 5, connection attempt delay).
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// The first of `addresses` that answers within `within`. The peer of the socket is checked against the address dialled.
pub async fn dial(addresses: &[IpAddr], port: u16, within: Duration) -> Result<(TcpStream, IpAddr), (Rule, io::Error)> {
    timeout(within, race(addresses, port))
        .await
        .unwrap_or_else(|_| Err((Rule::Unreachable, io::Error::from(io::ErrorKind::TimedOut))))
}

async fn race(addresses: &[IpAddr], port: u16) -> Result<(TcpStream, IpAddr), (Rule, io::Error)> {
    let mut waiting = addresses.iter().copied();
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    trying.extend(waiting.next().map(|address| connect(address, port)));
    loop {
        tokio::select! {
            tried = trying.next() => match tried {
                Some(Ok(connected)) => return pinned(connected),
                Some(Err(error)) => {
                    last = error;
                    trying.extend(waiting.next().map(|address| connect(address, port)));
                }
                None => return Err((Rule::Unreachable, last)),
            },
            () = sleep(NEXT_AFTER), if waiting.len() > 0 => {
                trying.extend(waiting.next().map(|address| connect(address, port)));
            }
        }
    }
}

async fn connect(address: IpAddr, port: u16) -> io::Result<(TcpStream, IpAddr)> {
    let stream = TcpStream::connect(SocketAddr::new(address, port)).await?;
    Ok((stream, address))
}

fn pinned((stream, address): (TcpStream, IpAddr)) -> Result<(TcpStream, IpAddr), (Rule, io::Error)> {
    let peer = stream.peer_addr().map_err(|error| (Rule::Unreachable, error))?.ip().to_canonical();
    if peer != address.to_canonical() {
        return Err((Rule::PeerChanged, io::Error::other("the peer is not the address that was judged")));
    }
    // Frames of a WebSocket and small requests should not wait for more to send.
    stream.set_nodelay(true).map_err(|error| (Rule::Unreachable, error))?;
    Ok((stream, address))
}

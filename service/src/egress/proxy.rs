//! One connection from a browser: its requests, one after another, each decided on its own.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::telemetry::names;

use super::decide::{LOCALHOST, Rules, Verdict, decide, is_localhost};
use super::dial::dial;
use super::forward::{Kept, forward};
use super::lane::LaneState;
use super::ledger::SPENT;
use super::refusal::{EGRESS_FIELD, answer};
use super::resolve::ADDRESSES_MAX;
use super::rule::Rule;
use super::stream::Guarded;
use super::target::{Target, TargetError};
use super::tunnel::tunnel;

/// A server's body as it comes, or one of our own.
pub type Body = Either<Incoming, Full<Bytes>>;

/// Why a request does not go out.
pub struct Refused {
    pub target: String,
    pub address: Option<IpAddr>,
    pub rule: Rule,
    pub message: String,
}

impl Refused {
    pub fn new(target: &Target, rule: Rule, message: impl Into<String>) -> Self {
        Self { target: target.to_string(), address: None, rule, message: message.into() }
    }

    pub fn unread(error: TargetError) -> Self {
        let rule = if error == TargetError::Scheme { Rule::Scheme } else { Rule::BadTarget };
        Self { target: "-".into(), address: None, rule, message: error.to_string() }
    }
}

/// Serves `stream` until the browser or the lane closes it.
pub async fn serve(stream: TcpStream, lane: Arc<LaneState>) {
    let settings = &lane.shared.settings;
    let stream = Guarded::browser_side(stream, settings.idle_max);
    // A connection of Chromium to its proxy carries one origin's requests, so one kept server connection is enough.
    let kept: Arc<Mutex<Option<Kept>>> = Arc::default();
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_within)
        .max_header_size(settings.header_bytes_max)
        .preserve_header_case(true);
    let service = service_fn(|request: Request<Incoming>| {
        let (lane, kept) = (Arc::clone(&lane), Arc::clone(&kept));
        async move { Ok::<_, Infallible>(handle(request, &lane, &kept).await) }
    });
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(session = lane.ledger.session(), %error, "egress connection ended");
    }
}

async fn handle(request: Request<Incoming>, lane: &Arc<LaneState>, kept: &Mutex<Option<Kept>>) -> Response<Body> {
    lane.ledger.asked();
    let handled = if request.method() == Method::CONNECT {
        tunnel(request, lane).await
    } else {
        let kept_now = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        match forward(request, lane, kept_now).await {
            Ok((response, to_keep)) => {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = to_keep;
                Ok(response)
            }
            Err(refused) => Err(refused),
        }
    };
    match handled {
        Ok(mut response) => {
            // Only this proxy says so; a server that sends it would blame the proxy.
            response.headers_mut().remove(EGRESS_FIELD);
            response
        }
        Err(Refused { target, address, rule, message }) => {
            answer(&lane.ledger.deny(target, address, rule, message)).map(Either::Right)
        }
    }
}

/// Decides about `target` and connects to it: name, then every address, then one of those addresses.
pub async fn open(target: &Target, lane: &LaneState) -> Result<Guarded, Refused> {
    if lane.ledger.owner.get().is_none() {
        return Err(Refused::new(target, Rule::Unassigned, "this browser context belongs to no session yet"));
    }
    if let Some(rule) = lane.ledger.exhausted() {
        return Err(Refused::new(target, rule, SPENT));
    }
    let rules = lane.shared.rules().map_err(|error| {
        tracing::error!(%error, "cannot read this machine's own addresses; every request is refused");
        Refused::new(target, Rule::OwnAddress, "this machine's own addresses cannot be read")
    })?;
    let addresses = match decide(target, None, &rules) {
        Verdict::Deny { rule, address, message } => {
            return Err(Refused { target: target.to_string(), address, rule, message });
        }
        Verdict::Allow => match target.host {
            super::target::TargetHost::Address(address) => vec![address],
            super::target::TargetHost::Name(_) => resolve(target, lane, &rules).await?,
        },
        Verdict::Resolve => resolve(target, lane, &rules).await?,
    };
    // The same list is judged and dialled: what a name server says later changes nothing.
    match decide(target, Some(&addresses), &rules) {
        Verdict::Allow => {}
        Verdict::Deny { rule, address, message } => {
            return Err(Refused { target: target.to_string(), address, rule, message });
        }
        Verdict::Resolve => return Err(Refused::new(target, Rule::Unresolved, "the name was not resolved")),
    }
    let settings = &lane.shared.settings;
    let connected = dial(&addresses, target.port, settings.connect_within).await;
    let (stream, address) = connected.map_err(|(rule, error)| {
        Refused::new(target, rule, format!("{target} cannot be connected to: {}", plain(&error)))
    })?;
    metrics::counter!(names::EGRESS_DECISIONS, "decision" => "allowed", "rule" => "-").increment(1);
    let idle = settings.idle_max;
    Ok(Guarded::server_side(stream, idle, Arc::clone(&lane.ledger), target.to_string(), address))
}

async fn resolve(target: &Target, lane: &LaneState, rules: &Rules) -> Result<Vec<IpAddr>, Refused> {
    if is_localhost(&target.host) {
        // Its addresses are fixed, so there is nothing to rebind: those that are allowed are enough.
        let allowed =
            LOCALHOST.into_iter().filter(|address| decide(target, Some(&[*address]), rules) == Verdict::Allow);
        let allowed: Vec<IpAddr> = allowed.collect();
        return Ok(if allowed.is_empty() { LOCALHOST.to_vec() } else { allowed });
    }
    let name = target.host.to_string();
    let within = lane.shared.settings.resolve_within;
    let asking = async {
        let share = Arc::clone(&lane.resolving).acquire_owned().await.map_err(io::Error::other)?;
        lane.shared.resolver.resolve(&name, share).await
    };
    match timeout(within, asking).await {
        Ok(Ok(addresses)) if addresses.len() <= ADDRESSES_MAX => Ok(addresses),
        Ok(Ok(_)) => {
            Err(Refused::new(target, Rule::Unresolved, format!("{name} has more addresses than any site needs")))
        }
        Ok(Err(error)) => {
            tracing::debug!(name, %error, "name not resolved");
            Err(Refused::new(target, Rule::Unresolved, format!("{name} cannot be resolved")))
        }
        Err(_) => Err(Refused::new(target, Rule::Unresolved, format!("{name} was not resolved in time"))),
    }
}

/// The kind of an I/O error, without the operating system's number.
fn plain(error: &io::Error) -> String {
    error.kind().to_string()
}

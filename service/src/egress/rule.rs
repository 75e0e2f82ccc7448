//! Why a request did not go out: one name per reason, the same in logs, headers and replies.

use std::fmt;

/// The reason a request was refused or failed. The names are stable: people grep for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The lane belongs to no session yet.
    Unassigned,
    /// The target could not be understood: not an absolute URL, credentials in it, conflicting headers.
    BadTarget,
    /// A scheme other than `http`, `https`, `ws`, `wss`.
    Scheme,
    /// A place the operator has closed (`deny` under `[egress]`).
    DeniedPlace,
    /// A port that is not open, other than 80 and 443 by default.
    Port,
    /// A name that means this machine or the network around it.
    LocalName,
    /// A name at which clouds hand out credentials.
    MetadataName,
    /// Chromium itself calling home, not the page.
    BrowserOwn,
    /// An address that is not global unicast.
    Address,
    /// One of this machine's own addresses, or its gateway.
    OwnAddress,
    /// One of this service's own listeners; no allow rule lifts it.
    OwnService,
    /// What went through a tunnel was neither TLS for the host it was opened to nor a WebSocket handshake.
    Protocol,
    /// TLS for another host than the tunnel was opened to.
    ServerName,
    /// Too many tunnels at once.
    Tunnels,
    /// Too many connections in the whole service.
    Connections,
    /// More received than a lane may.
    BytesDown,
    /// More sent than a lane may.
    BytesUp,
    /// The address connected to is not the one that was judged.
    PeerChanged,
    /// The name has no address, or could not be resolved in time.
    Unresolved,
    /// No address answered.
    Unreachable,
    /// The server broke off, or said nothing for too long.
    Broken,
}

impl Rule {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::BadTarget => "bad-target",
            Self::Scheme => "scheme",
            Self::DeniedPlace => "denied-place",
            Self::Port => "port",
            Self::LocalName => "local-name",
            Self::MetadataName => "metadata-name",
            Self::BrowserOwn => "browser-own",
            Self::Address => "address",
            Self::OwnAddress => "own-address",
            Self::OwnService => "own-service",
            Self::Protocol => "protocol",
            Self::ServerName => "server-name",
            Self::Tunnels => "tunnels",
            Self::Connections => "connections",
            Self::BytesDown => "bytes-down",
            Self::BytesUp => "bytes-up",
            Self::PeerChanged => "peer-changed",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
        }
    }

    /// Whether the proxy decided it. The others are the network's doing, and an agent is told so.
    pub fn is_policy(self) -> bool {
        !matches!(self, Self::Unresolved | Self::Unreachable | Self::Broken)
    }

    /// Whether an operator can lift it with `--egress-allow`.
    pub fn is_liftable(self) -> bool {
        matches!(self, Self::Port | Self::LocalName | Self::MetadataName | Self::Address | Self::OwnAddress)
    }

    /// HTTP status of the answer, RFC 9110 section 15.
    pub fn status(self) -> http::StatusCode {
        match self {
            Self::BadTarget => http::StatusCode::BAD_REQUEST,
            Self::Tunnels | Self::Connections => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::Unresolved | Self::Unreachable | Self::Broken => http::StatusCode::BAD_GATEWAY,
            _ => http::StatusCode::FORBIDDEN,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

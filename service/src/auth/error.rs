//! Why a caller is not let in, or a key not made.

use std::time::Duration;

use helmwatch_protocol::{LinkState, LinkView};

use super::{NotKept, Tenant};

/// A caller that was not recognised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Unknown key, code or cookie, or a wrong secret: all read the same.
    #[error("the key or login is not known")]
    Unknown,
    /// The key was right and has been revoked.
    #[error("the key has been revoked")]
    Revoked,
    /// The key was right and its time is over.
    #[error("the key has expired")]
    Expired,
    /// Too many wrong attempts.
    #[error("too many wrong attempts")]
    TooMany { retry_after: Duration },
    /// Keys cannot be looked up, so nobody is let in.
    #[error("keys cannot be checked now")]
    Unavailable(#[source] NotKept),
}

impl AuthError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unknown => {
                "Send Authorization: Bearer KEY with a key from `helmwatch keys create`, or log in with a new code."
            }
            Self::Revoked | Self::Expired => "Make a new key with `helmwatch keys create`.",
            Self::TooMany { .. } => "Wait as long as Retry-After says, then try once with the right key or code.",
            Self::Unavailable(inner) => inner.hint(),
        }
    }
}

/// A key that was not made or revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key's name and tenant are 1 to 100 characters without control characters")]
    BadName,
    #[error("the key would have no scope")]
    NoScope,
    #[error("the key would be expired from the start")]
    AlreadyExpired,
    #[error("there are already {count_max} keys")]
    Full { count_max: usize },
    #[error("there is no key \"{id}\"")]
    NotFound { id: String },
    #[error("the configured admin key has {length} characters; it needs at least {least}")]
    AdminKeyTooShort { length: usize, least: usize },
    /// A key file could not be read or written.
    #[error("the key file {path}: {what}")]
    File { path: String, what: String },
    #[error("the key could not be stored")]
    NotKept(#[source] NotKept),
}

impl KeyError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::BadName => "Name it after who uses it, as in --name ci-agent.",
            Self::NoScope => "Give at least one of agent, view, approve, control, admin.",
            Self::AlreadyExpired => "Give a time that lies ahead, or none.",
            Self::Full { .. } => "Revoke keys nobody uses; `helmwatch keys list` shows them.",
            Self::NotFound { .. } => "`helmwatch keys list` shows the ids there are.",
            Self::AdminKeyTooShort { .. } => {
                "Set HELMWATCH_ADMIN_KEY to a long random text, as `openssl rand -hex 32` makes one."
            }
            Self::File { .. } => "Make the data directory readable and writable for the service, and for nobody else.",
            Self::NotKept(inner) => inner.hint(),
        }
    }
}

/// A link that was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("a link gives no more than its maker may do")]
    NotYours,
    #[error("a link's name is 1 to 60 characters without control characters")]
    BadName,
    #[error("a link is good for 1 to {seconds_max} seconds")]
    BadTime { seconds_max: u64 },
    #[error("this session has its {count_max} links already")]
    Full { count_max: usize },
}

impl LinkError {
    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotYours => "Log in with a key that has view, and control for a control link.",
            Self::BadName => "Name it after who it is for, or leave the name out.",
            Self::BadTime { .. } => "Give ttl_s within that; share.link_ttl_s_max is the most.",
            Self::Full { .. } => "Revoke one nobody uses, or raise share.links_per_session_max.",
        }
    }
}

/// A link that opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefusal {
    /// Unknown, forged or cut, or of a session that is over: all read the same.
    #[error("the link opens nothing; its session may be over")]
    Unknown,
    /// The secret was right, and the link has ended.
    #[error("{}", link_over(.link.state))]
    Over {
        link: Box<LinkView>,
        tenant: Tenant,
        /// Is this use among the first that were refused?
        worth_telling: bool,
    },
    #[error("too many wrong attempts")]
    TooMany { retry_after: Duration },
    #[error("links cannot be checked now")]
    Unavailable(#[source] NotKept),
}

/// One line for whoever holds a link that has ended.
#[must_use]
pub const fn link_over(state: LinkState) -> &'static str {
    match state {
        LinkState::Good => "the link is good",
        LinkState::Expired => "the link has expired",
        LinkState::Revoked => "the link was revoked",
        LinkState::MakerGone => "the key that made the link is no longer good",
    }
}

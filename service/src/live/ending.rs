//! Why a socket of a person ends.

/// Why a viewer's socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The session is over; the text says why.
    SessionOver(String),
    /// Frames were not acknowledged for `live.viewer_stall_ms`.
    Stalled,
    /// Events came faster than they were taken.
    TooSlow,
    /// The key or login this person came with is no longer good.
    KeyGone,
    /// The link this person came by has ended; the text says how.
    LinkOver(&'static str),
    /// The service ends.
    ServiceEnds,
}

impl Ending {
    /// One line for the close message.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::SessionOver(why) => why,
            Self::LinkOver(how) => how,
            Self::Stalled => "no frame was acknowledged for too long; reconnect",
            Self::TooSlow => "events came faster than they were read; reconnect",
            Self::KeyGone => "the key was revoked or has expired",
            Self::ServiceEnds => "the service ends",
        }
    }

    /// For the metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SessionOver(_) => "session_over",
            Self::Stalled => "stalled",
            Self::TooSlow => "too_slow",
            Self::KeyGone => "key_gone",
            Self::LinkOver(_) => "link_over",
            Self::ServiceEnds => "service_ends",
        }
    }
}

//! What can go wrong with a session.

use crate::browser::BrowserError;
use crate::files::FileError;
use crate::pool::PoolError;

/// An error of the session room.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    /// There is none, or it is somebody else's: both read the same.
    #[error("no session \"{0}\"")]
    Unknown(String),
    /// It ended, and why.
    #[error("the session is closed: {0}")]
    Closed(String),
    /// It went with its browser.
    #[error("the browser is gone: session \"{0}\" ended with it")]
    Lost(String),
    /// As many calls wait in it as may.
    #[error("{0} calls wait in this session already")]
    Busy(usize),
    /// The name is taken by an open session of the same key.
    #[error("a session named \"{0}\" is open already")]
    NameTaken(String),
    /// A name that is none.
    #[error("a session's name has 1 to 64 letters, digits, spaces, dots, dashes or underscores")]
    BadName,
    /// Somebody else drives.
    #[error("{0} is at the helm of this session")]
    Held(String),
    /// A person was asked to do something here and has not finished.
    #[error("a person was asked to do something in this session and has not said that it is done")]
    HandedOff,
    /// No such question to a person stands open.
    #[error("nothing is asked of a person in this session, or it is over")]
    NothingAsked,
    /// No place could be had.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// Its browser said no.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// Its files could not be made.
    #[error(transparent)]
    Files(#[from] FileError),
}

impl SessionError {
    /// Stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_session",
            Self::Closed(_) => "session_closed",
            Self::Lost(_) => "browser_gone",
            Self::Busy(_) => "session_busy",
            Self::NameTaken(_) => "name_taken",
            Self::BadName => "bad_name",
            Self::Held(_) => "held_by_person",
            Self::HandedOff => "handed_off",
            Self::NothingAsked => "nothing_asked",
            Self::Pool(error) => error.code(),
            Self::Browser(error) if error.is_gone() => "browser_gone",
            Self::Browser(_) => "browser_error",
            Self::Files(error) => error.code(),
        }
    }

    /// One line: what to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown(_) => "List your sessions (session_list), or open one (session_open).".to_owned(),
            Self::Closed(_) | Self::Lost(_) => "Open a new session (session_open) or call again without a session.".to_owned(),
            Self::Busy(_) => "Wait for the answers of earlier calls before sending more.".to_owned(),
            Self::NameTaken(_) => "Use that session, close it first, or give another name.".to_owned(),
            Self::BadName => "Give a shorter or plainer name, or none.".to_owned(),
            Self::Held(_) => {
                "Wait until they hand it back, then take a snapshot: the page may have changed.".to_owned()
            }
            Self::HandedOff => {
                "Call browser_request_human again with the same arguments to wait for them; looking is allowed meanwhile.".to_owned()
            }
            Self::NothingAsked => "Look at the session again: somebody else may have answered.".to_owned(),
            Self::Pool(error) => error.hint(),
            Self::Browser(error) if error.is_gone() => {
                "The session is lost with its browser; open a new one (session_open).".to_owned()
            }
            Self::Files(error) => error.hint().to_owned(),
            Self::Browser(_) => "Take a snapshot (browser_snapshot) to see where the page stands.".to_owned(),
        }
    }
}

//! Files of sessions: what tools made, what pages downloaded, what is to be uploaded.
//!
//! A [`Shelf`] has one [`Folder`] a session. Names are ours: a name from a page or a client is cleaned before it touches the
//! disk, and a path never leaves its folder. Every folder has a limit on count and bytes, all of them together another one; full
//! means that the new file is refused, never that an old one goes. A link to a file is sealed and expires; whoever has it may read that
//! one file and nothing else. A folder outlives its session for a while, so that what an agent made can still be fetched, and
//! then it is removed.

mod error;
mod folder;
mod name;
mod roots;
mod seal;
mod shelf;

pub use error::FileError;
pub use folder::{Folder, StoredFile};
pub use roots::Roots;
pub use seal::Seal;
pub use shelf::{Owner, Shelf, ShelfLimits};

/// Milliseconds since the Unix epoch: for links that others keep, never for deadlines of our own.
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

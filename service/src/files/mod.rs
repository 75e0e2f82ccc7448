//! Files of sessions: what tools made, what pages downloaded, what is to be uploaded.
//!
//! A [`Shelf`] has one [`Folder`] a session. Names are ours: a name from a page or a client is cleaned before it touches the
//! disk, and a path never leaves its folder. Every folder has a limit on count and bytes, all of them together another one; full
//! means that the new file is refused, never that an old one goes. A link to a file is sealed and expires; whoever has it may read that
//! one file and nothing else. A folder outlives its session for a while, so that what an agent made can still be fetched, and
//! then it is removed.

mod error;
mod folder;
mod lent;
mod name;
mod roots;
mod seal;
mod shelf;

pub use error::FileError;
pub use folder::{Folder, StoredFile};
pub use roots::Roots;
pub use seal::Seal;
pub use shelf::{Owner, Shelf, ShelfLimits};

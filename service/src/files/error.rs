//! Why a file is not kept or not given.

/// An error of the files room. One line what happened; [`FileError::hint`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none of that name in the session's folder.
    #[error("there is no file \"{0}\" in this session")]
    Unknown(String),
    /// A path that is below none of the folders agents may upload from.
    #[error("File access denied: {path} is outside allowed roots. Allowed roots: {roots}")]
    Outside { path: String, roots: String },
    /// A folder, a device, or a name that is no text.
    #[error("\"{0}\" is no plain file")]
    Odd(String),
    /// One file is larger than a file may be; bytes.
    #[error("the file has {bytes} bytes, and a file may have {max}")]
    TooLarge { bytes: u64, max: u64 },
    /// The session has as many files or bytes as it may.
    #[error("this session's files are full ({files} files, {bytes} bytes)")]
    Full { files: usize, bytes: u64 },
    /// All sessions together have as many bytes as they may.
    #[error("the service has no room for more files")]
    NoRoom,
    /// The session's folder is gone.
    #[error("the session's files are gone")]
    Gone,
    /// A link that was altered, or is another file's.
    #[error("the link is not good")]
    BadSeal,
    /// A link whose time is over.
    #[error("the link has expired")]
    Expired,
    /// What the file system says.
    #[error("the file could not be written or read: {0}")]
    Disk(String),
}

impl FileError {
    /// Stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) | Self::Gone => "no_file",
            Self::Outside { .. } => "file_denied",
            Self::Odd(_) => "file_odd",
            Self::TooLarge { .. } => "file_too_large",
            Self::Full { .. } | Self::NoRoom => "files_full",
            Self::BadSeal => "bad_link",
            Self::Expired => "link_expired",
            Self::Disk(_) => "file_error",
        }
    }

    /// One line: what to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "Use a name an answer gave, or upload the file first.",
            Self::Outside { .. } => {
                "Name a file of this session, as answers and the session's file list give them; files are put there through /v1/sessions/{id}/files."
            }
            Self::Odd(_) => "Name a file.",
            Self::Gone => "Open a session and make the file again.",
            Self::TooLarge { .. } => "Make a smaller one, or let the operator raise files.file_bytes_max.",
            Self::Full { .. } => {
                "Close this session and go on in a new one, or let the operator raise files.bytes_max."
            }
            Self::NoRoom => {
                "Try again when other sessions have ended, or let the operator raise files.total_bytes_max."
            }
            Self::BadSeal => "Use the link exactly as it was given.",
            Self::Expired => "Let the agent give a new link, or send a key.",
            Self::Disk(_) => "The service's log says more; is its disk full?",
        }
    }

    pub(super) fn disk(error: &std::io::Error) -> Self {
        tracing::warn!(%error, "a session's file could not be written or read");
        Self::Disk(error.kind().to_string())
    }
}

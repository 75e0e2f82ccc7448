//! `[files]`: what tools make, pages download and agents upload.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Limits of sessions' files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// Folders of this machine that agents may upload from, absolute paths. Empty: only files of their session.
    pub roots: Vec<PathBuf>,
    /// Files of one session.
    pub files_max: usize,
    /// Largest file, bytes.
    pub file_bytes_max: u64,
    /// Bytes of one session's files.
    pub bytes_max: u64,
    /// Bytes of all sessions' files.
    pub total_bytes_max: u64,
    /// Milliseconds a link to a file is good.
    pub link_ms: u64,
    /// Milliseconds files outlive their session.
    pub keep_ms: u64,
    /// May pages download? What they do is kept within these limits.
    pub downloads: bool,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            files_max: 200,
            file_bytes_max: 64 << 20,
            bytes_max: 256 << 20,
            total_bytes_max: 2 << 30,
            link_ms: 60 * 60 * 1000,
            keep_ms: 15 * 60 * 1000,
            downloads: true,
        }
    }
}

//! `[http]`: the listening side.

use serde::{Deserialize, Serialize};

/// Limits of the HTTP edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Origin people and agents use when it is not `http://` + `listen`, as in `https://watch.example.org`; empty: derived.
    pub public_url: String,
    /// Largest request body of `/v1`, bytes.
    pub body_bytes_max: usize,
    /// Largest request body of `/mcp`, bytes (form contents and file names travel in it).
    pub mcp_body_bytes_max: usize,
    /// Largest request head, bytes.
    pub header_bytes_max: usize,
    /// Milliseconds a client has to send a whole request head.
    pub header_ms_max: u64,
    /// Milliseconds a connection may be idle between two requests.
    pub idle_ms_max: u64,
    /// Milliseconds a client may send nothing in the middle of a request body.
    pub body_idle_ms_max: u64,
    /// Connections at once; the next one waits in the kernel's queue.
    pub connections_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            body_bytes_max: 256 << 10,
            mcp_body_bytes_max: 4 << 20,
            header_bytes_max: 32 << 10,
            header_ms_max: 10_000,
            idle_ms_max: 75_000,
            body_idle_ms_max: 15_000,
            connections_max: 1_024,
        }
    }
}

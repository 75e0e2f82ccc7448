//! `[egress]`: where pages may go.

use serde::{Deserialize, Serialize};

/// The forward proxy's rules and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// Private addresses a page may reach: `HOST_OR_CIDR[:PORT]`. None by default; the address is still pinned.
    pub allow: Vec<String>,
    /// Names no page may reach: `example.org`, `*.example.org`.
    pub deny: Vec<String>,
    /// Ports a page may reach besides those named in `allow`.
    pub ports: Vec<u16>,
    /// Longest request head from a browser, bytes.
    pub header_bytes_max: usize,
    /// Milliseconds a browser has to send a request head.
    pub header_ms_max: u64,
    /// Milliseconds to resolve a name.
    pub resolve_ms_max: u64,
    /// Milliseconds to connect to one address.
    pub connect_ms_max: u64,
    /// Milliseconds a tunnel may be silent.
    pub idle_ms_max: u64,
    /// Tunnels of one session at once.
    pub tunnels_max: usize,
    /// Bytes one session may receive, MiB.
    pub down_mib_max: u64,
    /// Bytes one session may send, MiB.
    pub up_mib_max: u64,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            ports: vec![80, 443],
            header_bytes_max: 32 << 10,
            header_ms_max: 10_000,
            resolve_ms_max: 5_000,
            connect_ms_max: 5_000,
            idle_ms_max: 60_000,
            tunnels_max: 128,
            down_mib_max: 512,
            up_mib_max: 64,
        }
    }
}

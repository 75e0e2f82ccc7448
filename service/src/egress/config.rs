//! The limits of the proxy, each with its default and the reason for it.

use serde::Deserialize;

use super::allow::AllowRule;

/// Settings under `[egress]`. Unknown keys are an error that names them.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// What pages may reach beyond the public web; empty by default. `--egress-allow` adds to it.
    pub allow: Vec<AllowRule>,
    /// Largest request head and response head, bytes. Those of browsers are far below.
    pub header_bytes_max: usize,
    /// How long a request head or the first bytes of a tunnel may take, milliseconds.
    pub header_ms_max: u64,
    /// How long a name may take to resolve, milliseconds.
    pub resolve_ms_max: u64,
    /// How many names may be resolving at once in the whole service: each holds a blocking thread until libc answers.
    pub resolving_max: usize,
    /// How long all attempts to connect may take together, milliseconds.
    pub connect_ms_max: u64,
    /// How long a connection may carry nothing in either direction, milliseconds.
    pub idle_ms_max: u64,
    /// Tunnels open at once on one lane. Chromium itself opens at most 32 connections to a proxy, 255 for WebSockets.
    pub tunnels_per_lane_max: usize,
    /// Connections from browsers open at once in the whole service: each may hold two file descriptors.
    pub connections_max: usize,
    /// Bytes a lane may receive in its life.
    pub down_bytes_per_lane_max: u64,
    /// Bytes a lane may send in its life: what a page could carry away.
    pub up_bytes_per_lane_max: u64,
    /// How many denials of a lane are kept to explain failures to its agent; the oldest go first.
    pub denials_per_lane_kept: usize,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            header_bytes_max: 32 * 1024,
            header_ms_max: 10_000,
            resolve_ms_max: 5_000,
            resolving_max: 64,
            connect_ms_max: 5_000,
            idle_ms_max: 60_000,
            tunnels_per_lane_max: 128,
            connections_max: 4_096,
            down_bytes_per_lane_max: 512 * 1024 * 1024,
            up_bytes_per_lane_max: 64 * 1024 * 1024,
            denials_per_lane_kept: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named() {
        let error = toml::from_str::<EgressConfig>("alow = []").expect_err("a mistake").to_string();
        assert!(error.contains("alow"), "{error}");
    }

    #[test]
    fn a_wrong_rule_says_how_to_write_one() {
        let error = toml::from_str::<EgressConfig>("allow = ['10.0.0.0/99']").expect_err("a mistake").to_string();
        assert!(error.contains("write HOST_OR_CIDR"), "{error}");
    }
}

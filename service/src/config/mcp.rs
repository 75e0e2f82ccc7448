//! `[mcp]`: the agents' edge.

use serde::{Deserialize, Serialize};

/// Limits of the MCP endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpConfig {
    /// Milliseconds a call is held for a person before it answers "waiting for approval; call again to continue".
    pub hold_ms_max: u64,
    /// `Host` names accepted besides loopback, `listen` and `http.public_url`; a request for another is refused (DNS rebinding).
    pub hosts: Vec<String>,
    /// Tokens of a result unless the call says otherwise (four bytes are counted as one).
    pub result_tokens_max: usize,
    /// Legacy MCP sessions (`Mcp-Session-Id`) open at once.
    pub legacy_sessions_max: usize,
    /// Milliseconds without a request after which a legacy MCP session ends.
    pub legacy_idle_ms_max: u64,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            hold_ms_max: 40_000,
            hosts: Vec::new(),
            result_tokens_max: 10_000,
            legacy_sessions_max: 1_000,
            legacy_idle_ms_max: 30 * 60 * 1000,
        }
    }
}

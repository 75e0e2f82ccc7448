//! The limits and names of this edge.

use std::time::Duration;

use crate::tools::Capabilities;

/// How the edge is set up. Built by the app from the service's settings.
#[derive(Debug, Clone)]
pub struct McpConfig {
    /// `Host` values served, with or without a port: a page elsewhere that has bound its name to our address (DNS
    /// rebinding) sends its own name here and is refused. Loopback by default.
    pub hosts: Vec<String>,
    /// `Origin` values served, as `scheme://host:port`, `:*` for any port. Programs send none and always pass; only pages in
    /// a browser send one. Loopback by default.
    pub origins: Vec<String>,
    /// Largest request body, bytes. Beyond it: 413. Arguments are small; the most is a page's worth of text to type.
    pub body_bytes_max: usize,
    /// Legacy sessions open at once, of all keys. Each costs some 57 kB until it ends. Beyond it: 503.
    pub legacy_sessions_max: usize,
    /// Legacy sessions open at once, of one key, so that one key cannot take them all. Beyond it: 429.
    pub legacy_sessions_per_key_max: usize,
    /// A legacy session without a message for this long ends; its client is answered 404 and starts a new one.
    pub legacy_idle_max: Duration,
    /// How often a silent open stream gets a comment, so that nothing between closes it. Known clients give up at 60 s.
    pub keep_alive: Duration,
    /// How long a client may keep a list before it asks again. Lists change only when the service is replaced.
    pub list_ttl: Duration,
    /// Toolsets of a URL without `caps`, and of stdio.
    pub capabilities: Capabilities,
}

impl Default for McpConfig {
    fn default() -> Self {
        let loopback = ["localhost", "127.0.0.1", "[::1]"];
        Self {
            hosts: loopback.map(str::to_owned).to_vec(),
            origins: loopback
                .iter()
                .flat_map(|host| [format!("http://{host}:*"), format!("https://{host}:*")])
                .collect(),
            body_bytes_max: 4 * 1024 * 1024,
            legacy_sessions_max: 1_000,
            legacy_sessions_per_key_max: 64,
            legacy_idle_max: Duration::from_mins(30),
            keep_alive: Duration::from_secs(15),
            list_ttl: Duration::from_mins(5),
            capabilities: Capabilities::default(),
        }
    }
}

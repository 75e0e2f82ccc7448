//! The configuration as the proxy works with it: rules read, numbers turned into durations and bytes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::config::EgressConfig;

use super::place::{PlaceRule, PlaceRuleError};

/// Names resolving at once in the whole service: each holds a blocking thread until libc answers.
const RESOLVING_MAX: usize = 64;

/// Of those, what one lane may have: a page that asks for names without end, or for some that nobody ever answers, holds up its own
/// session. (No look-up is refused because others failed: then one page could switch names off for everybody.)
const RESOLVING_PER_LANE_MAX: usize = 16;

/// Connections and tunnels of browsers open at once in the whole service: each may hold two file descriptors.
const CONNECTIONS_MAX: usize = 4_096;

/// Denials of a lane kept to explain failures to its agent; the oldest go first.
const DENIALS_KEPT: usize = 32;

/// Rules and limits.
#[derive(Clone, Debug)]
pub struct Settings {
    pub allow: Vec<PlaceRule>,
    pub deny: Vec<PlaceRule>,
    /// Ports open to all places.
    pub ports: BTreeSet<u16>,
    /// Largest head of a request or a response, and of what a tunnel opens with; bytes.
    pub header_bytes_max: usize,
    /// For a request head, and for the first bytes of a tunnel.
    pub header_within: Duration,
    pub resolve_within: Duration,
    /// For all attempts to connect together.
    pub connect_within: Duration,
    /// How long a connection may carry nothing in either direction.
    pub idle_max: Duration,
    pub tunnels_per_lane_max: usize,
    /// Bytes a lane may receive in its life.
    pub down_bytes_max: u64,
    /// Bytes a lane may send in its life: what a page could carry away.
    pub up_bytes_max: u64,
    pub resolving_max: usize,
    pub resolving_per_lane_max: usize,
    pub connections_max: usize,
    pub denials_kept: usize,
}

impl TryFrom<&EgressConfig> for Settings {
    type Error = PlaceRuleError;

    fn try_from(config: &EgressConfig) -> Result<Self, Self::Error> {
        let read = |rules: &[String]| rules.iter().map(|rule| rule.parse()).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            allow: read(&config.allow)?,
            deny: read(&config.deny)?,
            ports: config.ports.iter().copied().collect(),
            header_bytes_max: config.header_bytes_max,
            header_within: Duration::from_millis(config.header_ms_max),
            resolve_within: Duration::from_millis(config.resolve_ms_max),
            connect_within: Duration::from_millis(config.connect_ms_max),
            idle_max: Duration::from_millis(config.idle_ms_max),
            tunnels_per_lane_max: config.tunnels_max,
            down_bytes_max: config.down_mib_max.saturating_mul(1 << 20),
            up_bytes_max: config.up_mib_max.saturating_mul(1 << 20),
            resolving_max: RESOLVING_MAX,
            resolving_per_lane_max: RESOLVING_PER_LANE_MAX,
            connections_max: CONNECTIONS_MAX,
            denials_kept: DENIALS_KEPT,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_rule_says_how_to_write_one() {
        let config = EgressConfig { allow: vec!["10.0.0.0/99".into()], ..EgressConfig::default() };
        let error = Settings::try_from(&config).expect_err("a mistake").to_string();
        assert!(error.contains("10.0.0.0/99") && error.contains("write HOST_OR_CIDR"), "{error}");
    }
}

//! Which settings an agent may know: what its work depends on, under the names of the settings file.
//!
//! A list of what is told, not of what is hidden, so that a new setting stays unknown until somebody adds it. Never here: paths,
//! keys, addresses of other machines, what the egress rules let through, and limits that only a load generator could use.

use serde_json::{Value, json};

use crate::config::Config;

/// The settings an agent may know.
#[must_use]
pub fn told(config: &Config) -> Value {
    // The name of a rule set of ours says what it does; of a file, even its name is the operator's.
    let policy = match config.policy.as_str() {
        preset @ ("open" | "careful" | "strict") => preset,
        _ => "of the operator",
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "policy": policy,
        "browser": {
            "viewport_width": config.browser.viewport_width,
            "viewport_height": config.browser.viewport_height,
            "command_deadline_ms": config.browser.command_deadline_ms,
        },
        "session": {
            "idle_ms_max": config.session.idle_ms_max,
            "life_ms_max": config.session.life_ms_max,
            "tabs_max": config.session.tabs_max,
            "calls_waiting_max": config.session.calls_waiting_max,
        },
        "mcp": {
            "hold_ms_max": config.mcp.hold_ms_max,
            "result_tokens_max": config.mcp.result_tokens_max,
        },
        "approval": {
            "ttl_ms": config.approval.ttl_ms,
        },
        "files": {
            "files_max": config.files.files_max,
            "file_bytes_max": config.files.file_bytes_max,
            "bytes_max": config.files.bytes_max,
            "link_ms": config.files.link_ms,
            "keep_ms": config.files.keep_ms,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_and_no_address_is_told() {
        let mut config = Config { policy: "/etc/rules/secret.toml".to_owned(), ..Config::default() };
        config.data_dir = "/var/lib/secret".into();
        config.browser.executable = "/opt/secret/chrome".into();
        config.browser.connect = "ws://secret:9222".to_owned();
        config.browser.user = "secret".to_owned();
        config.http.public_url = "https://secret.example".to_owned();
        config.mcp.hosts = vec!["secret.example".to_owned()];
        let told = told(&config).to_string();
        assert!(!told.contains("secret"), "{told}");
        assert!(told.contains("\"policy\":\"of the operator\""), "{told}");
    }
}

//! The table of rooms: which may name which. A new arrow is a decision: write it here and say why in `ARCHITECTURE.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may name as `crate::room`. `auth` holds the words of identity (`Caller`, `Human`), so all that
/// check an owner name it; `store` implements what `approval`, `audit` and `auth` ask to be kept.
const MAY_NAME: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "approval",
            "audit",
            "auth",
            "browser",
            "config",
            "egress",
            "files",
            "http",
            "live",
            "mcp",
            "notify",
            "policy",
            "pool",
            "session",
            "store",
            "telemetry",
            "tools",
        ],
    ),
    (
        "http",
        &["approval", "audit", "auth", "config", "egress", "files", "live", "pool", "session", "store", "telemetry"],
    ),
    ("fuzzing", &["browser", "egress", "live", "policy", "tools"]),
    ("mcp", &["auth", "config", "telemetry", "tools"]),
    ("tools", &["approval", "audit", "auth", "config", "policy", "session", "telemetry"]),
    ("approval", &["auth", "config", "policy", "telemetry"]),
    ("live", &["approval", "audit", "auth", "browser", "config", "session", "telemetry"]),
    ("session", &["auth", "browser", "config", "files", "policy", "pool", "telemetry"]),
    ("pool", &["browser", "config", "telemetry"]),
    ("policy", &[]),
    ("files", &["telemetry"]),
    ("browser", &["config", "telemetry"]),
    ("egress", &["config", "telemetry"]),
    ("store", &["approval", "audit", "auth", "config", "telemetry"]),
    ("notify", &["config", "telemetry"]),
    ("audit", &["auth", "config", "telemetry"]),
    ("auth", &["config", "telemetry"]),
    ("config", &[]),
    ("telemetry", &["config"]),
];

/// Crates that belong to one room alone.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp"]),
    ("axum", &["http"]),
    ("deadpool", &["pool"]),
    ("sqlx", &["store"]),
    ("chromiumoxide", &["browser"]),
    ("image", &["browser", "live"]),
    ("webp", &["browser"]),
    ("hyper_rustls", &["notify", "telemetry"]),
    ("rustls", &["notify", "telemetry"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("opentelemetry_proto", &["telemetry"]),
    ("opentelemetry_appender_tracing", &["telemetry"]),
    ("tracing_opentelemetry", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("prost", &["telemetry"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a room is a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_room_names_one_it_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let named = regex::Regex::new(r"\bcrate::([a-z_]+)").expect("a valid pattern");
    let mut wrong = BTreeSet::new();
    for (room, allowed) in MAY_NAME {
        let mut files = Vec::new();
        sources(&root.join(room), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a readable source");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for name in named.captures_iter(line) {
                    if &name[1] != *room && !allowed.contains(&&name[1]) {
                        wrong.insert(format!(
                            "{}: crate::{}",
                            file.strip_prefix(&root).unwrap_or(&file).display(),
                            &name[1]
                        ));
                    }
                }
                for (package, homes) in ONLY_IN {
                    if line.contains(&format!("{package}::")) && !homes.contains(room) {
                        wrong.insert(format!("{}: {package}", file.strip_prefix(&root).unwrap_or(&file).display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows the table does not have:\n{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

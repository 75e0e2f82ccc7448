//! `[browser]`: which Chromium, and how it is started.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Is Chromium's own sandbox on?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// The only setting fit for pages nobody here wrote.
    #[default]
    On,
    /// Said loudly at every start: a hostile page then needs one bug less.
    Off,
}

/// Which build of Chromium is taken when no executable is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavor {
    /// chromium-headless-shell when it is there (seven times quicker to open a page), else full Chromium.
    #[default]
    Auto,
    /// chromium-headless-shell or nothing.
    HeadlessShell,
    /// Full Chromium, `--headless=new`.
    Full,
}

/// The browser processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserConfig {
    /// Path of the executable; empty: looked for in the usual places, `flavor` says which.
    pub executable: PathBuf,
    /// A browser elsewhere: its `ws://…/devtools/browser/…` address. Empty: browsers are started here. The proxies that keep its pages
    /// inside listen on this machine's loopback, so it must run in the same network namespace.
    pub connect: String,
    /// Which build to look for. `auto`, `headless_shell` or `full`.
    pub flavor: Flavor,
    /// Further command-line arguments, each beginning with `--`. `--no-sandbox` and debugging ports are refused here.
    pub args: Vec<String>,
    /// Unprivileged user Chromium runs as when the service is root: a name or a number.
    pub user: String,
    /// Chromium's sandbox. `on` or `off`.
    pub sandbox: Sandbox,
    /// Milliseconds from start to the first answer; after it the process is ended and counted as failed.
    pub launch_deadline_ms: u64,
    /// Milliseconds any single CDP command may take.
    pub command_deadline_ms: u64,
    /// Viewport of a new page, CSS pixels.
    pub viewport_width: u32,
    /// Viewport of a new page, CSS pixels.
    pub viewport_height: u32,
}

impl Default for BrowserConfig {
    fn default() -> Self {
        Self {
            executable: PathBuf::new(),
            connect: String::new(),
            flavor: Flavor::Auto,
            args: Vec::new(),
            user: "nobody".to_owned(),
            sandbox: Sandbox::On,
            launch_deadline_ms: 20_000,
            command_deadline_ms: 15_000,
            viewport_width: 1280,
            viewport_height: 720,
        }
    }
}

//! Every setting, once: its name, unit, default and what it is for.
//!
//! Settings come from four places, each over the one before: defaults, a TOML file, the environment (`HELMWATCH_…`, `__` between
//! section and key) and flags. What is not known or of the wrong kind is an error that names it; nothing is ever ignored.
//! This room must never look at the machine (that a folder exists, that a port is free): it only says what is wanted.

mod approval;
mod browser;
mod egress;
mod error;
mod files;
mod http;
mod layers;
mod live;
mod log;
mod mask;
mod mcp;
mod pool;
mod session;
mod share;
mod telemetry;
#[cfg(test)]
mod tests;
mod webhook;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::approval::ApprovalConfig;
pub use self::browser::{BrowserConfig, Flavor, Sandbox};
pub use self::egress::EgressConfig;
pub use self::error::ConfigError;
pub use self::files::FilesConfig;
pub use self::http::HttpConfig;
use self::layers::Layers;
pub use self::live::LiveConfig;
pub use self::log::{LogConfig, LogFormat};
pub use self::mask::MaskConfig;
pub use self::mcp::McpConfig;
pub use self::pool::{BROWSER_MIB_LEAST, BROWSER_MIB_MAX_LEAST, Isolation, PoolConfig, WAITING_MAX};
pub use self::session::SessionConfig;
pub use self::share::ShareConfig;
pub use self::telemetry::{Detail, TelemetryConfig};
pub use self::webhook::{
    Hidden, WEBHOOKS_MAX, WebhookConfig, WebhookEvent, WebhookFormat, webhook_secret, webhook_url,
};

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen at; port 0 takes a free one. Beyond loopback only when there are keys.
    pub listen: SocketAddr,
    /// Folder for the database and pictures. Empty: `$XDG_DATA_HOME/helmwatch`, else `~/.local/share/helmwatch`.
    pub data_dir: PathBuf,
    /// Rules for calls: `open`, `careful`, `strict`, or a file.
    pub policy: String,
    pub browser: BrowserConfig,
    pub pool: PoolConfig,
    pub session: SessionConfig,
    pub mcp: McpConfig,
    pub approval: ApprovalConfig,
    pub live: LiveConfig,
    pub http: HttpConfig,
    pub share: ShareConfig,
    pub mask: MaskConfig,
    pub files: FilesConfig,
    pub egress: EgressConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
    pub shutdown: ShutdownConfig,
    /// As many as there are people's places to be asked at.
    pub webhook: Vec<WebhookConfig>,
}

/// `[shutdown]`: how the service ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Milliseconds calls and sockets have to come to an end after `SIGTERM`; what is left then is ended.
    pub grace_ms: u64,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace_ms: 10_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7800)),
            data_dir: PathBuf::new(),
            policy: "careful".to_owned(),
            browser: BrowserConfig::default(),
            pool: PoolConfig::default(),
            session: SessionConfig::default(),
            mcp: McpConfig::default(),
            approval: ApprovalConfig::default(),
            live: LiveConfig::default(),
            http: HttpConfig::default(),
            share: ShareConfig::default(),
            mask: MaskConfig::default(),
            files: FilesConfig::default(),
            egress: EgressConfig::default(),
            log: LogConfig::default(),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
            webhook: Vec::new(),
        }
    }
}

/// One flag of the command line that sets something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// As in `--listen`: named in errors.
    pub flag: String,
    /// As in `pool.max_sessions`.
    pub key: String,
    /// As written; lists are separated by commas.
    pub text: String,
}

impl Config {
    /// Reads the settings: defaults < `file` < `environment` < `flags`. Only names that begin with `HELMWATCH_` are looked at,
    /// and `XDG_DATA_HOME` and `HOME` for the default of `data_dir`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the first key that is unknown, of the wrong kind or out of its range, and where it was written.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Flag],
    ) -> Result<Self, ConfigError> {
        let environment: Vec<_> = environment.into_iter().collect();
        let mut layers = Layers::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigError::new(
                    path.display().to_string(),
                    format!("the settings file cannot be read: {error}"),
                    "Name a readable file with --config, or leave it out.",
                )
            })?;
            layers.file(path, &text)?;
        }
        let home = data_home(&environment);
        layers.environment(environment)?;
        for Flag { flag, key, text } in flags {
            layers.text(&format!("flag {flag}"), key, text)?;
        }
        let mut config = layers.into_config();
        if config.data_dir.as_os_str().is_empty() {
            config.data_dir = home;
        }
        config.check()?;
        Ok(config)
    }

    /// The settings as TOML, every key with its value.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain tables, numbers and texts")
    }

    /// Refuses to listen beyond loopback while nothing asks for a key.
    ///
    /// # Errors
    /// [`ConfigError`] when `listen` is no loopback address and `keys` says there are none.
    pub fn check_exposure(&self, keys: Keys) -> Result<(), ConfigError> {
        if self.listen.ip().is_loopback() || keys == Keys::Configured {
            return Ok(());
        }
        Err(ConfigError::new(
            "listen",
            format!("{} can be reached from other machines, and no key is configured", self.listen),
            "Make a key with `helmwatch keys create` or set HELMWATCH_ADMIN_KEY, or listen on 127.0.0.1.",
        ))
    }

    /// The origin people and agents use, without a slash at its end; `bound` is where the service really listens.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match self.http.public_url.trim_end_matches('/') {
            "" if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            "" => format!("http://{bound}"),
            url => url.to_owned(),
        }
    }

    /// Ranges, and settings that contradict one another.
    fn check(&self) -> Result<(), ConfigError> {
        let at_least_one = [
            ("pool.max_sessions_per_browser", u64::from(self.pool.max_sessions_per_browser)),
            ("pool.ceiling", u64::from(self.pool.ceiling)),
            ("pool.adaptive_sessions_min", u64::from(self.pool.adaptive_sessions_min)),
            ("pool.sessions_per_browser_life", u64::from(self.pool.sessions_per_browser_life)),
            ("session.idle_ms_max", self.session.idle_ms_max),
            ("session.life_ms_max", self.session.life_ms_max),
            ("session.tabs_max", self.session.tabs_max as u64),
            ("session.calls_waiting_max", self.session.calls_waiting_max as u64),
            ("browser.launch_deadline_ms", self.browser.launch_deadline_ms),
            ("browser.command_deadline_ms", self.browser.command_deadline_ms),
            ("mcp.hold_ms_max", self.mcp.hold_ms_max),
            ("approval.ttl_ms", self.approval.ttl_ms),
            ("approval.pending_max", self.approval.pending_max as u64),
            ("live.fps_max", u64::from(self.live.fps_max)),
            ("live.frames_in_flight_max", u64::from(self.live.frames_in_flight_max)),
            ("live.viewer_stall_ms", self.live.viewer_stall_ms),
            ("live.ping_ms", self.live.ping_ms),
            ("live.scalers_max", self.live.scalers_max as u64),
            ("files.files_max", self.files.files_max as u64),
            ("files.file_bytes_max", self.files.file_bytes_max),
            ("files.bytes_max", self.files.bytes_max),
            ("files.total_bytes_max", self.files.total_bytes_max),
            ("files.link_ms", self.files.link_ms),
            ("http.connections_max", self.http.connections_max as u64),
            ("http.header_ms_max", self.http.header_ms_max),
            ("http.idle_ms_max", self.http.idle_ms_max),
            ("http.body_idle_ms_max", self.http.body_idle_ms_max),
            ("log.lines_waiting_max", self.log.lines_waiting_max as u64),
        ];
        if let Some((key, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::new(*key, format!("{key} is 0"), "Give it at least 1."));
        }
        let out_of_range = |key: &'static str, value: String, range: &str| {
            Err(ConfigError::new(key, format!("{key} is {value}"), format!("Give it a value from {range}.")))
        };
        if !(1..=100).contains(&self.live.quality) {
            return out_of_range("live.quality", self.live.quality.to_string(), "1 to 100");
        }
        if self.http.header_bytes_max < 8 << 10 {
            return out_of_range("http.header_bytes_max", self.http.header_bytes_max.to_string(), "8192 up");
        }
        for (key, value) in [
            ("browser.viewport_width", self.browser.viewport_width),
            ("browser.viewport_height", self.browser.viewport_height),
            ("live.width_max", self.live.width_max),
            ("live.height_max", self.live.height_max),
        ] {
            if !(64..=8_192).contains(&value) {
                return out_of_range(key, value.to_string(), "64 to 8192");
            }
        }
        if let Some((key, what, how)) = self.pool.fault() {
            return Err(ConfigError::new(key, what, how));
        }
        if let Some(root) = self.files.roots.iter().find(|root| !root.is_absolute()) {
            return Err(ConfigError::new(
                "files.roots",
                format!("{} is no absolute path", root.display()),
                "Name each folder from / on.",
            ));
        }
        for arg in &self.browser.args {
            let name = arg.split('=').next().unwrap_or(arg);
            let refused = [
                "--no-sandbox",
                "--disable-web-security",
                "--remote-debugging-port",
                "--remote-debugging-address",
                "--single-process",
            ];
            if !arg.starts_with("--") || refused.contains(&name) {
                return Err(ConfigError::new(
                    "browser.args",
                    format!("{arg} is not accepted"),
                    "Only arguments that begin with -- and weaken no protection; the sandbox has its own setting, browser.sandbox.",
                ));
            }
        }
        if let Some((key, what, how)) = self.share.fault().or_else(|| self.telemetry.fault()) {
            return Err(ConfigError::new(key, what, how));
        }
        let public = self.http.public_url.as_str();
        let parsed = url::Url::parse(public).ok();
        if !public.is_empty()
            && !parsed.is_some_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
            })
        {
            return Err(ConfigError::new(
                "http.public_url",
                format!("\"{public}\" is no origin"),
                "Write scheme, host and port only, as in https://watch.example.org.",
            ));
        }
        webhook::check(&self.webhook)
    }
}

/// Is any key configured, in the store or by `HELMWATCH_ADMIN_KEY`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    Configured,
    None,
}

fn data_home(environment: &[(String, String)]) -> PathBuf {
    let set =
        |name: &str| environment.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value);
    match (set("XDG_DATA_HOME"), set("HOME")) {
        (Some(data), _) => Path::new(data).join("helmwatch"),
        (None, Some(home)) => Path::new(home).join(".local/share/helmwatch"),
        (None, None) => PathBuf::from("helmwatch-data"),
    }
}

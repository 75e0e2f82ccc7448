//! The command line: what can be said, and how it becomes settings.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError, Flag};

/// Agents at the helm, people on watch: a pool of headless Chromium for agents, seen live and approved by people.
#[derive(Debug, Parser)]
#[command(name = "helmwatch", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve agents over MCP and people over the viewer.
    Serve(Settings),
    /// The same for one local agent over standard input and output, with the live view on a loopback port.
    Mcp(Settings),
    /// Check this machine: Chromium, its sandbox, shared memory, fonts, descriptors.
    Doctor(Settings),
    /// Make, list and revoke keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Check and export the record of what happened.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Work with policy files.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Work with the webhooks of the settings.
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },
}

/// `helmwatch webhook …`
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Send one message to each webhook, once, and say what came back.
    Test {
        /// Only this one, by its name.
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

/// `helmwatch keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it: the only time it is shown.
    Create {
        /// Who uses it, as in ci-agent.
        #[arg(long)]
        name: String,
        /// agent, view, approve, control or admin; can be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Whose sessions it sees; tenants never see each other's.
        #[arg(long, default_value = crate::auth::Tenant::DEFAULT)]
        tenant: String,
        /// Days after which it is no longer good; never when absent.
        #[arg(long, value_name = "DAYS")]
        expires_days: Option<u64>,
        /// Toolsets beside core where the URL names none, as in vision,storage.
        #[arg(long, value_name = "TOOLSETS")]
        caps: Option<String>,
        /// What becomes of snapshots where URL and call say nothing: inline, diff, file or none.
        #[arg(long, value_name = "MODE")]
        snapshot: Option<String>,
        /// Tokens of an answer where URL and call say nothing.
        #[arg(long, value_name = "TOKENS")]
        max_tokens: Option<u32>,
        /// Let the agent's own client ask its user about this key's held calls (MCP elicitation), beside people in the viewer. Its
        /// answer counts and proves no person: only for agents whose program you trust as much as whoever sits before it.
        #[arg(long)]
        may_elicit: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// List all keys, without their secrets.
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Revoke a key by its id.
    Revoke {
        /// As `helmwatch keys list` shows it.
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// `helmwatch audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Read every line and check that none was changed, removed, inserted or moved; print the head.
    Verify {
        /// A head printed earlier and kept elsewhere: the audit must still hold it.
        #[arg(long, value_name = "LINE:HASH")]
        expect: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print every line as one JSON object, oldest first.
    Export {
        /// Only lines after this number.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        settings: Settings,
    },
}

/// `helmwatch policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Read a policy file as the service would and list its rules.
    Check {
        /// A TOML file, or open, careful, strict.
        file: String,
    },
    /// Say what a policy answers to a call, and which of its rules speak about it.
    Explain(Box<ExplainedCall>),
}

/// A call as a policy sees it.
#[derive(Debug, Args)]
pub struct ExplainedCall {
    /// A TOML file, or open, careful, strict.
    pub file: String,
    /// As in browser_click; page_request for what a page sends by itself.
    pub tool: String,
    /// read, act or send [default: act; send for page_request].
    #[arg(long)]
    pub effect: Option<String>,
    /// Tenant of the key that calls.
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// Name or id of the key that calls.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub key: String,
    /// HTTP method of a page_request [default: POST].
    #[arg(long)]
    pub method: Option<String>,
    /// How a page_request is sent: form, script or beacon [default: script].
    #[arg(long, value_name = "KIND")]
    pub request: Option<String>,
    /// Address of the page it acts on.
    #[arg(long, value_name = "URL")]
    pub page: Option<String>,
    /// Where it goes, when it names an address itself.
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// Role of the element it acts on, as in button; a snapshot shows it.
    #[arg(long)]
    pub role: Option<String>,
    /// Accessible name of the element.
    #[arg(long)]
    pub name: Option<String>,
    /// What the element is for, when it is a field: text, password, card, one_time_code, email, file, search, other.
    #[arg(long, value_name = "KIND")]
    pub field: Option<String>,
    /// Where the element leads, when it is a link.
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
    /// Does pressing it start a download?
    #[arg(long)]
    pub downloads: bool,
    /// Does pressing it submit its form?
    #[arg(long)]
    pub submits: bool,
    /// Where its form is sent.
    #[arg(long, value_name = "URL")]
    pub form: Option<String>,
    /// How its form is sent.
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    pub form_method: String,
    /// A kind of field of its form that is filled; can be given several times.
    #[arg(long, value_name = "KIND")]
    pub form_holds: Vec<String>,
    /// A text it types, chooses or runs; can be given several times.
    #[arg(long, value_name = "TEXT")]
    pub value: Vec<String>,
    /// Does it hand over files?
    #[arg(long)]
    pub uploads: bool,
}

/// Flags that set something, over the file and the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Address and port to listen at [default: 127.0.0.1:7800].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// A TOML file with settings.
    #[arg(long, value_name = "FILE", env = "HELMWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder for the database [default: ~/.local/share/helmwatch].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Rules for calls: open, careful, strict, or a file [default: careful].
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// A private address a page may reach; can be given several times.
    #[arg(long, value_name = "HOST_OR_CIDR[:PORT]")]
    pub egress_allow: Vec<String>,
    /// Any other setting, as in pool.max_sessions=8; can be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Settings {
    /// Reads all settings: defaults < file < environment < these flags.
    ///
    /// # Errors
    /// [`ConfigError`] naming what is wrong and where it was written.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut flags = Vec::new();
        let mut flag = |flag: &str, key: &str, text: String| {
            flags.push(Flag { flag: flag.to_owned(), key: key.to_owned(), text });
        };
        for pair in &self.set {
            let (key, text) = pair.split_once('=').ok_or_else(|| ConfigError {
                source: "flag --set".to_owned(),
                what: format!("\"{pair}\" is no KEY=VALUE"),
                how: "Write it as in --set pool.max_sessions=8.".to_owned(),
            })?;
            flag("--set", key, text.to_owned());
        }
        if let Some(listen) = &self.listen {
            flag("--listen", "listen", listen.clone());
        }
        if let Some(folder) = &self.data_dir {
            flag("--data-dir", "data_dir", folder.to_string_lossy().into_owned());
        }
        if let Some(policy) = &self.policy {
            flag("--policy", "policy", policy.clone());
        }
        if !self.egress_allow.is_empty() {
            flag("--egress-allow", "egress.allow", self.egress_allow.join(","));
        }
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Config::load(self.config.as_deref(), environment, &flags)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let cli = Cli::parse_from([
            "helmwatch",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--policy",
            "strict",
            "--egress-allow",
            "127.0.0.1:8080",
            "--egress-allow",
            "10.0.0.0/8",
            "--set",
            "pool.max_sessions=3",
        ]);
        let Command::Serve(settings) = cli.command else { panic!("serve") };
        let config = settings.load().unwrap();
        assert_eq!((config.listen.port(), config.policy.as_str(), config.pool.max_sessions), (0, "strict", 3));
        assert_eq!(config.egress.allow, ["127.0.0.1:8080", "10.0.0.0/8"]);
    }

    #[test]
    fn a_flag_that_sets_nothing_known_is_named() {
        let wrong = |text: &str| Settings { set: vec![text.to_owned()], ..Settings::default() }.load().unwrap_err();
        assert_eq!(wrong("pool.max=3").source, "flag --set");
        assert!(wrong("pool").what.contains("KEY=VALUE"));
    }
}

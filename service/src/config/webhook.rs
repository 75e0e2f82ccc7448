//! `[[webhook]]`: who is told elsewhere that something waits for a person.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Most webhooks of one service: each costs a queue and, at worst, eight open connections.
pub const WEBHOOKS_MAX: usize = 16;

/// What every secret of the Standard Webhooks convention begins with.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes a secret may have, by the same convention.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// One address that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// What it is called in the log, in metrics and on the command line.
    pub name: String,
    /// Where it is sent. Of some receivers the address itself is a secret: then name a variable in `url_env`.
    pub url: Hidden,
    /// Environment variable that holds the address; in place of `url`.
    pub url_env: String,
    /// What it is signed with: `whsec_` and the base64 of 24 to 64 random bytes. Must be given for `generic`.
    pub secret: Hidden,
    /// Environment variable that holds the secret; in place of `secret`.
    pub secret_env: String,
    pub format: WebhookFormat,
    /// Which events are sent; all of them when empty.
    pub events: Vec<WebhookEvent>,
    /// Only what is this tenant's; every tenant's when empty.
    pub tenant: String,
    /// Milliseconds one attempt may take, from looking up the name to the end of the answer.
    pub deadline_ms: u64,
    /// How often one message is tried in all.
    pub attempts_max: u32,
    /// Milliseconds before the second attempt; each further wait is twice as long, at most a minute, less up to half by chance.
    pub retry_ms: u64,
    /// Messages that may wait; when it is full the next is dropped and counted.
    pub queue_max: usize,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: Hidden::default(),
            url_env: String::new(),
            secret: Hidden::default(),
            secret_env: String::new(),
            format: WebhookFormat::Generic,
            events: Vec::new(),
            tenant: String::new(),
            deadline_ms: 10_000,
            attempts_max: 6,
            retry_ms: 1_000,
            queue_max: 256,
        }
    }
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// JSON of ours: `type`, `timestamp`, `data`.
    Generic,
    /// As Slack's incoming webhooks take it, and others that are compatible: `text` and `blocks`.
    Slack,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WebhookEvent {
    /// A call was held and waits for a person's decision.
    #[serde(rename = "approval.waiting")]
    ApprovalWaiting,
    /// It was decided, or nobody can decide it any more.
    #[serde(rename = "approval.ended")]
    ApprovalEnded,
    /// An agent asked a person to do something in its browser.
    #[serde(rename = "handoff.waiting")]
    HandoffWaiting,
    /// A person said how that went, or nobody can any more.
    #[serde(rename = "handoff.ended")]
    HandoffEnded,
}

impl WebhookEvent {
    /// The word in settings, messages and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApprovalWaiting => "approval.waiting",
            Self::ApprovalEnded => "approval.ended",
            Self::HandoffWaiting => "handoff.waiting",
            Self::HandoffEnded => "handoff.ended",
        }
    }
}

/// A text that is shown nowhere: not in a log, not in a dump of the settings.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself, for whoever uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(hidden)" })
    }
}

impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "(hidden)" })
    }
}

/// The key of a `whsec_…` text, and an address that can be sent to: what must be right wherever they were written.
///
/// # Errors
/// What is wrong and what to do; neither names the text itself.
pub fn webhook_secret(text: &str) -> Result<Vec<u8>, (String, String)> {
    let bytes = text.strip_prefix(SECRET_PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok());
    bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).ok_or_else(|| {
        (
            format!(
                "is not {SECRET_PREFIX} and the base64 of {} to {} bytes",
                SECRET_BYTES.start(),
                SECRET_BYTES.end()
            ),
            "Make one: echo \"whsec_$(openssl rand -base64 32)\"; the receiver is given the same text.".to_owned(),
        )
    })
}

/// See [`webhook_secret`].
///
/// # Errors
/// What is wrong and what to do.
pub fn webhook_url(text: &str) -> Result<url::Url, (String, String)> {
    url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()).ok_or_else(
        || ("is no http or https address".to_owned(), "Write it as in https://hooks.example.org/helmwatch.".to_owned()),
    )
}

/// Checks all of them, each by itself and their names against one another.
pub(super) fn check(hooks: &[WebhookConfig]) -> Result<(), ConfigError> {
    let wrong =
        |key: &str, what: String, how: &str| Err(ConfigError::new("webhook", format!("webhook.{key} {what}"), how));
    if hooks.len() > WEBHOOKS_MAX {
        return wrong("*", format!("is there {} times", hooks.len()), "Keep at most 16 of them.");
    }
    let mut names = HashSet::new();
    for hook in hooks {
        let name = hook.name.as_str();
        let plain = !name.is_empty()
            && name.len() <= 40
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !plain || !names.insert(name) {
            let what = format!("\"{}\" is no name of its own", name.chars().take(40).collect::<String>());
            return wrong("name", what, "Give each webhook another name of letters, digits, - and _.");
        }
        let of = |key: &str| format!("of \"{name}\": {key}");
        for (direct, variable, key) in [(&hook.url, &hook.url_env, "url"), (&hook.secret, &hook.secret_env, "secret")] {
            if !direct.is_empty() && !variable.is_empty() {
                let what = of(&format!("{key} and {key}_env are both given"));
                return wrong(key, what, "Keep one of them.");
            }
            if variable.starts_with("HELMWATCH_") {
                let what = of("names beginning with HELMWATCH_ are settings");
                return wrong(&format!("{key}_env"), what, "Name another variable.");
            }
        }
        if hook.url.is_empty() && hook.url_env.is_empty() {
            return wrong("url", of("there is none"), "Give it url, or url_env with the name of a variable.");
        }
        if hook.format == WebhookFormat::Generic && hook.secret.is_empty() && hook.secret_env.is_empty() {
            let how = "Give it secret or secret_env, so that the receiver can tell our messages from forged ones.";
            return wrong("secret", of("there is none"), how);
        }
        let checked = [
            ("url", hook.url.is_empty().then_some(()).map_or_else(|| webhook_url(hook.url.expose()).map(drop), Ok)),
            (
                "secret",
                hook.secret.is_empty().then_some(()).map_or_else(|| webhook_secret(hook.secret.expose()).map(drop), Ok),
            ),
        ];
        for (key, checked) in checked {
            if let Err((what, how)) = checked {
                return wrong(key, of(&what), &how);
            }
        }
        for (key, value, range) in [
            ("deadline_ms", hook.deadline_ms, 100..=60_000),
            ("attempts_max", u64::from(hook.attempts_max), 1..=20),
            ("retry_ms", hook.retry_ms, 10..=60_000),
            ("queue_max", hook.queue_max as u64, 1..=10_000),
        ] {
            if !range.contains(&value) {
                let how = format!("Give it a value from {} to {}.", range.start(), range.end());
                return wrong(key, of(&value.to_string()), &how);
            }
        }
    }
    Ok(())
}

//! One webhook, ready to be used: its address and its key are known and good.

use std::fmt;
use std::time::Duration;

use http::Uri;

use super::{News, Occasion, generic, slack};
use crate::config::{WebhookConfig, WebhookEvent, WebhookFormat, webhook_secret, webhook_url};

/// A webhook that cannot be used. Two lines: what, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("webhook \"{name}\": {what}\n{how}")]
pub struct HookError {
    pub name: String,
    pub what: String,
    pub how: String,
}

/// One webhook.
#[derive(Clone)]
pub struct Hook {
    pub(super) name: String,
    pub(super) address: Uri,
    /// What its messages are signed with.
    pub(super) key: Option<Vec<u8>>,
    format: WebhookFormat,
    events: Vec<WebhookEvent>,
    tenant: String,
    pub(super) deadline: Duration,
    pub(super) attempts_max: u32,
    pub(super) retry: Duration,
    pub(super) queue_max: usize,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Hook {
    /// Reads a webhook's settings; `variable` looks up what they keep in the environment.
    ///
    /// # Errors
    /// [`HookError`]: a variable is not set, or holds no address or no secret.
    pub fn of(config: &WebhookConfig, variable: impl Fn(&str) -> Option<String>) -> Result<Self, HookError> {
        let wrong = |what: String, how: String| HookError { name: config.name.clone(), what, how };
        let read = |direct: &str, name: &str| match name {
            "" => Ok(direct.to_owned()),
            name => variable(name).filter(|text| !text.is_empty()).ok_or_else(|| {
                wrong(
                    format!("the environment variable {name} is not set"),
                    "Set it where the service is started.".to_owned(),
                )
            }),
        };
        let url = read(config.url.expose(), &config.url_env)?;
        let url = webhook_url(&url).map_err(|(what, how)| wrong(format!("its address {what}"), how))?;
        let address = url.as_str().parse::<Uri>().map_err(|_| {
            wrong(
                "its address cannot be sent to".to_owned(),
                "Write it without spaces and without a user name.".to_owned(),
            )
        })?;
        let secret = read(config.secret.expose(), &config.secret_env)?;
        let key = match secret.as_str() {
            "" => None,
            text => Some(webhook_secret(text).map_err(|(what, how)| wrong(format!("its secret {what}"), how))?),
        };
        Ok(Self {
            name: config.name.clone(),
            address,
            key,
            format: config.format,
            events: config.events.clone(),
            tenant: config.tenant.clone(),
            deadline: Duration::from_millis(config.deadline_ms),
            attempts_max: config.attempts_max,
            retry: Duration::from_millis(config.retry_ms),
            queue_max: config.queue_max,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does it go over TLS?
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.address.scheme() == Some(&http::uri::Scheme::HTTPS)
    }

    /// Is it told of this?
    pub(super) fn wants(&self, news: &News) -> bool {
        let event = match news.occasion {
            Occasion::Event(event) => self.events.is_empty() || self.events.contains(&event),
            Occasion::Test => true,
        };
        event && (self.tenant.is_empty() || self.tenant == news.tenant)
    }

    /// The message as it is sent.
    pub(super) fn body(&self, news: &News) -> Vec<u8> {
        match self.format {
            WebhookFormat::Generic => generic::body(news),
            WebhookFormat::Slack => slack::body(news),
        }
    }
}

//! The cookies of a context (`Storage.getCookies`, `setCookies`, `clearCookies`; `Network.deleteCookies` for single ones).

use std::borrow::Cow;

use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::network::{CookieParam, CookiePartitionKey, CookieSameSite, TimeSinceEpoch};
use chromiumoxide::cdp::browser_protocol::storage::{ClearCookiesParams, SetCookiesParams};
use chromiumoxide::types::{Command, Method, MethodId};
use serde::{Deserialize, Serialize};

use super::Context;
use crate::browser::BrowserError;

/// When a cookie is sent along from other sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

impl SameSite {
    /// As in `Lax`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// The site at the top of the tab for which a partitioned cookie was set (CHIPS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub top_level_site: String,
    pub cross_site_ancestor: bool,
}

/// One cookie: its value is a secret of the session.
#[derive(Debug, Clone, PartialEq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    /// With a dot before it when it is for subdomains too.
    pub domain: String,
    pub path: String,
    /// Seconds since the Unix epoch; `None` for one that ends with the session.
    pub expires: Option<f64>,
    pub http_only: bool,
    pub secure: bool,
    /// `None` when its site did not say.
    pub same_site: Option<SameSite>,
    pub partition: Option<Partition>,
}

/// `Storage.getCookies`, with an answer that takes newer Chromium's additions.
#[derive(Serialize)]
struct GetCookies {
    #[serde(rename = "browserContextId")]
    context: String,
}

impl Method for GetCookies {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed("Storage.getCookies")
    }
}

impl Command for GetCookies {
    type Response = Got;
}

#[derive(Debug, Deserialize)]
struct Got {
    cookies: Vec<Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    name: String,
    value: String,
    domain: String,
    path: String,
    #[serde(default)]
    expires: Option<f64>,
    #[serde(default)]
    http_only: bool,
    #[serde(default)]
    secure: bool,
    #[serde(default)]
    session: bool,
    #[serde(default)]
    same_site: Option<String>,
    #[serde(default)]
    partition_key: Option<RawPartition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPartition {
    top_level_site: String,
    #[serde(default)]
    has_cross_site_ancestor: bool,
}

impl From<Raw> for Cookie {
    fn from(raw: Raw) -> Self {
        Self {
            name: raw.name,
            value: raw.value,
            domain: raw.domain,
            path: raw.path,
            expires: raw.expires.filter(|at| !raw.session && *at >= 0.0),
            http_only: raw.http_only,
            secure: raw.secure,
            same_site: match raw.same_site.as_deref() {
                Some("Strict") => Some(SameSite::Strict),
                Some("Lax") => Some(SameSite::Lax),
                Some("None") => Some(SameSite::None),
                _ => None,
            },
            partition: raw.partition_key.map(|key| Partition {
                top_level_site: key.top_level_site,
                cross_site_ancestor: key.has_cross_site_ancestor,
            }),
        }
    }
}

impl Cookie {
    fn param(&self) -> CookieParam {
        let mut param = CookieParam::new(self.name.clone(), self.value.clone());
        param.domain = Some(self.domain.clone());
        param.path = Some(self.path.clone());
        param.secure = Some(self.secure);
        param.http_only = Some(self.http_only);
        param.expires = self.expires.map(TimeSinceEpoch::new);
        param.same_site = self.same_site.map(|same| match same {
            SameSite::Strict => CookieSameSite::Strict,
            SameSite::Lax => CookieSameSite::Lax,
            SameSite::None => CookieSameSite::None,
        });
        param.partition_key = self
            .partition
            .as_ref()
            .map(|key| CookiePartitionKey::new(key.top_level_site.clone(), key.cross_site_ancestor));
        param
    }
}

impl Context {
    /// Its cookies, of all sites, in Chromium's order.
    ///
    /// # Errors
    /// As the connection.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, BrowserError> {
        let got = self.ask(&GetCookies { context: self.id().to_owned() }).await?;
        Ok(got.cookies.into_iter().map(Cookie::from).collect())
    }

    /// Sets cookies: all of them, or none when Chromium refuses one.
    ///
    /// # Errors
    /// `Page` (`bad_cookie`) with Chromium's words.
    pub async fn set_cookies(&self, cookies: &[Cookie]) -> Result<(), BrowserError> {
        if cookies.is_empty() {
            return Ok(());
        }
        let mut set = SetCookiesParams::new(cookies.iter().map(Cookie::param).collect());
        set.browser_context_id = Some(BrowserContextId::from(self.id().to_owned()));
        match self.ask(&set).await {
            Ok(_) => Ok(()),
            Err(BrowserError::Refused { message, .. }) => Err(BrowserError::Page {
                code: "bad_cookie".to_owned(),
                message: format!(
                    "the browser does not take this cookie ({message}); check its name, domain, path and that SameSite=None is \
                     secure"
                ),
            }),
            Err(error) => Err(error),
        }
    }

    /// Removes all cookies.
    ///
    /// # Errors
    /// As the connection.
    pub async fn clear_cookies(&self) -> Result<(), BrowserError> {
        let clear = ClearCookiesParams { browser_context_id: Some(BrowserContextId::from(self.id().to_owned())) };
        self.ask(&clear).await.map(drop)
    }

    /// Removes these cookies and no other: each is set anew with a time that is over, which is how sites remove theirs.
    ///
    /// # Errors
    /// As [`Self::set_cookies`].
    pub async fn remove_cookies(&self, cookies: &[Cookie]) -> Result<(), BrowserError> {
        let over: Vec<_> = cookies
            .iter()
            .map(|cookie| Cookie { expires: Some(1.0), value: String::new(), ..cookie.clone() })
            .collect();
        self.set_cookies(&over).await
    }
}

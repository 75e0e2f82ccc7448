//! `browser_cookie_set`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::policy::Effect;
use crate::session::{Cookie, SameSite};
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, ToolError, WithModal, now_ms};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    name: String,
    value: String,
    /// The page's host when left out
    #[serde(default)]
    domain: Option<String>,
    /// Default: /
    #[serde(default)]
    path: Option<String>,
    /// Seconds since 1970; without, it ends with the session
    #[serde(default)]
    expires: Option<f64>,
    #[serde(default)]
    http_only: Option<bool>,
    #[serde(default)]
    secure: Option<bool>,
    #[serde(default)]
    same_site: Option<Same>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
enum Same {
    Strict,
    Lax,
    None,
}

impl From<Same> for SameSite {
    fn from(same: Same) -> Self {
        match same {
            Same::Strict => Self::Strict,
            Same::Lax => Self::Lax,
            Same::None => Self::None,
        }
    }
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Storage,
        "browser_cookie_set",
        "Set a cookie",
        "Set a cookie in the session.",
        Hints::ACT,
        |a: Arguments| {
            if a.name.is_empty() && a.value.is_empty() {
                return Err(ToolError::arguments("browser_cookie_set", "a cookie needs a name or a value."));
            }
            let domain = a.domain.as_deref().unwrap_or_default();
            if !domain.is_empty() && url::Host::parse(domain.strip_prefix('.').unwrap_or(domain)).is_err() {
                return Err(ToolError::arguments("browser_cookie_set", "domain is no host name."));
            }
            let value = a.value.clone();
            let prepared = Prepared::page(Effect::Act, "Set a cookie", move |turn| async move {
                let domain = match a.domain.as_deref().filter(|domain| !domain.is_empty()) {
                    Some(domain) => domain.to_owned(),
                    None => host(&turn.page()?.url())?,
                };
                let path = a.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
                let code = code(&a, &domain, &path);
                let cookie = Cookie {
                    name: a.name,
                    value: a.value,
                    domain,
                    path,
                    expires: a.expires.filter(|at| *at >= 0.0),
                    http_only: a.http_only.unwrap_or(false),
                    secure: a.secure.unwrap_or(false),
                    same_site: a.same_site.map(SameSite::from),
                    partition: None,
                };
                turn.session.set_cookies(std::slice::from_ref(&cookie)).await?;
                // The browser says yes to some cookies and then keeps none; only looking tells.
                let is_it = |kept: &Cookie| kept.name == cookie.name && kept.value == cookie.value;
                let over = cookie.expires.is_some_and(|at| at * 1000.0 <= now_ms() as f64);
                if !over && !turn.session.cookies().await?.iter().any(is_it) {
                    return Err(ToolError::new(
                        "bad_cookie",
                        "The browser did not keep this cookie.",
                        "Check its domain and path, and that SameSite=None and names with __Secure- or __Host- are secure.",
                    ));
                }
                Ok(Answer::code(code))
            });
            Ok(prepared.with(&value).modal(WithModal::Fine))
        },
    )
}

/// The host of the page, for a cookie that names none.
fn host(url: &str) -> Result<String, ToolError> {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.filter(|host| !host.is_empty()).ok_or_else(|| {
        ToolError::new(
            "no_host",
            "The page is of no site, so the cookie has no domain.",
            "Give domain, or go to a page of the site first (browser_navigate).",
        )
    })
}

fn code(a: &Arguments, domain: &str, path: &str) -> String {
    let mut cookie = Map::new();
    let mut put = |name: &str, value: Value| cookie.insert(name.to_owned(), value);
    put("name", json!(a.name));
    put("value", json!(a.value));
    put("domain", json!(domain));
    put("path", json!(path));
    for (name, value) in [
        ("expires", a.expires.map(|at| json!(at))),
        ("httpOnly", a.http_only.map(Value::Bool)),
        ("secure", a.secure.map(Value::Bool)),
        ("sameSite", a.same_site.map(|same| json!(SameSite::from(same).word()))),
    ] {
        if let Some(value) = value {
            put(name, value);
        }
    }
    format!("await page.context().addCookies([{}]);", Value::Object(cookie))
}

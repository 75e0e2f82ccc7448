//! What a request says of itself besides its body: who asks, with which toolsets, for which session.
//!
//! Read anew from every request. Nothing is kept from the one before, not even within a session of the older eras.

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::ErrorData;
use rmcp::service::RequestContext;

use super::service::SESSION_HEADER;
use crate::auth::Caller;
use crate::auth::KeyTerms;
use crate::tools::{Capabilities, SessionChoice, Wishes};

/// Where the caller comes from.
pub(super) enum Identity {
    /// From each HTTP request.
    Request,
    /// Always the same: standard input has one other end.
    One(Caller),
}

/// What one request says of itself.
pub(super) struct Terms {
    pub caller: Caller,
    pub capabilities: Capabilities,
    /// How answers are to be given: the URL's word, else the key's.
    pub wishes: Wishes,
    /// Without the `session` argument, which is in the body.
    pub session: SessionChoice,
}

impl Terms {
    /// Reads them; `usual` are the toolsets of a URL that names none.
    ///
    /// # Errors
    /// When nobody stands behind the request, or its URL names a toolset that does not exist.
    pub(super) fn of(
        context: &RequestContext<RoleServer>,
        identity: &Identity,
        usual: &Capabilities,
    ) -> Result<Self, ErrorData> {
        if let Identity::One(caller) = identity {
            let (capabilities, wishes) = (usual.clone(), Wishes::default());
            return Ok(Self { caller: caller.clone(), capabilities, wishes, session: SessionChoice::default() });
        }
        let parts = context.extensions.get::<Parts>();
        // Unreachable behind `McpService`; closed all the same, because everything else rests on it.
        let (Some(parts), Some(caller)) = (parts, parts.and_then(|parts| parts.extensions.get::<Caller>())) else {
            return Err(ErrorData::invalid_request("No key came with this request.\nSend a key.", None));
        };
        let query = parts.uri.query().unwrap_or_default();
        let (mut caps, mut url, mut wishes) = (None, None, Wishes::default());
        let wrong = |name: &str, what: String| {
            ErrorData::invalid_params(format!("In this server's URL, {name}: {what}.\nCorrect the URL's {name}."), None)
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "caps" => caps = Some(value),
                "snapshot" => wishes.snapshot = Some(value.parse().map_err(|what| wrong("snapshot", what))?),
                "max_tokens" => {
                    wishes.tokens_max = Some(Wishes::tokens(&value).map_err(|what| wrong("max_tokens", what))?);
                }
                "session" if !value.is_empty() => url = Some(value.into_owned()),
                _ => {}
            }
        }
        let key = caller.terms();
        let capabilities = match caps {
            None => key.caps.as_deref().and_then(|words| words.parse().ok()).unwrap_or_else(|| usual.clone()),
            Some(words) => words.parse().map_err(|what| wrong("caps", what))?,
        };
        let legacy = if remembers(context) {
            parts.headers.get(SESSION_HEADER).and_then(|id| id.to_str().ok()).map(str::to_owned)
        } else {
            None
        };
        let wishes = wishes.or(wishes_of(key));
        Ok(Self {
            caller: caller.clone(),
            capabilities,
            wishes,
            session: SessionChoice { argument: None, url, legacy },
        })
    }
}

/// The words were checked when the key was made; one of another version that is none any more says nothing.
fn wishes_of(key: &KeyTerms) -> Wishes {
    Wishes {
        snapshot: key.snapshot.as_deref().and_then(|word| word.parse().ok()),
        tokens_max: key.max_tokens.and_then(|tokens| usize::try_from(tokens).ok()),
    }
}

/// Does the service remember this client, as the older eras have it?
fn remembers(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_none_or(|version| version.has_initialize())
}

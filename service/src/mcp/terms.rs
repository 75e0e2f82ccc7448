//! What a request says of itself besides its body: who asks, with which toolsets, for which session.
//!
//! Read anew from every request. Nothing is kept from the one before, not even within a session of the older eras.

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::model::ErrorData;
use rmcp::service::RequestContext;

use super::service::SESSION_HEADER;
use crate::auth::Caller;
use crate::tools::{Capabilities, SessionChoice};

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
            return Ok(Self { caller: caller.clone(), capabilities: usual.clone(), session: SessionChoice::default() });
        }
        let parts = context.extensions.get::<Parts>();
        // Unreachable behind `McpService`; closed all the same, because everything else rests on it.
        let (Some(parts), Some(caller)) = (parts, parts.and_then(|parts| parts.extensions.get::<Caller>())) else {
            return Err(ErrorData::invalid_request("No key came with this request.\nSend a key.", None));
        };
        let query = parts.uri.query().unwrap_or_default();
        let (mut caps, mut url) = (None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "caps" => caps = Some(value),
                "session" if !value.is_empty() => url = Some(value.into_owned()),
                _ => {}
            }
        }
        let capabilities = match caps {
            None => usual.clone(),
            Some(words) => words.parse().map_err(|wrong: String| {
                ErrorData::invalid_params(
                    format!("In this server's URL, caps: {wrong}.\nCorrect the URL's caps."),
                    None,
                )
            })?,
        };
        let legacy = if remembers(context) {
            parts.headers.get(SESSION_HEADER).and_then(|id| id.to_str().ok()).map(str::to_owned)
        } else {
            None
        };
        Ok(Self { caller: caller.clone(), capabilities, session: SessionChoice { argument: None, url, legacy } })
    }
}

/// Does the service remember this client, as the older eras have it?
fn remembers(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_none_or(|version| version.has_initialize())
}

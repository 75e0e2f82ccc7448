//! Knowing what a person types into secret fields, so that it can be kept from everybody else.
//!
//! Our script tells it through a binding of our own world, before the page's own handlers run and whatever becomes of the document
//! afterwards: a login form is gone long before the person hands back.

use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, RemoveScriptToEvaluateOnNewDocumentParams, ScriptIdentifier,
};
use chromiumoxide::cdp::js_protocol::runtime::{AddBindingParams, RemoveBindingParams};
use serde::Deserialize;

use super::Page;
use super::scripting::WORLD;
use crate::browser::cdp::CdpSession;
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};

/// Name of the binding; `secrets.js` has it too.
pub(super) const BINDING: &str = "__helmwatchSecret";

/// A CDP session that listens.
pub(super) struct Guarding {
    session: CdpSession,
    script: ScriptIdentifier,
}

/// What a secret field holds now.
#[derive(Deserialize)]
struct Typed {
    /// The field's number, of its document's own.
    field: u64,
    value: String,
}

impl Page {
    /// A person drives: from now on it is known what they type into secret fields. Does nothing when that is so already.
    ///
    /// # Errors
    /// As the connection; then nothing of a person's may be typed.
    pub async fn guard(&self) -> Result<(), BrowserError> {
        let mut guarded = self.guarded.lock().await;
        if guarded.is_some() {
            return Ok(());
        }
        let sessions: Vec<CdpSession> = {
            let state = lock(&self.state);
            let mut sessions = vec![self.session.clone()];
            for frame in state.frames.values() {
                if sessions.iter().all(|known| known.id() != frame.session.id()) {
                    sessions.push(frame.session.clone());
                }
            }
            sessions
        };
        let mut guarding = Vec::with_capacity(sessions.len());
        for session in sessions {
            guarding.push(guard_on(&session).await?);
        }
        *guarded = Some(guarding);
        Ok(())
    }

    /// A frame of another process has come: it listens when the others do.
    pub(super) async fn guard_too(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let mut guarded = self.guarded.lock().await;
        let Some(guarding) = guarded.as_mut() else { return Ok(()) };
        if guarding.iter().all(|known| known.session.id() != session.id()) {
            guarding.push(guard_on(session).await?);
        }
        Ok(())
    }

    /// The person is done: nothing is told any more, and what they typed is drawn as dots. What does not answer is left alone.
    pub async fn unguard(&self) {
        let Some(guarding) = self.guarded.lock().await.take() else { return };
        for Guarding { session, script } in guarding {
            session.post(&RemoveScriptToEvaluateOnNewDocumentParams::new(script));
            session.post(&RemoveBindingParams::new(BINDING));
            // A script for new documents that runs at once runs in every frame of its process that there is.
            let concealed = async {
                let conceal = everywhere("globalThis.__helmwatch?.guard({ on: false });".to_owned())?;
                let conceal = self.unless_dialog(session.execute(conceal)).await?;
                session.post(&RemoveScriptToEvaluateOnNewDocumentParams::new(conceal.identifier));
                Ok::<_, BrowserError>(())
            };
            if let Err(error) = concealed.await {
                tracing::debug!(%error, "a page did not conceal what a person typed");
            }
        }
    }

    /// Our script told what a secret field holds.
    pub(super) fn told_secret(&self, payload: &str) {
        let Some(context) = self.context.upgrade().filter(|context| context.is_private()) else { return };
        match serde_json::from_str::<Typed>(payload) {
            Ok(Typed { field, value }) => context.secret_typed((self.number, field), &value),
            // Never the payload itself.
            Err(_) => tracing::debug!("what was typed into a secret field was not understood"),
        }
    }
}

async fn guard_on(session: &CdpSession) -> Result<Guarding, BrowserError> {
    let binding =
        AddBindingParams::builder().name(BINDING).execution_context_name(WORLD).build().map_err(impossible)?;
    session.execute(binding).await?;
    let source = format!("{};\nglobalThis.__helmwatch.guard({{ on: true }});", *page_script::SOURCE);
    let script = session.execute(everywhere(source)?).await?.identifier;
    Ok(Guarding { session: session.clone(), script })
}

/// Runs in our world of every document there is and will be.
fn everywhere(source: String) -> Result<AddScriptToEvaluateOnNewDocumentParams, BrowserError> {
    let script = AddScriptToEvaluateOnNewDocumentParams::builder().source(source).world_name(WORLD);
    script.run_immediately(true).build().map_err(impossible)
}

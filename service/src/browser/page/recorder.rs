//! Listening to what a person does on a tab, for a recording.
//!
//! Our script tells it through a binding of our own world (`Runtime.addBinding`): the page has no such binding and cannot make steps
//! up.

use chromiumoxide::cdp::browser_protocol::page::{
    AddScriptToEvaluateOnNewDocumentParams, RemoveScriptToEvaluateOnNewDocumentParams, ScriptIdentifier,
};
use chromiumoxide::cdp::js_protocol::runtime::{AddBindingParams, RemoveBindingParams};

use super::Page;
use super::scripting::WORLD;
use crate::browser::cdp::{CdpSession, Event};
use crate::browser::context::recording::Told;
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};

/// Name of the binding; `record.js` has it too.
pub(super) const BINDING: &str = "__helmwatchTell";
/// Longest step read, bytes.
const STEP_BYTES_MAX: usize = 64 << 10;

/// A CDP session that listens.
pub(super) struct Listening {
    session: CdpSession,
    script: ScriptIdentifier,
}

/// All that is needed of `Runtime.bindingCalled`.
#[derive(serde::Deserialize)]
struct Called {
    name: String,
    payload: String,
}

impl Page {
    /// Listens in every document there is and will be, of the tab and of its frames in other processes.
    pub(in crate::browser) async fn record(&self) -> Result<(), BrowserError> {
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
        for session in sessions {
            self.record_on(&session).await?;
        }
        Ok(())
    }

    /// Listens in the documents of one CDP session.
    pub(super) async fn record_on(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let binding =
            AddBindingParams::builder().name(BINDING).execution_context_name(WORLD).build().map_err(impossible)?;
        session.execute(binding).await?;
        let source = format!("{};\nglobalThis.__helmwatch.record();", *page_script::SOURCE);
        let script = AddScriptToEvaluateOnNewDocumentParams::builder()
            .source(source)
            .world_name(WORLD)
            .run_immediately(true)
            .build()
            .map_err(impossible)?;
        let script = session.execute(script).await?.identifier;
        lock(&self.listening).push(Listening { session: session.clone(), script });
        Ok(())
    }

    /// Listens no longer.
    pub(in crate::browser) fn record_no_more(&self) {
        for Listening { session, script } in std::mem::take(&mut *lock(&self.listening)) {
            session.post(&RemoveScriptToEvaluateOnNewDocumentParams::new(script));
            session.post(&RemoveBindingParams::new(BINDING));
        }
    }

    /// Our script told a step.
    pub(super) fn told(&self, event: Event<'_>) {
        let Some(called) = event.decode::<Called>() else { return };
        if called.payload.len() > STEP_BYTES_MAX {
            return;
        }
        if called.name == super::guard::BINDING {
            return self.told_secret(&called.payload);
        }
        if called.name != BINDING {
            return;
        }
        match serde_json::from_str::<Told>(&called.payload) {
            Ok(told) => {
                if let Some(context) = self.context.upgrade() {
                    context.told(told);
                }
            }
            Err(error) => tracing::debug!(%error, "a recorded step was not understood"),
        }
    }
}

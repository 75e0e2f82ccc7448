//! Workers that belong to no tab: service workers, and those that pages share. What they ask for is not logged, but a session that has
//! routes or no network has them for these as well.

use std::sync::{Arc, Mutex, OnceLock, Weak};

use chromiumoxide::cdp::browser_protocol::fetch::EventRequestPaused;
use chromiumoxide::cdp::browser_protocol::network;
use chromiumoxide::cdp::browser_protocol::target::EventAttachedToTarget;
use chromiumoxide::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;

use super::Context;
use super::emulation::{Attire, Emulation, dress};
use super::routing::Routing;
use crate::browser::BrowserError;
use crate::browser::cdp::{CdpSession, Event, EventSink};
use crate::browser::lock::lock;
use crate::browser::stranger::let_run;

/// Workers followed of one context; more of them are let run, unseen.
const WORKERS_MAX: usize = 64;

/// The workers of a context; the connection holds their sinks weakly.
#[derive(Default)]
pub(in crate::browser) struct Workers {
    sinks: Mutex<Vec<Arc<WorkerSink>>>,
    routing: Arc<Routing>,
}

struct WorkerSink {
    context: Weak<Context>,
    /// Chromium's id of it.
    target: String,
    session: OnceLock<CdpSession>,
    routing: Arc<Routing>,
}

impl EventSink for WorkerSink {
    fn event(&self, event: Event<'_>) {
        let (Some(context), Some(session)) = (self.context.upgrade(), self.session.get()) else { return };
        if event.method == EventRequestPaused::IDENTIFIER {
            self.routing.paused(Some(&context.emulation()), session, context.tasks(), event);
        }
    }

    fn ended(&self, _error: &BrowserError) {
        if let (Some(context), Some(session)) = (self.context.upgrade(), self.session.get()) {
            lock(&context.workers.sinks).retain(|sink| sink.session.get().is_none_or(|one| one.id() != session.id()));
        }
    }
}

impl Context {
    /// Chromium attached a worker, paused before its first line of script.
    pub(in crate::browser) fn worker_attached(self: &Arc<Self>, attached: &EventAttachedToTarget) {
        let id: Arc<str> = AsRef::<str>::as_ref(&attached.session_id).into();
        if lock(&self.workers.sinks).len() >= WORKERS_MAX {
            return let_run(self.connection(), None, &id, self.tasks());
        }
        let sink = Arc::new(WorkerSink {
            context: Arc::downgrade(self),
            target: AsRef::<str>::as_ref(&attached.target_info.target_id).to_owned(),
            session: OnceLock::new(),
            routing: Arc::clone(&self.workers.routing),
        });
        let listening: Weak<dyn EventSink> = Arc::downgrade(&(Arc::clone(&sink) as Arc<dyn EventSink>));
        let session = CdpSession::new(self.connection().clone(), &id, self.deadline(), listening);
        drop(sink.session.set(session.clone()));
        lock(&self.workers.sinks).push(sink);
        let context = Arc::clone(self);
        self.tasks().spawn("worker start", async move {
            // Its own answers are not asked for: no need for Chromium to keep any.
            let listen = network::EnableParams::builder().max_total_buffer_size(0).build();
            let (listened, dressed, resumed) = futures_util::join!(
                session.execute(listen),
                dress(&context, &session, Attire::Alone, Arc::default()),
                session.execute(RunIfWaitingForDebuggerParams::default()),
            );
            for error in [listened.err(), dressed.err(), resumed.err()].into_iter().flatten() {
                tracing::debug!(%error, "a worker of no tab could not be prepared");
            }
        });
    }

    /// Is it one of its workers that belong to no tab, as far as they are followed?
    pub(in crate::browser) fn has_worker(&self, target: &str) -> bool {
        lock(&self.workers.sinks).iter().any(|sink| sink.target == target)
    }

    /// Makes its workers as it wants them now.
    pub(in crate::browser) async fn dress_workers(&self, was: &Arc<Emulation>) -> Result<(), BrowserError> {
        let sessions: Vec<_> =
            lock(&self.workers.sinks).iter().filter_map(|sink| sink.session.get().cloned()).collect();
        let dressing = sessions.iter().map(|session| dress(self, session, Attire::Alone, Arc::clone(was)));
        for dressed in futures_util::future::join_all(dressing).await {
            match dressed {
                // One that goes needs nothing any more.
                Ok(()) | Err(BrowserError::Closed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

//! From events to state.

use std::sync::{Arc, OnceLock, Weak};

use chromiumoxide::cdp::browser_protocol::emulation::{SetDeviceMetricsOverrideParams, SetFocusEmulationEnabledParams};
use chromiumoxide::cdp::browser_protocol::fetch::EventRequestPaused;
use chromiumoxide::cdp::browser_protocol::input::EventDragIntercepted;
use chromiumoxide::cdp::browser_protocol::inspector::EventTargetCrashed;
use chromiumoxide::cdp::browser_protocol::network as net;
use chromiumoxide::cdp::browser_protocol::network::{
    EventLoadingFailed, EventLoadingFinished, EventRequestWillBeSent, EventResponseReceived,
};
use chromiumoxide::cdp::browser_protocol::page::{
    self as cdp, EventFileChooserOpened, EventFrameAttached, EventFrameDetached, EventFrameNavigated,
    EventFrameRequestedNavigation, EventFrameStartedNavigating, EventFrameStoppedLoading, EventJavascriptDialogClosed,
    EventJavascriptDialogOpening, EventLifecycleEvent, EventNavigatedWithinDocument, EventScreencastFrame,
    FrameDetachedReason, FrameStartedNavigatingNavigationType, GetFrameTreeParams, SetInterceptFileChooserDialogParams,
    SetLifecycleEventsEnabledParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    EventAttachedToTarget, EventDetachedFromTarget, SetAutoAttachParams,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    self, EventBindingCalled, EventConsoleApiCalled, EventExceptionThrown, EventExecutionContextDestroyed,
    EventExecutionContextsCleared, RunIfWaitingForDebuggerParams,
};

use super::Page;
use super::dialog::Dialog;
use super::network::{RequestBegun, RequestEnded, ResponseCame};
use super::state::PageState;
use crate::browser::cdp::{CdpSession, Event, EventSink};
use crate::browser::context::emulation::{Attire, Emulation, dress};
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::stranger::let_run;
use crate::browser::{BrowserError, Build, Source};

/// CDP sessions of one tab: its own and those of frames and workers elsewhere. Beyond it they are let run, unseen.
const SESSIONS_MAX: usize = 64;

/// Bodies a renderer keeps to be asked for, bytes.
const BODIES_BYTES_MAX: i64 = 4 << 20;
/// Largest of them, bytes.
const BODY_BYTES_MAX: i64 = 2 << 20;

/// Takes the events of one of a tab's CDP sessions.
pub(super) struct TargetSink {
    page: Weak<Page>,
    session: OnceLock<CdpSession>,
    attire: Attire,
}

impl TargetSink {
    pub fn new(page: Weak<Page>, attire: Attire) -> Arc<Self> {
        Arc::new(Self { page, session: OnceLock::new(), attire })
    }

    /// Names the session; set once, before any event can come.
    pub fn bind(&self, session: CdpSession) {
        drop(self.session.set(session));
    }

    pub fn session_id(&self) -> Option<Arc<str>> {
        self.session.get().map(|session| Arc::clone(session.id()))
    }
}

impl EventSink for TargetSink {
    fn event(&self, event: Event<'_>) {
        if let (Some(page), Some(session)) = (self.page.upgrade(), self.session.get()) {
            page.event(session, event);
        }
    }

    fn ended(&self, error: &BrowserError) {
        let (Some(page), Some(session)) = (self.page.upgrade(), self.session.get()) else { return };
        page.session_ended(session, error);
    }
}

impl Page {
    /// Prepares the tab and lets it run. All commands leave at once; Chromium answers in order.
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), BrowserError> {
        if self.has_window_size() {
            return self.listen(&self.session).await;
        }
        let (width, height) = self.options.viewport;
        let size = SetDeviceMetricsOverrideParams::new(width, height, 1.0, false);
        // Whole browsers put a tab to sleep that has another before it: it paints no more, and its picture waits for that.
        let awake = SetFocusEmulationEnabledParams::new(true);
        let (listened, sized, woken) =
            futures_util::join!(self.listen(&self.session), self.session.execute(size), self.session.execute(awake));
        sized?;
        woken?;
        listened
    }

    /// A tab of ours in a headless shell of ours has the size of the window it was started with: no frame around the page, and
    /// no second layout for an override. Popups choose their own size, and full Chromium has a frame.
    fn has_window_size(&self) -> bool {
        let ours =
            matches!(&self.options.source, Source::Start(executable) if executable.build == Build::HeadlessShell);
        ours && !self.opened_by_page
    }

    /// Turns on what we hear of a session's target, resumes it and takes in its frames.
    async fn listen(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let attach = SetAutoAttachParams::builder()
            .auto_attach(true)
            .wait_for_debugger_on_start(true)
            .flatten(true)
            .build()
            .map_err(impossible)?;
        let (page, tree, life, script, network, choosers, attached, masked, dressed, (), resumed) = futures_util::join!(
            session.execute(cdp::EnableParams::default()),
            session.execute(GetFrameTreeParams::default()),
            session.execute(SetLifecycleEventsEnabledParams::new(true)),
            session.execute(runtime::EnableParams::default()),
            session.execute(listen_to_network()),
            session.execute(SetInterceptFileChooserDialogParams::new(true)),
            session.execute(attach),
            // Before it runs: a page whose secrets would be seen is not shown at all.
            self.mask(session),
            // Before it runs, so that its very first request finds the session's wishes.
            self.dress_new(session, Attire::Document),
            self.hear_page_tools(session),
            session.execute(RunIfWaitingForDebuggerParams::default()),
        );
        page?;
        life?;
        script?;
        network?;
        choosers?;
        attached?;
        masked?;
        dressed?;
        resumed?;
        lock(&self.state).frames_known(&tree?.frame_tree, session);
        self.touch();
        if self.context.upgrade().is_some_and(|context| context.is_recorded()) {
            self.record_on(session).await?;
        }
        self.guard_too(session).await?;
        Ok(())
    }

    /// Of a worker only what it asks for is heard, and what it starts.
    async fn listen_to_worker(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let attach = SetAutoAttachParams::builder()
            .auto_attach(true)
            .wait_for_debugger_on_start(true)
            .flatten(true)
            .build()
            .map_err(impossible)?;
        let (network, attached, dressed, resumed) = futures_util::join!(
            session.execute(listen_to_network()),
            session.execute(attach),
            self.dress_new(session, Attire::Worker),
            session.execute(RunIfWaitingForDebuggerParams::default()),
        );
        network?;
        attached?;
        dressed?;
        resumed.map(drop)
    }

    /// Makes a target that was just attached as its session wants it.
    async fn dress_new(&self, session: &CdpSession, attire: Attire) -> Result<(), BrowserError> {
        match self.context.upgrade() {
            Some(context) => dress(&context, session, attire, Arc::default()).await,
            None => Ok(()),
        }
    }

    /// Makes the tab and all in it as its session wants it now, given how it `was` made before.
    ///
    /// # Errors
    /// As the connection.
    pub(in crate::browser) async fn dress(&self, was: &Arc<Emulation>) -> Result<(), BrowserError> {
        let Some(context) = self.context.upgrade() else { return Ok(()) };
        let dressed = |sink: &Arc<TargetSink>| Some((sink.session.get()?.clone(), sink.attire));
        let sessions: Vec<_> = lock(&self.sinks).iter().filter_map(dressed).collect();
        let dressing = sessions.iter().map(|(session, attire)| dress(&context, session, *attire, Arc::clone(was)));
        for dressed in futures_util::future::join_all(dressing).await {
            match dressed {
                // A frame that goes needs nothing any more.
                Ok(()) | Err(BrowserError::Closed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn event(self: &Arc<Self>, session: &CdpSession, event: Event<'_>) {
        let mut state = lock(&self.state);
        let mut visited = None;
        match event.method {
            EventFrameAttached::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameAttached>() {
                    state.frame_attached(e.frame_id.as_ref(), e.parent_frame_id.as_ref(), session);
                }
            }
            EventFrameDetached::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameDetached>()
                    && e.reason != FrameDetachedReason::Swap
                {
                    state.frame_detached(e.frame_id.as_ref());
                    state.choosers_gone();
                }
            }
            EventFrameRequestedNavigation::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameRequestedNavigation>()
                    && e.disposition == cdp::ClientNavigationDisposition::CurrentTab
                {
                    state.navigation_begun(e.frame_id.as_ref());
                }
            }
            EventFrameStartedNavigating::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameStartedNavigating>()
                    && !matches!(
                        e.navigation_type,
                        FrameStartedNavigatingNavigationType::SameDocument
                            | FrameStartedNavigatingNavigationType::HistorySameDocument
                    )
                {
                    state.navigation_begun(e.frame_id.as_ref());
                }
            }
            EventFrameStoppedLoading::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameStoppedLoading>()
                    && let Some(frame) = state.frames.get_mut(AsRef::<str>::as_ref(&e.frame_id))
                {
                    frame.navigating = false;
                }
            }
            EventFrameNavigated::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFrameNavigated>() {
                    let id: &str = e.frame.id.as_ref();
                    let main = id == state.main_frame;
                    let url = match &e.frame.url_fragment {
                        Some(fragment) => format!("{}{fragment}", e.frame.url),
                        None => e.frame.url.clone(),
                    };
                    if main {
                        // The old document's dialog, if any, went with it.
                        state.dialog = None;
                        state.pointer.document_gone();
                        state.documents += 1;
                        state.network.document_begun();
                        state.url.clone_from(&url);
                        state.title.clear();
                    }
                    visited = origin_of(&url);
                    state.network.leaving.document_gone(id);
                    state.frame_committed(id, e.frame.loader_id.as_ref(), &url, session);
                    state.choosers_gone_with(id);
                }
            }
            EventNavigatedWithinDocument::IDENTIFIER => {
                if let Some(e) = event.decode::<EventNavigatedWithinDocument>() {
                    let id: &str = e.frame_id.as_ref();
                    if id == state.main_frame {
                        state.url.clone_from(&e.url);
                    }
                    if let Some(frame) = state.frames.get_mut(id) {
                        frame.url.clone_from(&e.url);
                        frame.navigating = false;
                    }
                }
            }
            EventLifecycleEvent::IDENTIFIER => {
                if let Some(e) = event.decode::<EventLifecycleEvent>()
                    && let Some(frame) = state.frames.get_mut(AsRef::<str>::as_ref(&e.frame_id))
                {
                    let loader: &str = e.loader_id.as_ref();
                    if e.name == "commit" || e.name == "init" {
                        if frame.loader != loader {
                            loader.clone_into(&mut frame.loader);
                            frame.world = None;
                        }
                        frame.dom_content_loaded = false;
                        frame.loaded = false;
                    } else if frame.loader == loader {
                        frame.dom_content_loaded |= e.name == "DOMContentLoaded";
                        frame.loaded |= e.name == "load";
                    }
                }
            }
            EventExecutionContextsCleared::IDENTIFIER => {
                for frame in state.frames.values_mut().filter(|frame| frame.session.id() == session.id()) {
                    frame.world = None;
                }
            }
            EventExecutionContextDestroyed::IDENTIFIER => {
                if let Some(e) = event.decode::<ContextDestroyed>() {
                    for frame in state.frames.values_mut().filter(|frame| frame.session.id() == session.id()) {
                        if frame.world == Some(e.execution_context_id) {
                            frame.world = None;
                        }
                    }
                }
            }
            EventJavascriptDialogOpening::IDENTIFIER => match event.decode::<EventJavascriptDialogOpening>() {
                Some(e) if e.r#type == cdp::DialogType::Beforeunload && state.leaving > 0 => {
                    session.post(&cdp::HandleJavaScriptDialogParams::new(true));
                }
                Some(e) => state.dialog = Some(Dialog::of(&e)),
                None => {}
            },
            EventJavascriptDialogClosed::IDENTIFIER => state.dialog = None,
            EventDragIntercepted::IDENTIFIER => {
                if let Some(e) = event.decode::<DragBegun>() {
                    state.pointer.drag_begun(e.data);
                }
            }
            EventFileChooserOpened::IDENTIFIER => {
                if let Some(e) = event.decode::<EventFileChooserOpened>()
                    && let Some(number) = state.chooser_opened(&e)
                {
                    self.hold_chooser(number);
                }
            }
            EventConsoleApiCalled::IDENTIFIER => {
                if let Some(e) = event.decode::<EventConsoleApiCalled>() {
                    let document = state.documents;
                    state.console.called(&e, document);
                }
            }
            EventExceptionThrown::IDENTIFIER => {
                if let Some(e) = event.decode::<EventExceptionThrown>() {
                    let document = state.documents;
                    state.console.thrown(&e, document);
                }
            }
            EventRequestWillBeSent::IDENTIFIER => {
                if let Some(e) = event.read::<RequestBegun<'_>>() {
                    state.network.request_begun(&e);
                    self.sends(&mut state, &e);
                    let private = self.context.upgrade().is_some_and(|context| context.is_private());
                    state.network.requests.begun(&e, session.id(), private);
                }
            }
            EventResponseReceived::IDENTIFIER => {
                if let Some(e) = event.read::<ResponseCame<'_>>() {
                    let PageState { network, main_frame, .. } = &mut *state;
                    network.response_came(&e, main_frame);
                    network.requests.response_came(&e, session.id());
                }
            }
            EventLoadingFinished::IDENTIFIER | EventLoadingFailed::IDENTIFIER => {
                if let Some(e) = event.read::<RequestEnded<'_>>() {
                    state.network.request_ended(&e);
                    state.network.requests.ended(&e);
                }
            }
            EventRequestPaused::IDENTIFIER => {
                drop(state);
                let emulation = self.context.upgrade().map(|context| context.emulation());
                self.routing.paused(emulation.as_deref(), session, &self.tasks, event);
                return;
            }
            EventScreencastFrame::IDENTIFIER => {
                drop(state);
                self.cast.take(session, self.options.cast, event);
                return;
            }
            EventAttachedToTarget::IDENTIFIER => {
                drop(state);
                if let Some(e) = event.decode::<EventAttachedToTarget>() {
                    self.child_attached(session, &e);
                }
                return;
            }
            EventDetachedFromTarget::IDENTIFIER => {
                drop(state);
                if let Some(e) = event.decode::<EventDetachedFromTarget>() {
                    self.connection.end_session(e.session_id.as_ref(), &BrowserError::Closed);
                }
                return;
            }
            EventBindingCalled::IDENTIFIER => {
                drop(state);
                self.told(event);
                return;
            }
            EventTargetCrashed::IDENTIFIER => {
                drop(state);
                if session.id() == self.session.id() {
                    self.crashed();
                } else {
                    self.connection.fail_session(session.id(), &BrowserError::Crashed);
                }
                return;
            }
            _ if state.page_tools_event(event) => {}
            _ => return,
        }
        drop(state);
        self.touch();
        if let (Some(origin), Some(context)) = (visited, self.context.upgrade()) {
            context.visited(&origin);
        }
        // What people on watch see change.
        if matches!(
            event.method,
            EventFrameNavigated::IDENTIFIER
                | EventNavigatedWithinDocument::IDENTIFIER
                | EventConsoleApiCalled::IDENTIFIER
                | EventExceptionThrown::IDENTIFIER
                | EventFileChooserOpened::IDENTIFIER
                | EventJavascriptDialogOpening::IDENTIFIER
                | EventJavascriptDialogClosed::IDENTIFIER
        ) && let Some(context) = self.context.upgrade()
        {
            context.touch();
        }
    }

    /// A frame in another process, or a worker: listened to, and never left paused.
    fn child_attached(self: &Arc<Self>, parent: &CdpSession, attached: &EventAttachedToTarget) {
        let info = &attached.target_info;
        let full = lock(&self.sinks).len() >= SESSIONS_MAX;
        let attire = match info.r#type.as_str() {
            "iframe" => Some(Attire::Document),
            "worker" => Some(Attire::Worker),
            _ => None,
        };
        let Some(attire) = attire.filter(|_| !full) else {
            let session: &str = attached.session_id.as_ref();
            return let_run(&self.connection, Some(parent.id()), session, &self.tasks);
        };
        let sink = TargetSink::new(Arc::downgrade(self), attire);
        let listening: Weak<dyn EventSink> = Arc::downgrade(&(Arc::clone(&sink) as Arc<dyn EventSink>));
        let session = CdpSession::new(
            self.connection.clone(),
            attached.session_id.as_ref(),
            self.options.command_deadline,
            listening,
        );
        sink.bind(session.clone());
        lock(&self.sinks).push(sink);
        if attire == Attire::Document {
            let mut state = lock(&self.state);
            // A target of kind `iframe` has the id of the frame at its root.
            let id: &str = info.target_id.as_ref();
            if let Some(parent) = &info.parent_frame_id {
                state.frame_attached(id, parent.as_ref(), &session);
            }
            if let Some(frame) = state.frames.get_mut(id) {
                frame.session = session.clone();
                frame.world = None;
            }
        }
        let page = Arc::clone(self);
        self.tasks.spawn("frame start", async move {
            let listened = match attire {
                Attire::Document => page.listen(&session).await,
                Attire::Worker | Attire::Alone => page.listen_to_worker(&session).await,
            };
            if let Err(error) = listened {
                tracing::debug!(%error, "a frame in another process or a worker could not be prepared");
            }
        });
    }

    fn session_ended(&self, session: &CdpSession, error: &BrowserError) {
        lock(&self.sinks).retain(|sink| sink.session_id().as_ref() != Some(session.id()));
        if session.id() == self.session.id() {
            {
                let mut state = lock(&self.state);
                state.closed = true;
                state.network.leaving.tab_gone();
                state.dialog = None;
                state.choosers.clear();
                if error.is_gone() {
                    state.gone = Some(error.clone());
                }
            }
            self.cast.end();
            if let Some(context) = self.context.upgrade() {
                context.page_closed(&self.target);
            }
        } else {
            // The frame moved to another process or went; the parent's events say which.
            let mut state = lock(&self.state);
            for frame in state.frames.values_mut().filter(|frame| frame.session.id() == session.id()) {
                frame.session = self.session.clone();
                frame.world = None;
            }
        }
        self.touch();
    }
}

/// Bodies are asked for rarely: Chromium keeps the newest, not all there were.
fn listen_to_network() -> net::EnableParams {
    net::EnableParams::builder()
        .max_total_buffer_size(BODIES_BYTES_MAX)
        .max_resource_buffer_size(BODY_BYTES_MAX)
        .build()
}

/// `Input.dragIntercepted`; its data goes back to Chromium as it came.
#[derive(serde::Deserialize)]
struct DragBegun {
    data: serde_json::Value,
}

/// `Runtime.executionContextDestroyed`; the typed event leaves its deprecated number out.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextDestroyed {
    #[serde(default)]
    execution_context_id: i64,
}

/// The origin of an address that can keep something: `http` and `https`.
fn origin_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

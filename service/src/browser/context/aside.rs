//! A document of an origin that is no tab: for reading and writing what the origin keeps when no tab shows it.
//!
//! Nothing of it leaves the browser: every request of its target is answered here with an empty page (`Fetch.fulfillRequest`),
//! past service workers, so no script of the site runs in it. Nobody sees it: it is in no list, and it is closed when it is dropped.

use std::sync::{Arc, Weak};

use base64::Engine as _;
use chromiumoxide::cdp::browser_protocol::fetch::{
    EnableParams as FetchEnable, EventRequestPaused, FulfillRequestParams, HeaderEntry, RequestPattern,
};
use chromiumoxide::cdp::browser_protocol::network::{EnableParams as NetworkEnable, SetBypassServiceWorkerParams};
use chromiumoxide::cdp::browser_protocol::page::{EnableParams as PageEnable, NavigateParams};
use chromiumoxide::cdp::browser_protocol::target::CloseTargetParams;
use chromiumoxide::cdp::js_protocol::runtime::{
    CallArgument, CallFunctionOnParams, EvaluateParams, RunIfWaitingForDebuggerParams,
};
use chromiumoxide::types::Command;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Context;
use crate::browser::cdp::{CdpSession, Connection, Event, EventSink};
use crate::browser::error::impossible;
use crate::browser::launch::LaunchOptions;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::target::{CreateTargetParams, EventAttachedToTarget};
use tokio::sync::oneshot;

/// What every address answers in it.
const EMPTY: &str = "<!doctype html><title></title>";

/// One such document.
pub(in crate::browser) struct Aside {
    target: String,
    connection: Connection,
    session: CdpSession,
    /// The connection holds it weakly.
    _sink: Arc<AsideSink>,
}

/// Answers the requests of one.
struct AsideSink {
    connection: Connection,
    session: Arc<str>,
}

impl EventSink for AsideSink {
    fn event(&self, event: Event<'_>) {
        if event.method != EventRequestPaused::IDENTIFIER {
            return;
        }
        let Some(paused) = event.decode::<Paused>() else { return };
        let mut answer = FulfillRequestParams::new(paused.request_id, 200);
        answer.response_headers = Some(vec![HeaderEntry::new("Content-Type", "text/html; charset=utf-8")]);
        answer.body = Some(base64::engine::general_purpose::STANDARD.encode(EMPTY).into());
        self.connection.post(Some(&self.session), &answer);
    }

    fn ended(&self, _error: &BrowserError) {}
}

/// All that is needed of `Fetch.requestPaused`.
#[derive(serde::Deserialize)]
struct Paused {
    #[serde(rename = "requestId")]
    request_id: String,
}

impl Aside {
    /// Takes over a target that Chromium attached paused, and lets it run.
    pub async fn begin(
        target: &str,
        session: &str,
        connection: Connection,
        options: &LaunchOptions,
    ) -> Result<Self, BrowserError> {
        let sink = Arc::new(AsideSink { connection: connection.clone(), session: session.into() });
        let listening: Weak<dyn EventSink> = Arc::downgrade(&(Arc::clone(&sink) as Arc<dyn EventSink>));
        let session = CdpSession::new(connection.clone(), session, options.command_deadline, listening);
        let aside = Self { target: target.to_owned(), connection, session, _sink: sink };
        let everything = FetchEnable::builder().pattern(RequestPattern::builder().url_pattern("*").build()).build();
        let (fetch, page, network, bypass, resumed) = futures_util::join!(
            aside.session.execute(everything),
            aside.session.execute(PageEnable::default()),
            aside.session.execute(NetworkEnable::default()),
            aside.session.execute(SetBypassServiceWorkerParams::new(true)),
            aside.session.execute(RunIfWaitingForDebuggerParams::default()),
        );
        fetch?;
        page?;
        network?;
        bypass?;
        resumed?;
        Ok(aside)
    }

    /// Becomes an empty document of this origin, with our script in it.
    ///
    /// # Errors
    /// `Navigation` when the browser shows something else there.
    pub async fn go(&self, origin: &str) -> Result<(), BrowserError> {
        let went = self.session.execute(NavigateParams::new(format!("{origin}/"))).await?;
        if let Some(error) = went.error_text {
            return Err(BrowserError::Navigation { url: origin.to_owned(), error });
        }
        let script = EvaluateParams::builder()
            .expression(page_script::SOURCE.as_str())
            .silent(true)
            .build()
            .map_err(impossible)?;
        self.session.execute(script).await?;
        let here = EvaluateParams::builder().expression("origin").return_by_value(true).build().map_err(impossible)?;
        let here = self.session.execute(here).await?.result.value;
        if here.as_ref().and_then(Value::as_str) == Some(origin) {
            return Ok(());
        }
        let error = "the browser leads that address somewhere else".to_owned();
        Err(BrowserError::Navigation { url: origin.to_owned(), error })
    }

    /// Runs a command on its target.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Response, BrowserError> {
        self.session.execute(command).await
    }

    /// Calls a function of our script in it.
    ///
    /// # Errors
    /// `Page` with the script's code and message when it answered `{error}`.
    pub async fn call<A: Serialize + Sync, R: DeserializeOwned>(
        &self,
        function: &str,
        argument: &A,
    ) -> Result<R, BrowserError> {
        let unreadable = |source| BrowserError::Unreadable {
            method: format!("the page script's {function}"),
            source: Arc::new(source),
        };
        let argument = serde_json::to_value(argument).map_err(unreadable)?;
        let global = EvaluateParams::builder().expression("globalThis").build().map_err(impossible)?;
        let global = self.session.execute(global).await?.result.object_id.ok_or(BrowserError::Closed)?;
        let call = CallFunctionOnParams::builder()
            .function_declaration(page_script::CALL)
            .object_id(global)
            .argument(CallArgument::builder().value(function).build())
            .argument(CallArgument::builder().value(argument).build())
            .return_by_value(true)
            .silent(true)
            .build()
            .map_err(impossible)?;
        let value = self.session.execute(call).await?.result.value.unwrap_or(Value::Null);
        page_script::answered(value, function)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.connection.post(None, &CloseTargetParams::new(self.target.clone()));
    }
}

/// Documents that are no tabs, between Chromium's word that they are there and the answer that says which of them are.
#[derive(Default)]
pub(super) struct Asides {
    /// How many are being opened.
    pub(super) opening: usize,
    /// What was attached meanwhile and opened by nobody's page.
    pub(super) came: Vec<EventAttachedToTarget>,
}

/// While it is there, new targets wait until it is known which of them is no tab.
struct Opening {
    context: Arc<Context>,
}

impl Opening {
    fn begin(context: Arc<Context>) -> Self {
        lock(&context.asides).opening += 1;
        Self { context }
    }

    fn take(&self, target: &str) -> Option<EventAttachedToTarget> {
        let mut asides = lock(&self.context.asides);
        let at = asides.came.iter().position(|one| AsRef::<str>::as_ref(&one.target_info.target_id) == target)?;
        Some(asides.came.swap_remove(at))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let tabs = {
            let mut asides = lock(&self.context.asides);
            asides.opening -= 1;
            if asides.opening == 0 { std::mem::take(&mut asides.came) } else { Vec::new() }
        };
        tabs.iter().for_each(|tab| self.context.attached_tab(tab));
    }
}

impl Context {
    /// Opens a document that is no tab. Carried through whoever waits, so that it never is taken for one.
    pub(in crate::browser) async fn aside(self: &Arc<Self>) -> Result<Aside, BrowserError> {
        let (done, opened) = oneshot::channel();
        let context = Arc::clone(self);
        self.tasks.spawn("empty document", async move {
            // Whoever left wants none: it is closed as it is dropped.
            drop(done.send(context.open_aside().await));
        });
        opened.await.unwrap_or(Err(BrowserError::Closed))
    }

    async fn open_aside(self: &Arc<Self>) -> Result<Aside, BrowserError> {
        let create = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(BrowserContextId::from(self.id.clone()))
            .build()
            .map_err(impossible)?;
        let deadline = self.options.command_deadline;
        let mut changed = self.changed.subscribe();
        let opening = Opening::begin(Arc::clone(self));
        let opened = async {
            let target: String = self.ask(&create).await?.target_id.into();
            loop {
                if let Some(attached) = opening.take(&target) {
                    let session: &str = attached.session_id.as_ref();
                    return Aside::begin(&target, session, self.connection.clone(), &self.options).await;
                }
                if !self.connection.is_alive() || changed.changed().await.is_err() {
                    return Err(BrowserError::Closed);
                }
            }
        };
        tokio::time::timeout(deadline, opened)
            .await
            .map_err(|_| BrowserError::Timeout { what: "opening an empty document", after: deadline })?
    }
}

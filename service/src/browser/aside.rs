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

use super::cdp::{CdpSession, Connection, Event, EventSink};
use super::error::impossible;
use super::launch::LaunchOptions;
use super::{BrowserError, page_script};

/// What every address answers in it.
const EMPTY: &str = "<!doctype html><title></title>";

/// One such document.
pub(super) struct Aside {
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
        let script =
            EvaluateParams::builder().expression(page_script::SOURCE).silent(true).build().map_err(impossible)?;
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

//! Calling our script in a frame's isolated world, and the caller's script in the page's own.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::{CreateIsolatedWorldParams, FrameId};
use chromiumoxide::cdp::js_protocol::runtime::{
    CallArgument, CallFunctionOnParams, EvaluateParams, ExceptionDetails, ExecutionContextId, RemoteObject,
    RemoteObjectId, RemoteObjectSubtype, TerminateExecutionParams,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use super::state::cut;
use super::target::{Target, stale};
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};

/// Name of the isolated world our script lives in.
pub(super) const WORLD: &str = "helmwatch";

/// How often a call is tried again because its document went away under it.
const TRIES: usize = 3;

impl Page {
    /// The main frame.
    pub(super) fn main_frame(&self) -> FrameRef {
        FrameRef { id: lock(&self.state).main_frame.clone() }
    }

    /// Calls a function of our script in a frame and decodes its answer.
    ///
    /// # Errors
    /// `Page` with the script's code and message when it answered `{error}`; `Timeout` when the page's own script never yields
    /// (it is interrupted then, so that the page can be used again).
    pub(super) async fn call<A: Serialize + Sync, R: DeserializeOwned>(
        &self,
        frame: &FrameRef,
        function: &str,
        argument: &A,
        deadline: Duration,
    ) -> Result<R, BrowserError> {
        let argument = serde_json::to_value(argument).map_err(|source| unreadable(function, source))?;
        let mut tried = 0;
        let value = loop {
            let called = self.unless_dialog(self.call_once(frame, function, &argument, deadline)).await;
            tried += 1;
            match called {
                Err(error) if error.is_context_lost() && tried < TRIES => self.forget_world(frame),
                Err(error @ BrowserError::Timeout { .. }) => {
                    self.interrupt(frame).await;
                    return Err(error);
                }
                other => break other?,
            }
        };
        page_script::answered(value, function)
    }

    /// [`Self::call`] once, and nothing is interrupted when it takes too long.
    pub(super) async fn call_once(
        &self,
        frame: &FrameRef,
        function: &str,
        argument: &Value,
        deadline: Duration,
    ) -> Result<Value, BrowserError> {
        let (world, session) = self.world(frame).await?;
        let call = CallFunctionOnParams::builder()
            .function_declaration(page_script::CALL)
            .execution_context_id(ExecutionContextId::new(world))
            .argument(CallArgument::builder().value(function).build())
            .argument(CallArgument::builder().value(argument.clone()).build())
            .return_by_value(true)
            .await_promise(true)
            .silent(true)
            .build()
            .map_err(impossible)?;
        let answered = session.execute_within(call, deadline).await?;
        if let Some(thrown) = answered.exception_details {
            return Err(BrowserError::Script(thrown_text(&thrown)));
        }
        Ok(answered.result.value.unwrap_or(Value::Null))
    }

    /// Our world in a frame's current document; made, and our script put into it, when it is not there yet.
    pub(super) async fn world(&self, frame: &FrameRef) -> Result<(i64, crate::browser::cdp::CdpSession), BrowserError> {
        let (known, session) = {
            let state = lock(&self.state);
            state.fit()?;
            let known = state.frames.get(&frame.id).ok_or_else(frame_gone)?;
            (known.world, known.session.clone())
        };
        if let Some(world) = known {
            return Ok((world, session));
        }
        let make = CreateIsolatedWorldParams::builder()
            .frame_id(FrameId::from(frame.id.clone()))
            .world_name(WORLD)
            .build()
            .map_err(impossible)?;
        let world = *session.execute(make).await?.execution_context_id.inner();
        let source = match self.bare_mask() {
            Some(mask) => format!("{mask}\n{}", *page_script::SOURCE),
            None => page_script::SOURCE.clone(),
        };
        let script = EvaluateParams::builder()
            .expression(source)
            .context_id(ExecutionContextId::new(world))
            .silent(true)
            .build()
            .map_err(impossible)?;
        let put = session.execute(script).await?;
        if let Some(thrown) = put.exception_details {
            return Err(BrowserError::Script(thrown_text(&thrown)));
        }
        if let Some(frame) = lock(&self.state).frames.get_mut(&frame.id) {
            frame.world = Some(world);
        }
        Ok((world, session))
    }

    /// Runs our script once on the empty first document, so that the renderer has it compiled when the first real page asks for it.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn rehearse(&self) -> Result<(), BrowserError> {
        self.world(&self.main_frame()).await.map(drop)
    }

    fn forget_world(&self, frame: &FrameRef) {
        if let Some(frame) = lock(&self.state).frames.get_mut(&frame.id) {
            frame.world = None;
        }
    }

    /// Stops the script that runs in a frame's process (`Runtime.terminateExecution`).
    pub(super) async fn interrupt(&self, frame: &FrameRef) {
        let session = lock(&self.state).frames.get(&frame.id).map(|frame| frame.session.clone());
        if let Some(session) = session
            && let Err(error) = session.execute(TerminateExecutionParams::default()).await
        {
            tracing::debug!(%error, "a script could not be interrupted");
        }
    }

    /// Runs the caller's function in the page's own world: on the page, or on an element when a target is given.
    /// Answers its JSON value, `None` for `undefined`.
    ///
    /// # Errors
    /// `Script` with the page's own words when it threw.
    pub async fn evaluate(
        &self,
        function: &str,
        target: Option<&Target>,
        deadline: Duration,
    ) -> Result<Option<Value>, BrowserError> {
        let running = self.evaluate_inner(function, target, deadline);
        let answered = match self.unless_dialog(running).await {
            Err(error @ BrowserError::Timeout { .. }) => {
                self.interrupt(&self.main_frame()).await;
                return Err(error);
            }
            other => other?,
        };
        let (result, thrown) = answered;
        if let Some(thrown) = thrown {
            return Err(BrowserError::Script(thrown_text(&thrown)));
        }
        Ok(match (result.value, result.unserializable_value) {
            (Some(value), _) => Some(value),
            (None, Some(odd)) => Some(Value::String(AsRef::<str>::as_ref(&odd).to_owned())),
            // `null` comes as a value that is none.
            (None, None) if result.subtype == Some(RemoteObjectSubtype::Null) => Some(Value::Null),
            (None, None) => None,
        })
    }

    async fn evaluate_inner(
        &self,
        function: &str,
        target: Option<&Target>,
        deadline: Duration,
    ) -> Result<(RemoteObject, Option<ExceptionDetails>), BrowserError> {
        // A bare expression is taken too: it is wrapped unless it evaluates to a function.
        let wrapped = format!(
            "(async () => {{ const it = await (\n{function}\n); return typeof it === 'function' ? await it() : it; }})()"
        );
        let Some(target) = target else {
            if self.is_bare() {
                // What is put on the empty document may hold secrets: whoever hides them is there first.
                self.world(&self.main_frame()).await?;
            }
            let run = EvaluateParams::builder()
                .expression(wrapped)
                .await_promise(true)
                .return_by_value(true)
                .user_gesture(true)
                .build()
                .map_err(impossible)?;
            let answered = self.session.execute_within(run, deadline).await?;
            return Ok((answered.result, answered.exception_details));
        };
        let place = self.place(target).await?;
        let object = self.element_in_page(&place).await?;
        let (_, session) = self.world(&place.frame).await?;
        let run = CallFunctionOnParams::builder()
            .function_declaration(format!(
                "async function () {{ const it = (\n{function}\n); return typeof it === 'function' ? await it(this) : it; }}"
            ))
            .object_id(object)
            .await_promise(true)
            .return_by_value(true)
            .user_gesture(true)
            .build()
            .map_err(impossible)?;
        let answered = session.execute_within(run, deadline).await?;
        Ok((answered.result, answered.exception_details))
    }

    /// The same element as a handle in the page's own world.
    async fn element_in_page(&self, place: &Place) -> Result<RemoteObjectId, BrowserError> {
        use chromiumoxide::cdp::browser_protocol::dom::{DescribeNodeParams, ResolveNodeParams};
        let ours = self.handle(place).await?;
        let (_, session) = self.world(&place.frame).await?;
        let node = session.execute(DescribeNodeParams::builder().object_id(ours).build()).await?.node;
        let resolved =
            session.execute(ResolveNodeParams::builder().backend_node_id(node.backend_node_id).build()).await?;
        resolved.object.object_id.ok_or_else(|| stale(&Target::new(&place.name)))
    }
}

fn frame_gone() -> BrowserError {
    BrowserError::Page {
        code: "stale_ref".to_owned(),
        message: "The frame is no longer on the page. Try capturing new snapshot.".to_owned(),
    }
}

fn unreadable(function: &str, source: serde_json::Error) -> BrowserError {
    BrowserError::Unreadable { method: format!("the page script's {function}"), source: std::sync::Arc::new(source) }
}

/// What the page threw, first lines only: page text.
fn thrown_text(details: &ExceptionDetails) -> String {
    let thrown = details.exception.as_ref();
    let text = thrown
        .and_then(|thrown| thrown.description.clone())
        .or_else(|| thrown.and_then(|thrown| thrown.value.as_ref()).map(ToString::to_string))
        .unwrap_or_else(|| details.text.clone());
    let kept: Vec<&str> = text.lines().take_while(|line| !line.trim_start().starts_with("at ")).take(5).collect();
    cut(&kept.join("\n"), 1000)
}

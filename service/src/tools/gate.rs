//! The one way every call takes.
//!
//! Understand the arguments, find the session for this caller, look at the target, ask the policy; then run it, refuse it, or hold
//! it until a person has decided. What was approved is compared with the page once more in the very turn in which it runs.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use helmwatch_protocol::CallState;
use metrics::{counter, histogram};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::act::act;
use super::context::{CallContext, Progress};
use super::first::First;
use super::held::{self, Held};
use super::look::{Known, decide, look, look_closer};
use super::prepared::{Prepared, Run, Wanted, Work};
use super::response;
use super::sending::{self, Away, Judge};
use super::terms::Terms;
use super::tool::Tool;
use super::traced::Watched;
use super::{Capabilities, House, Reply, ToolError, ToolSpec, catalog, describe, drive, handoff};
use crate::approval::Desk;
use crate::audit::{Kind, Line, Log};
use crate::policy::{Current, Effect, Verdict};
use crate::session::{CallNumber, Patience, Registry, SendingJudge, Session, SessionError};
use crate::telemetry::names;

/// What the gate is told once.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// How long a call is held for a person before it answers with a handle.
    pub hold: Duration,
    /// Tokens of an answer unless the call says otherwise.
    pub tokens_max: usize,
    /// How long a server may take to bring a page.
    pub navigation_deadline: Duration,
    /// Where people look, without a slash at its end.
    pub public_url: Arc<str>,
    /// However long a rule gives a person, it is not longer than this.
    pub ask_ttl_max: Duration,
    /// The settings an agent may know (`config_told`).
    pub told: Value,
}

/// Lists the tools and runs calls.
pub struct Gate {
    tools: Vec<Arc<Tool>>,
    registry: Arc<Registry>,
    pub(super) policy: Arc<Current>,
    pub(super) desk: Desk,
    pub(super) audit: Log,
    pub(super) settings: GateSettings,
    /// Calls whose sendings are held while their agent is away.
    pub(super) away: Away,
    /// Hears of what pages send; the registry holds it weakly.
    _judge: Arc<Judge>,
}

/// One call on its way, as far as it is known before it has a session.
pub(super) struct Call<'a> {
    pub context: &'a CallContext,
    pub tool: &'static str,
    pub read_by: Arc<Tool>,
    /// Without the terms of the answer.
    pub arguments: Map<String, Value>,
    pub digest: [u8; 32],
    pub terms: Terms,
}

/// A call in its session.
pub(super) struct InSession {
    pub session: Arc<Session>,
    pub number: CallNumber,
}

/// Work that has a session.
enum InTurn {
    Run(Run),
    Person(Wanted),
}

/// What became of work that was to have its turn.
enum Turned<T> {
    Done(Result<T, ToolError>),
    /// A person has the wheel: it has not begun.
    Driven(BoxFuture<'static, T>),
}

impl Gate {
    /// The gate in front of these sessions.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        policy: Arc<Current>,
        desk: Desk,
        audit: Log,
        settings: GateSettings,
    ) -> Arc<Self> {
        let tools = catalog::tools().into_iter().map(Arc::new).collect();
        Arc::new_cyclic(|gate| {
            let judge = Arc::new(Judge(Weak::clone(gate)));
            let weak: Weak<dyn SendingJudge> = Arc::downgrade(&(Arc::clone(&judge) as Arc<dyn SendingJudge>));
            registry.judged_by(weak);
            let away = Away::default();
            Self { tools, registry, policy, desk, audit, settings, away, _judge: judge }
        })
    }

    /// The tools of these toolsets, in their fixed order.
    #[must_use]
    pub fn list(&self, capabilities: &Capabilities) -> Vec<Arc<ToolSpec>> {
        let chosen = self.tools.iter().filter(|tool| capabilities.has(tool.spec.capability));
        chosen.map(|tool| Arc::clone(&tool.spec)).collect()
    }

    /// Runs one call to its end. Never panics, never hangs: every wait inside has a deadline. What goes wrong is an answer
    /// with `is_error`, one line of what happened and one of what to do.
    pub async fn call(&self, context: CallContext, name: &str, arguments: Map<String, Value>) -> Reply {
        let began = Instant::now();
        let found =
            self.tools.iter().find(|tool| tool.spec.name == name && context.capabilities.has(tool.spec.capability));
        let Some(tool) = found else {
            let name: String = name.chars().take(60).collect();
            return response::refusal(&ToolError::new(
                "unknown_tool",
                format!("There is no tool \"{name}\"."),
                "List the tools (tools/list); more of them come with ?caps= in the URL.",
            ));
        };
        let reply = match self.prepare(tool, &context, arguments) {
            Ok((call, prepared)) => Box::pin(self.take(call, prepared)).await,
            Err(error) => response::refusal(&error),
        };
        let outcome = if reply.is_error { "error" } else { "ok" };
        counter!(names::CALLS, "tool" => tool.spec.name, "outcome" => outcome).increment(1);
        histogram!(names::CALL_SECONDS, "tool" => tool.spec.name).record(began.elapsed().as_secs_f64());
        reply
    }

    fn prepare<'a>(
        &self,
        tool: &Arc<Tool>,
        context: &'a CallContext,
        mut arguments: Map<String, Value>,
    ) -> Result<(Call<'a>, Prepared), ToolError> {
        let name = tool.spec.name;
        let terms = Terms::of(name, &mut arguments, context.wishes, self.settings.tokens_max)?;
        let digest = Sha256::digest(serde_json::to_vec(&(name, &arguments)).unwrap_or_default()).into();
        let prepared = tool.prepare(arguments.clone())?;
        Ok((Call { context, tool: name, read_by: Arc::clone(tool), arguments, digest, terms }, prepared))
    }

    async fn take(&self, call: Call<'_>, prepared: Prepared) -> Reply {
        let tell = |message: String| {
            if let Some(progress) = &call.context.progress {
                // A client that reads slowly misses a word, nothing else.
                drop(progress.try_send(Progress { step: 0.0, message }));
            }
        };
        let Prepared { effect, verb, targets, if_there, values, to_url, modal, uploads, work } = prepared;
        let work = match work {
            Work::Page(run) => InTurn::Run(run),
            Work::Person(wanted) => InTurn::Person(wanted),
            Work::House(run) => {
                let session = self.standing(call.context);
                let house = House {
                    registry: &self.registry,
                    caller: &call.context.caller,
                    session,
                    public_url: &self.settings.public_url,
                    settings: &self.settings,
                    capabilities: &call.context.capabilities,
                    terms: call.terms,
                    tell: &tell,
                    cancelled: &call.context.cancelled,
                };
                return match run(house).await {
                    Ok(answer) => response::plain(answer),
                    Err(error) => response::refusal(&error),
                };
            }
        };
        let session = tokio::select! {
            biased;
            session = self.session(call.context, &tell) => session.map_err(ToolError::from),
            // Nothing has been done: whoever left while waiting for a place is out of the queue at once.
            () = call.context.cancelled.cancelled() => Err(cancelled()),
        };
        let session = match session {
            Ok(session) => session,
            Err(error) => return response::refusal(&error),
        };
        let navigation_deadline = self.settings.navigation_deadline;
        let public_url = Arc::clone(&self.settings.public_url);
        let known = Known {
            tool: call.tool,
            effect,
            verb,
            targets,
            if_there,
            values,
            to_url,
            modal,
            uploads,
            navigation_deadline,
            public_url,
            hidden: Vec::new(),
        };
        call.context.span.record("helmwatch.session.id", session.id().as_str());
        let number = session.call_begun(call.tool, &describe::sentence(&known.verb, &[], known.to_url.as_deref()));
        let place = InSession { session, number };
        let began = Instant::now();
        let (reply, error) = match work {
            InTurn::Run(run) => Box::pin(self.run(&call, &place, known.clone(), run)).await,
            InTurn::Person(wanted) => handoff::finish(self, &call, &place, known.clone(), wanted).await,
        };
        let (state, outcome) = match &error {
            None => (CallState::Done, "ok"),
            Some(error)
                if matches!(
                    error.code.as_str(),
                    "denied" | "policy_denied" | "approval_expired" | "stale" | "taken_over"
                ) =>
            {
                (CallState::Refused, "refused")
            }
            Some(error) if matches!(error.code.as_str(), "waiting_for_approval" | "waiting_for_person") => {
                (CallState::Waiting, "waiting")
            }
            Some(_) => (CallState::Failed, "failed"),
        };
        call.context.span.record("helmwatch.call.outcome", outcome);
        if place.session.is_closed() {
            self.away.forget(&place.session);
        }
        if place.session.is_closed() || error.as_ref().is_some_and(|error| error.code == "browser_gone") {
            self.registry.end_told(&place.session);
        }
        let error = error.map(|error| place.session.covered(&error.what).into_owned());
        let about = place.session.call_moved(number, state, error.as_deref());
        let about = about.unwrap_or_else(|| known.verb.clone());
        let reply = Reply { text: place.session.covered(&reply.text).into_owned(), ..reply };
        self.audit.note(Line {
            session: Some(place.session.id().clone()),
            subject: Some(call.tool.to_owned()),
            outcome: outcome.to_owned(),
            took_ms: u64::try_from(began.elapsed().as_millis()).ok(),
            ..Line::new(
                super::now_ms(),
                Kind::Call,
                call.context.caller.tenant().clone(),
                call.context.caller.key().as_str(),
                error.map_or_else(|| about.clone(), |error| format!("{about}: {error}")),
            )
        });
        reply
    }

    /// Runs a call in its session: one turn when it is allowed, two with a person between them when it is held.
    async fn run(&self, call: &Call<'_>, place: &InSession, known: Known, run: Run) -> (Reply, Option<ToolError>) {
        let failed = |error: ToolError| (response::refusal(&error), Some(error));
        if known.effect != Effect::Read && place.session.handoff().is_some() {
            return failed(SessionError::HandedOff.into());
        }
        // A call made again that was carried out, and whose sending is held, goes on waiting for that alone.
        if let Some(sent) = self.away.back(call, place) {
            return Box::pin(sending::finish(self, call, place, known, sent)).await;
        }
        // A call made again finds the card of the first.
        if let Some(held) = Held::again(self, call, place) {
            return Box::pin(held::finish(self, call, place, known, run, held)).await;
        }
        let patience = if known.effect == Effect::Read { Patience::Read } else { Patience::Act };
        let (session, policy, desk, number, terms) =
            (Arc::clone(&place.session), self.policy.get(), self.desk.clone(), place.number, call.terms);
        let again = known.clone();
        let turn = async move {
            let watched = Watched::begin();
            let mut seen = match look(&session, &known).await {
                Ok(seen) => seen,
                Err(error) => {
                    let outcome = Err(error);
                    watched.ended(&session, &known, &[], &outcome);
                    return First::done(&session, &known, outcome, terms).await;
                }
            };
            session.call_named(number, &describe::sentence(&known.verb, &seen.readings, known.to_url.as_deref()));
            match decide(&policy, session.owner(), &known, &seen) {
                Verdict::Allow { .. } => act(&session, &known, seen, run, terms, number, false).await,
                Verdict::Deny { rule, message } => {
                    let outcome = Err(not_allowed(&rule, &message));
                    watched.ended(&session, &known, &seen.readings, &outcome);
                    First::done(&session, &known, outcome, terms).await
                }
                Verdict::Ask { rule, message, ttl, asking } => {
                    let what = describe::sentence(&known.verb, &seen.readings, known.to_url.as_deref());
                    match desk.let_through(session.id(), &asking, &what).await {
                        Ok(Some(grants)) => {
                            let grants = grants.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                            session.call_named(number, &format!("{what} (let through by grant {grants})"));
                            return act(&session, &known, seen, run, terms, number, true).await;
                        }
                        Ok(None) => {}
                        // What cannot be written down is asked about.
                        Err(error) => tracing::warn!(%error, "a grant could not be used"),
                    }
                    if let Err(error) = look_closer(&mut seen).await {
                        return First::done(&session, &known, Err(error), terms).await;
                    }
                    First::Ask { run, seen, rule, message, ttl, asking }
                }
            }
        };
        match self.turn(call, place, patience, turn).await {
            Ok(First::Done(reply, error)) => (reply, error),
            Ok(First::Sent(sent)) => Box::pin(sending::finish(self, call, place, again, *sent)).await,
            Ok(First::Ask { run, seen, rule, message, ttl, asking }) => {
                match Held::ask(self, call, place, &again, seen, rule, message, ttl, asking).await {
                    Ok(held) => Box::pin(held::finish(self, call, place, again, run, held)).await,
                    Err(error) => failed(error),
                }
            }
            // The agent hears what they changed together with that its call was not run.
            Err(error) if error.code == drive::NOT_RUN => {
                let (session, told) = (Arc::clone(&place.session), error.clone());
                let turn = async move { First::done(&session, &again, Err(told), terms).await };
                self.turn(call, place, Patience::Read, turn).await.map_or_else(failed, First::over)
            }
            Err(error) => failed(error),
        }
    }

    /// Runs work in its turn, unless the client leaves before: a look stops then, an action that has begun is carried through. While
    /// a person drives, it waits as long as a call may be held; what they did is looked at first, and an action that waited for
    /// them is not run when the page is another one now.
    pub(super) async fn turn<T: Send + 'static>(
        &self,
        call: &Call<'_>,
        place: &InSession,
        patience: Patience,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ToolError> {
        let until = Instant::now() + self.settings.hold;
        let mut work: BoxFuture<'static, T> = work.boxed();
        let mut waited = false;
        loop {
            waited |= drive::wait(call, place, until).await?;
            let (session, blind) = (Arc::clone(&place.session), waited && patience == Patience::Act);
            let work_in_turn = async move {
                if session.is_driven() {
                    // Taken while this waited for its turn: nothing has begun.
                    return Turned::Driven(work);
                }
                match drive::look(&session).await {
                    Some(drive::Seen::Changed(by)) if blind => Turned::Done(Err(drive::not_run(&by))),
                    _ => Turned::Done(Ok(work.await)),
                }
            };
            let turned = tokio::select! {
                biased;
                done = place.session.run(patience, work_in_turn) => done?,
                () = call.context.cancelled.cancelled() => return Err(cancelled()),
            };
            match turned {
                Turned::Done(done) => return done,
                Turned::Driven(back) => work = back,
            }
        }
    }

    /// The session the call means, opened now when it is the caller's usual one and not there.
    async fn session(
        &self,
        context: &CallContext,
        tell: &(impl Fn(String) + Sync),
    ) -> Result<Arc<Session>, SessionError> {
        if let Some(named) = &context.session.argument {
            return self.registry.own(&context.caller, named);
        }
        let name = context.session.name();
        let queued =
            |position: usize| tell(format!("Waiting for a free browser session: place {position} in the queue."));
        self.registry.named(&context.caller, &name, queued).await
    }

    /// The session the call would mean, if it is there.
    fn standing(&self, context: &CallContext) -> Option<Arc<Session>> {
        let name = context.session.argument.clone().unwrap_or_else(|| context.session.name());
        self.registry.standing(&context.caller, &name)
    }
}

pub(super) fn cancelled() -> ToolError {
    ToolError::new("cancelled", "The call was cancelled.", "Call again if it is still wanted.")
}

/// What the policy's no says to the agent.
pub(super) fn not_allowed(rule: &str, message: &str) -> ToolError {
    ToolError::new(
        "policy_denied",
        format!("The rule \"{rule}\" does not allow this: {message}"),
        "Do something else; asking again will not help.",
    )
}

//! Targets that are not ours to drive: kinds nobody here knows, and those beyond a limit. Chromium attaches them paused like all others;
//! none may stay so.
//!
//! Also one that is to be closed must run first: the script that called `window.open` stands in a loop of its own until the popup was let
//! run, and one that is closed before that leaves its opener there for ever (seen on 156).

use std::sync::{Arc, Weak};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::network::{EmulateNetworkConditionsByRuleParams, NetworkConditions};
use chromiumoxide::cdp::browser_protocol::target::{CloseTargetParams, DetachFromTargetParams};
use chromiumoxide::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;

use super::BrowserError;
use super::cdp::{Connection, Event, EventSink};
use crate::telemetry::Tasks;

/// A target that has not said within this time that it runs is let go: Chromium lets a target run that nobody is attached to.
const RUNS_WITHIN: Duration = Duration::from_secs(1);

/// Hears nothing: a session without any sink may not even be asked to run.
struct Nobody;

impl EventSink for Nobody {
    fn event(&self, _event: Event<'_>) {}

    fn ended(&self, _error: &BrowserError) {}
}

/// Lets such a target run (`Runtime.runIfWaitingForDebugger`), and lets it go (`Target.detachFromTarget`) when it refuses or says nothing.
/// `parent` is the session that was told of it; `None`: the browser's own. Returns at once.
pub(super) fn let_run(connection: &Connection, parent: Option<&Arc<str>>, session: &str, tasks: &Tasks) {
    let (connection, parent) = (connection.clone(), parent.cloned());
    let session: Arc<str> = session.into();
    connection.route(&session, Weak::<Nobody>::new());
    tasks.spawn("target resume", async move {
        let resumed = connection.execute(Some(&session), &RunIfWaitingForDebuggerParams::default(), RUNS_WITHIN).await;
        match resumed {
            Ok(_) | Err(BrowserError::Closed | BrowserError::Gone { .. }) => {}
            Err(error) => {
                tracing::debug!(%error, "a target of an unknown kind does not run and is let go");
                let detach = DetachFromTargetParams::builder().session_id(session.to_string()).build();
                connection.post(parent.as_ref(), &detach);
            }
        }
        connection.end_session(&session, &BrowserError::Closed);
    });
}

/// Closes a popup that is one too many, without a request of its own: it has no network when it is let run. Returns at once.
pub(super) fn turn_away(connection: &Connection, session: &str, target: &str, tasks: &Tasks) {
    let (connection, session): (_, Arc<str>) = (connection.clone(), session.into());
    let close = CloseTargetParams::new(target.to_owned());
    connection.route(&session, Weak::<Nobody>::new());
    tasks.spawn("popup turned away", async move {
        let nowhere = NetworkConditions::new(String::new(), 0.0, -1.0, -1.0);
        let offline = EmulateNetworkConditionsByRuleParams::new(true, vec![nowhere]);
        let run = RunIfWaitingForDebuggerParams::default();
        // They leave in this order.
        let (cut_off, ran) = futures_util::join!(
            connection.execute(Some(&session), &offline, RUNS_WITHIN),
            connection.execute(Some(&session), &run, RUNS_WITHIN),
        );
        for error in [cut_off.err(), ran.err()].into_iter().flatten() {
            tracing::debug!(%error, "a popup that is one too many is closed as it is");
        }
        connection.post(None, &close);
        connection.end_session(&session, &BrowserError::Closed);
    });
}

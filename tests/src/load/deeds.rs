//! What one session of a scenario does, the ways it goes wrong on purpose among them.
//!
//! A call that is to fail must fail, and the session must still close: anything else is a failure of the service.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::numbers::Side;
use super::scenario::THINKS;
use super::{Kind, Run};
use crate::mcp::{McpClient, Refused};
use crate::steps::{self, Trouble, first_line};

/// An agent that vanishes is gone so long after its call began: long enough for the call to have reached the page.
const VANISHES_AFTER: Duration = Duration::from_millis(100);

/// Fills the page's JavaScript heap, which [`SMALL_HEAP`] keeps small: V8 then ends the renderer, and nobody else.
const FILL_THE_HEAP: &str = "() => { const all = []; for (;;) all.push(new Array(100000).fill(1.5)); }";

/// Argument of Chromium that makes [`Kind::Crash`] quick and cheap: MiB of old space.
const SMALL_HEAP: &str = "--js-flags=--max-old-space-size=64";

/// A session without a call ends after this long, ms: that of an agent that vanished, and of nobody else here.
const IDLE_MS: u32 = 5_000;

/// Configuration of a service that is to go through soak or chaos: pages' heaps are small, vanished agents are forgotten soon.
#[must_use]
pub fn settings_of_faults() -> String {
    format!(
        "[browser]\nargs = [\"{SMALL_HEAP}\"]\n[session]\nidle_ms_max = {IDLE_MS}\n[mcp]\nlegacy_idle_ms_max = {IDLE_MS}\n"
    )
}

/// What opening and the rest took, for sessions whose place was got.
pub(super) struct Course {
    /// When the session was there.
    pub opened: Instant,
    pub result: Result<(), Trouble>,
}

/// One session, opened by `client` under `name`, to its end; `placed` is called when it is there.
///
/// # Errors
/// When it could not be opened.
pub(super) async fn session(
    run: &Run,
    client: McpClient,
    name: &str,
    kind: Kind,
    placed: impl FnOnce(Instant),
) -> Result<Course, Trouble> {
    let mut timed = |tool: &'static str, took: Duration| run.numbers.step(tool, took);
    steps::step(&client, "session_open", json!({ "name": name }), &mut timed).await?;
    let opened = Instant::now();
    placed(opened);
    let _held = run.numbers.hold(Side::Own);
    let result = if kind == Kind::Disconnect {
        vanish(run, client, name).await
    } else {
        let inside = inside(run, &client, name, kind).await;
        let closed = steps::step(&client, "session_close", json!({ "session": name }), &mut timed).await;
        // The run's numbers do not hang on the goodbye of the older era.
        drop(client.close().await);
        inside.and(closed.map(drop))
    };
    Ok(Course { opened, result })
}

async fn inside(run: &Run, client: &McpClient, name: &str, kind: Kind) -> Result<(), Trouble> {
    let mut timed = |tool: &'static str, took: Duration| run.numbers.step(tool, took);
    if matches!(kind, Kind::Happy | Kind::Thinking) {
        steps::inside(client, name, &run.plan.form_url, &mut timed).await?;
        if kind == Kind::Thinking {
            sleep(THINKS).await;
        }
        return Ok(());
    }
    let form = json!({ "session": name, "url": run.plan.form_url });
    steps::step(client, "browser_navigate", form, &mut timed).await?;
    let evaluate = |function: &str| json!({ "session": name, "function": function });
    match kind {
        Kind::Happy | Kind::Thinking | Kind::Disconnect => Ok(()),
        Kind::Error => {
            let click = json!({ "session": name, "target": "e99999" });
            fails(run, client, "browser_click", "error: unknown element", click, "").await?;
            let away = json!({ "session": name, "url": "http://127.0.0.1:1/" });
            fails(run, client, "browser_navigate", "error: forbidden address", away, "").await?;
            let throws = evaluate("() => { throw new Error('as planned'); }");
            fails(run, client, "browser_evaluate", "error: script that throws", throws, "as planned").await
        }
        Kind::Crash => {
            fails(run, client, "browser_evaluate", "crash of a page", evaluate(FILL_THE_HEAP), "crash").await
        }
        Kind::Timeout => {
            let never = evaluate("() => new Promise(() => {})");
            fails(run, client, "browser_evaluate", "call that times out", never, "").await
        }
        Kind::Hang => {
            fails(run, client, "browser_evaluate", "script without an end", evaluate("() => { for (;;); }"), "").await
        }
    }
}

/// A call that must be answered with an error that holds `word`; its time is kept under `label`, never among those of good calls.
async fn fails(
    run: &Run,
    client: &McpClient,
    tool: &'static str,
    label: &'static str,
    arguments: Value,
    word: &str,
) -> Result<(), Trouble> {
    let began = Instant::now();
    let answer = client.call(tool, arguments).await;
    run.numbers.step(label, began.elapsed());
    match answer {
        Ok(answer) if answer.is_error && answer.text.contains(word) => Ok(()),
        Ok(answer) if answer.is_error => Err(Trouble::Failed(label, first_line(&answer.text))),
        Ok(answer) => Err(Trouble::Failed(label, format!("it went well: {}", first_line(&answer.text)))),
        Err(Refused::Rpc(_, text)) if text.contains(word) => Ok(()),
        Err(refused) => Err(Trouble::Failed(label, refused.to_string())),
    }
}

/// The agent is gone in the middle of a call, with its connection. Its session is the service's to end, by its idle time; in a service
/// whose idle time is not ours to set, somebody else closes it.
async fn vanish(run: &Run, client: McpClient, name: &str) -> Result<(), Trouble> {
    let mut timed = |tool: &'static str, took: Duration| run.numbers.step(tool, took);
    let form = json!({ "session": name, "url": run.plan.form_url });
    steps::step(&client, "browser_navigate", form, &mut timed).await?;
    let waits = json!({ "session": name, "function": "() => new Promise(() => {})" });
    tokio::select! {
        biased;
        answer = client.call("browser_evaluate", waits) => {
            let what = answer.map_or_else(|refused| refused.to_string(), |answer| first_line(&answer.text));
            return Err(Trouble::Failed("call to vanish from", format!("it was answered: {what}")));
        }
        () = sleep(VANISHES_AFTER) => drop(client),
    }
    if run.plan.open.as_ref().is_some_and(|open| !open.reaped) {
        let Ok(other) = run.client(run.plan.key.as_deref()).await else { return Ok(()) };
        steps::step(&other, "session_close", json!({ "session": name }), &mut timed).await?;
    }
    Ok(())
}

//! The noisy tenant: a crowd of callers that ask for sessions and, whatever they are told, ask again at once.
//!
//! It is a closed loop on purpose: as many wait all the time as there are callers, less those that hold a session. Its figures never count
//! among those of the tenant beside it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::numbers::Side;
use super::scenario::{Noise, THINKS};
use super::{COME_BACK_AFTER, Run};
use crate::mcp::McpClient;
use crate::steps::{self, Trouble};

/// Between two callers that come: so many connections in one instant would find the kernel's own queue full.
const CALLER_EVERY: Duration = Duration::from_millis(2);

/// Under this name the crowd's waits are kept.
pub(super) const CROWD: &str = "noisy tenant";

/// Lets the crowd come, and returns when all of it has hung up.
pub(super) async fn gather(run: Arc<Run>, noise: Noise, key: Option<String>, began: Instant) {
    let (from, until) = (began + noise.from, began + noise.until);
    let mut callers = JoinSet::new();
    for number in 0..noise.crowd {
        let (run, key) = (Arc::clone(&run), key.clone());
        callers.spawn(async move {
            sleep_until(from + CALLER_EVERY * number).await;
            caller(&run, number, key.as_deref(), until).await;
        });
    }
    while callers.join_next().await.is_some() {}
}

async fn caller(run: &Run, number: u32, key: Option<&str>, until: Instant) {
    let client = match run.client(key).await {
        Ok(client) => client,
        Err(fault) => return run.numbers.failed("a caller of the crowd", &fault.what),
    };
    let mut turn = 0_u32;
    while Instant::now() < until {
        turn += 1;
        let name = format!("load-{}-crowd-{number}-{turn}", std::process::id());
        let asked = Instant::now();
        let mut silent = |_: &'static str, _: Duration| {};
        let opened = tokio::select! {
            biased;
            opened = steps::step(&client, "session_open", json!({ "name": name }), &mut silent) => opened,
            // It hangs up; the service takes it out of the queue.
            () = sleep_until(until) => return,
        };
        match opened {
            Ok(_) => {
                run.numbers.crowd_placed(CROWD, asked.elapsed());
                if let Err(trouble) = hold(run, &client, &name).await {
                    run.numbers.failed("a session of the crowd", &format!("{trouble:?}"));
                }
            }
            Err(Trouble::Busy(_)) => {
                run.numbers.crowd_refused();
                // A wait that ran out is begun again at once, as noisy ones do; a door that is shut is not stormed.
                if asked.elapsed() < COME_BACK_AFTER {
                    sleep(COME_BACK_AFTER).await;
                }
            }
            Err(Trouble::Failed(step, what)) => run.numbers.failed("a caller of the crowd", &format!("{step}: {what}")),
        }
    }
}

/// A session on the form, held as long as an agent thinks.
async fn hold(run: &Run, client: &McpClient, name: &str) -> Result<(), Trouble> {
    let _held = run.numbers.hold(Side::Crowd);
    let mut silent = |_: &'static str, _: Duration| {};
    let form = json!({ "session": name, "url": run.plan.form_url });
    let went = steps::step(client, "browser_navigate", form, &mut silent).await;
    sleep(THINKS).await;
    let closed = steps::step(client, "session_close", json!({ "session": name }), &mut silent).await;
    went.and(closed).map(drop)
}

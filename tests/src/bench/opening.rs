//! Opening a session, before its first navigation: a hand-over of what the pool keeps ready, beside what Chromium takes to make it.

use std::fmt;
use std::time::Duration;

use helmwatch_protocol::PoolView;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::ms;
use super::spread::Spread;
use super::target::Target;
use crate::cdp::{Chromium, Connection};
use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// Contexts kept ready for the burst, and sessions opened in it without one being closed.
const BURST: u32 = 16;

/// The time for the pool to have its goal of contexts ready again.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct OpeningPlan {
    /// Openings of each kind.
    pub times: u32,
    /// Leave Chromium alone out.
    pub without_raw: bool,
}

/// Everything measured; the service's from the call of `session_open` to its answer over HTTP.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OpeningReport {
    /// Contexts the pool keeps ready, by its own default.
    pub warm: u32,
    /// The pool had its goal of contexts ready each time.
    pub leisure: Spread,
    /// Opened, closed, and at once the next.
    pub back_to_back: Spread,
    /// [`BURST`] opened one after another, as many ready before.
    pub burst: Spread,
    /// `createBrowserContext` and `createTarget`, in turns with the service's at leisure.
    pub raw: Spread,
    /// The same, one at once after another.
    pub raw_back_to_back: Spread,
}

/// Runs it all; `say` is told what is going on.
///
/// # Errors
/// When a side does not start or an opening fails: a benchmark of failures is none.
pub async fn opening(plan: OpeningPlan, say: impl Fn(&str)) -> Outcome<OpeningReport> {
    let site = Site::start().await?;
    let config = format!("[pool]\nmax_sessions = {}\n", BURST + 2);
    let house = House::start(Options::allowing([site.address()]).config(&config)).await?;
    let chromium = if plan.without_raw { None } else { Some(Chromium::launch().await?) };
    let raw = chromium.as_ref().map(Chromium::connection);
    // Once unmeasured, so that no side pays for a first time.
    house.open_and_close("first").await?;
    if let Some(raw) = &raw {
        make(raw).await?;
    }
    let warm = house.pool().await?.warm_sessions;
    let mut report = OpeningReport { warm, ..OpeningReport::default() };

    say(&format!("opening at leisure, {} times", plan.times));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..plan.times {
        house.ready(warm).await?;
        ours.push(house.open_and_close(&format!("leisure-{number}")).await?);
        if let Some(raw) = &raw {
            theirs.push(make(raw).await?);
        }
    }
    (report.leisure, report.raw) = (Spread::of(ours), Spread::of(theirs));

    say(&format!("opening back to back, {} times", plan.times));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..plan.times {
        ours.push(house.open_and_close(&format!("next-{number}")).await?);
    }
    if let Some(raw) = &raw {
        for _ in 0..plan.times {
            theirs.push(make(raw).await?);
        }
    }
    (report.back_to_back, report.raw_back_to_back) = (Spread::of(ours), Spread::of(theirs));

    let rounds = plan.times.div_ceil(BURST);
    say(&format!("opening {BURST} of {BURST} ready, {rounds} times"));
    house.keep_warm(BURST).await?;
    let mut ours = Vec::new();
    for round in 0..rounds {
        house.ready(BURST).await?;
        for number in 0..BURST {
            ours.push(house.open(&format!("burst-{round}-{number}")).await?);
        }
        for number in 0..BURST {
            house.close(&format!("burst-{round}-{number}")).await?;
        }
    }
    report.burst = Spread::of(ours);
    if let Some(chromium) = chromium {
        chromium.close().await?;
    }
    house.stop().await?;
    Ok(report)
}

/// The service and its one caller.
struct House {
    service: Service,
    client: McpClient,
}

impl House {
    async fn start(options: Options) -> Outcome<Self> {
        let service = Service::start(options).await?;
        let client = McpClient::connect(&service.mcp_url(), Some(service.admin_key()), Era::Modern).await?;
        Ok(Self { service, client })
    }

    async fn call(&self, tool: &str, name: &str) -> Outcome<()> {
        let arguments = if tool == "session_open" { json!({ "name": name }) } else { json!({ "session": name }) };
        let answer = self.client.call(tool, arguments).await.map_err(|refused| Fault::of(tool, refused))?;
        if answer.is_error {
            return Err(Fault::new(format!("{tool}: {}", answer.text), "a benchmark of failures is none"));
        }
        Ok(())
    }

    /// Milliseconds until the session was there.
    async fn open(&self, name: &str) -> Outcome<f64> {
        let began = Instant::now();
        self.call("session_open", name).await?;
        Ok(ms(began.elapsed()))
    }

    async fn close(&self, name: &str) -> Outcome<()> {
        self.call("session_close", name).await
    }

    async fn open_and_close(&self, name: &str) -> Outcome<f64> {
        let took = self.open(name).await?;
        self.close(name).await?;
        Ok(took)
    }

    async fn pool(&self) -> Outcome<PoolView> {
        let (_, pool) = self.service.api("GET", "/v1/pool", Some(self.service.admin_key()), None).await?;
        serde_json::from_value(pool).map_err(|error| Fault::of("the pool", error))
    }

    /// Waits until nobody has a session and so many contexts are ready.
    async fn ready(&self, warm: u32) -> Outcome<()> {
        until("contexts ready", READY_WITHIN, async || {
            let pool = self.pool().await.ok()?;
            (pool.in_use == 0 && pool.warm >= warm).then_some(())
        })
        .await
    }

    async fn keep_warm(&self, contexts: u32) -> Outcome<()> {
        let body = json!({ "warm_sessions": contexts });
        let (status, said) = self.service.api("PATCH", "/v1/pool", Some(self.service.admin_key()), Some(body)).await?;
        if status == 200 { Ok(()) } else { Err(Fault::of("the pool", said)) }
    }

    async fn stop(self) -> Outcome<()> {
        let ended = self.service.stop().await?;
        if ended.left.is_empty() {
            return Ok(());
        }
        Err(Fault::new(format!("the service left {:?}", ended.left), "a leak: look at pool and shutdown"))
    }
}

/// Milliseconds for a context with a page; disposed outside the time.
async fn make(raw: &Connection) -> Outcome<f64> {
    let began = Instant::now();
    let context = raw.call("", "Target.createBrowserContext", json!({})).await?;
    let context = &context["browserContextId"];
    raw.call("", "Target.createTarget", json!({ "url": "about:blank", "browserContextId": context })).await?;
    let took = ms(began.elapsed());
    raw.call("", "Target.disposeBrowserContext", json!({ "browserContextId": context })).await?;
    Ok(took)
}

impl OpeningReport {
    /// What was to be reached.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let p50 = self.leisure.p50_ms;
        let reached = self.leisure.count > 0 && p50 <= 5.0;
        vec![Target::new("opening from the warm pool, p50", "<= 5 ms", format!("{p50:.1} ms"), reached)]
    }
}

impl fmt::Display for OpeningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| opening, before the first navigation, ms | Helmwatch | raw CDP: context and page |\n|---|---:|---:|"
        )?;
        let mut row =
            |name: &str, ours: Spread, raw: Spread| writeln!(f, "| {name} ({} times) | {ours} | {raw} |", ours.count);
        row(&format!("at leisure: {} contexts ready each time", self.warm), self.leisure, self.raw)?;
        row("back to back: opened, closed, the next", self.back_to_back, self.raw_back_to_back)?;
        row(&format!("{BURST} one after another, {BURST} ready before"), self.burst, Spread::default())?;
        writeln!(f, "\nMedian / 95th percentile, from the call of `session_open` to its answer over HTTP.")?;
        Ok(())
    }
}

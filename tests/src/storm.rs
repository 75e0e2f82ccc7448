//! The storm: malformed messages at every place where the service reads what others write, against the real program and a real
//! Chromium. It may refuse them in any words it likes; it may not end, hang, answer with a fault of its own, or keep anything of them.

mod agents;
pub mod raw;
pub mod sockets;
mod traces;
pub mod wire;

/// The changes fuzzers make, shared with the service's own tests.
#[path = "../fuzz/mutator.rs"]
mod mutator;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::mcp::{Era, McpClient};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::{Fault, Outcome};
use mutator::Mutator;
use traces::Traces;
use wire::Wire;

/// Messages under way at once on one front.
const WORKERS: usize = 8;
/// Messages between two good calls.
const BATCH: u64 = 250;
/// One answer, or one goodbye: above every deadline the service has for a message.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Faults that are told in words.
const TOLD_MAX: usize = 20;

/// Where messages go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Front {
    /// JSON-RPC in requests to `/mcp`.
    Mcp,
    /// Bytes on a connection.
    Http,
    /// Frames after a handshake.
    WebSocket,
    /// What a browser says.
    Cdp,
}

impl Front {
    /// In the order they are stormed.
    pub const ALL: [Self; 4] = [Self::Mcp, Self::Http, Self::WebSocket, Self::Cdp];

    fn word(self) -> &'static str {
        match self {
            Self::Mcp => "MCP",
            Self::Http => "HTTP",
            Self::WebSocket => "WebSocket",
            Self::Cdp => "CDP",
        }
    }
}

/// How large a storm.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Messages on each front.
    pub messages: u64,
    /// Messages a second on one front, at most.
    pub rate: u32,
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    pub sent: BTreeMap<Front, u64>,
    /// How they were answered: by front and word (a status, an error, a close code).
    pub answers: BTreeMap<(Front, String), u64>,
    pub good_calls: u64,
    pub hangs: u64,
    /// Answers that blame the service.
    pub blamed: u64,
    /// Good calls that were not answered as they should be.
    pub unanswered: u64,
    /// The service ended, or became another process.
    pub ended: bool,
    /// What is there that was not before.
    pub left: Vec<String>,
    /// Faults in words; the first of them.
    pub told: Vec<String>,
    pub took: Duration,
}

impl Tally {
    /// Nothing wrong was seen.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.hangs + self.blamed + self.unanswered == 0 && !self.ended && self.left.is_empty()
    }

    /// All messages.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.sent.values().sum()
    }

    fn tell(&mut self, what: String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(what);
        }
    }

    fn count(&mut self, front: Front, answer: Answer) {
        let word = match answer {
            Answer::Said(word) => word,
            Answer::Blamed(what) => {
                self.blamed += 1;
                self.tell(format!("{}: {what}", front.word()));
                "blamed".to_owned()
            }
            Answer::Hung(what) => {
                self.hangs += 1;
                self.tell(format!("{}: no end within {ANSWER_WITHIN:?}: {what}", front.word()));
                "hung".to_owned()
            }
        };
        *self.answers.entry((front, word)).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fronts: Vec<String> =
            self.sent.iter().map(|(front, count)| format!("{count} over {}", front.word())).collect();
        write!(
            f,
            "{} malformed messages ({}) in {:.0} s: {} crashes, {} hangs, {} faults of the service's own; {} good calls between them, {} \
             not answered; above the baseline: {}",
            self.messages(),
            fronts.join(", "),
            self.took.as_secs_f64(),
            u8::from(self.ended),
            self.hangs,
            self.blamed,
            self.good_calls,
            self.unanswered,
            self.left.len(),
        )
    }
}

/// What came of one message.
enum Answer {
    /// In one word; refused, taken or hung up on is all the same.
    Said(String),
    /// It blamed itself.
    Blamed(String),
    /// Neither answer nor end came.
    Hung(String),
}

/// What the fronts need to know.
#[derive(Clone)]
struct Aim {
    port: u16,
    /// A key with every scope but `admin`, so that no front is closed to it.
    key: String,
    rate: u32,
}

/// A running service under the storm.
struct Sea {
    site: Site,
    service: Service,
    wire: Wire,
    agent: McpClient,
    tally: Tally,
}

/// Storms a service of its own. `progress` hears how many messages were sent.
///
/// # Errors
/// When nothing could be begun. What goes wrong in the storm is in the tally.
pub async fn run(plan: &Plan, progress: watch::Sender<u64>) -> Outcome<Tally> {
    let site = Site::start().await?;
    let wire = Wire::new(plan.seed)?;
    let options = wire.options(Options::allowing([site.address()]));
    let service = Service::start(options).await?;
    let key = service.create_key("storm", &["agent", "view", "control", "approve"], None).await?;
    let agent = service.create_key("good", &["agent"], None).await?;
    let agent = McpClient::connect(&service.mcp_url(), Some(&agent), Era::Modern).await?;
    let aim = Aim { port: service.port(), key, rate: plan.rate };
    let mut sea = Sea { site, service, wire, agent, tally: Tally::default() };
    // What is made once is made before the baseline.
    sea.good_call().await;
    sea.good_call().await;
    let before = Traces::baseline(&sea.service).await?;
    let began = Instant::now();
    for front in Front::ALL {
        sea.storm(front, plan, &aim, &progress).await;
    }
    sea.tally.took = began.elapsed();
    agents::leave(&aim).await;
    sea.tally.left = if sea.stands() { before.left(&sea.service).await } else { Vec::new() };
    let Sea { service, mut tally, .. } = sea;
    match service.stop().await {
        Ok(ended) => {
            if !ended.status.success() {
                tally.tell(format!("the service ended with {}", ended.status));
                tally.ended = true;
            }
            tally.left.extend(ended.left);
        }
        Err(fault) => tally.tell(format!("the end of the service: {fault}")),
    }
    Ok(tally)
}

impl Sea {
    async fn storm(&mut self, front: Front, plan: &Plan, aim: &Aim, progress: &watch::Sender<u64>) {
        let mut sent = 0;
        let before = self.wire.sent();
        while sent < plan.messages && self.stands() {
            let batch = BATCH.min(plan.messages - sent);
            match front {
                Front::Mcp => self.batch(front, batch, plan.seed ^ sent, aim, agents::one).await,
                Front::Http => self.batch(front, batch, plan.seed ^ sent, aim, raw::one).await,
                Front::WebSocket => self.batch(front, batch, plan.seed ^ sent, aim, sockets::one).await,
                // The browser says them itself, while good calls are made.
                Front::Cdp => self.wire.say(batch),
            }
            self.good_call().await;
            sent = match front {
                Front::Cdp => self.wire.sent() - before,
                _ => sent + batch,
            };
            *self.tally.sent.entry(front).or_default() = sent;
            progress.send_replace(self.tally.messages());
        }
        self.wire.say(0);
    }

    /// One batch over a front, by as many workers as there may be messages under way.
    async fn batch<F, A>(&mut self, front: Front, count: u64, seed: u64, aim: &Aim, one: F)
    where
        F: Fn(Aim, Mutator) -> A + Copy + Send + 'static,
        A: Future<Output = (Answer, Mutator)> + Send,
    {
        let mut workers = JoinSet::new();
        let pause = Duration::from_secs_f64(WORKERS as f64 / f64::from(aim.rate.max(1)));
        for worker in 0..WORKERS as u64 {
            let aim = aim.clone();
            let share = count / WORKERS as u64 + u64::from(worker < count % WORKERS as u64);
            workers.spawn(async move {
                let mut mutator = Mutator::new(seed.wrapping_mul(1_000_003) ^ worker);
                let mut pace = tokio::time::interval(pause);
                let mut answers = Vec::new();
                for _ in 0..share {
                    pace.tick().await;
                    let (answer, next) = one(aim.clone(), mutator).await;
                    mutator = next;
                    answers.push(answer);
                }
                answers
            });
        }
        while let Some(answers) = workers.join_next().await {
            match answers {
                Ok(answers) => answers.into_iter().for_each(|answer| self.tally.count(front, answer)),
                Err(error) => self.tally.tell(format!("a worker of the storm itself fell: {error}")),
            }
        }
    }

    /// The process that was started is still the one that runs.
    fn stands(&mut self) -> bool {
        let stands = self.service.process().alive();
        if !stands && !self.tally.ended {
            self.tally.ended = true;
            self.tally.tell(format!("the service ended:\n{}", self.service.log()));
        }
        stands
    }

    /// A whole small session, answered as it should be.
    async fn good_call(&mut self) {
        let name = format!("good-{}", self.tally.good_calls);
        self.tally.good_calls += 1;
        let url = self.site.url("/form");
        let steps = [
            ("session_open", serde_json::json!({ "name": name }), "### Result"),
            ("browser_navigate", serde_json::json!({ "session": name, "url": url }), "Form"),
            ("browser_evaluate", serde_json::json!({ "session": name, "function": "() => 6 * 7" }), "42"),
            ("session_close", serde_json::json!({ "session": name }), "### Result"),
        ];
        for (tool, arguments, word) in steps {
            let answer = tokio::time::timeout(ANSWER_WITHIN, self.agent.call(tool, arguments)).await;
            let wrong = match answer {
                Ok(Ok(answer)) if !answer.is_error && answer.text.contains(word) => continue,
                Ok(Ok(answer)) => answer.text,
                Ok(Err(refused)) => refused.to_string(),
                Err(_) => format!("no answer within {ANSWER_WITHIN:?}"),
            };
            self.tally.unanswered += 1;
            self.tally.tell(format!("a good call, {tool}: {wrong}"));
            return;
        }
    }
}

/// A seed nobody chose.
#[must_use]
pub fn seed() -> u64 {
    rand::random()
}

fn fault(what: &str, error: impl fmt::Display) -> Fault {
    Fault::of(what, error)
}

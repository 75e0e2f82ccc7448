//! From whoever records something to the collector: a queue, and the task that empties it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::collector::{Answer, Collector};
use super::signal::Signal;
use crate::telemetry::{Tasks, names};

/// Most of one message.
const BATCH_MAX: usize = 512;
/// How long the first of a message waits for more.
const GATHER: Duration = Duration::from_secs(1);

/// The pause after a message the collector did not take; twice as long after each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// However often it failed, and whatever the collector wishes.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often one message is tried: for some two minutes. What comes meanwhile waits in the queue as far as it fits.
const TRIES_MAX: u32 = 8;

/// How often the log says that the collector takes nothing.
const SAY_EVERY: Duration = Duration::from_secs(300);

/// Where what is recorded is put. Never waits.
#[derive(Debug)]
pub(super) struct Inlet<T>(mpsc::Sender<T>);

impl<T: Signal> Inlet<T> {
    pub fn put(&self, item: T) {
        // A closed one belongs to a service that has ended.
        if let Err(TrySendError::Full(_)) = self.0.try_send(item) {
            dropped::<T>("full", 1);
        }
    }
}

/// Starts the task of one signal.
pub(super) fn start<T: Signal>(
    tasks: &Tasks,
    queue_max: usize,
    collector: &Arc<Collector>,
    resource: &Resource,
) -> Inlet<T> {
    let (inlet, queue) = mpsc::channel(queue_max);
    let resource = resource.into();
    let collector = Arc::clone(collector);
    tasks.spawn_with("telemetry", |ending| {
        Pipe::<T> { queue, collector, resource, ending, said: Said::default() }.run()
    });
    Inlet(inlet)
}

struct Pipe<T> {
    queue: mpsc::Receiver<T>,
    collector: Arc<Collector>,
    resource: ResourceAttributesWithSchema,
    ending: CancellationToken,
    said: Said,
}

impl<T: Signal> Pipe<T> {
    async fn run(mut self) {
        loop {
            let batch = self.gather().await;
            if batch.is_empty() {
                return;
            }
            let count = batch.len() as u64;
            let body = T::encode(batch, &self.resource);
            self.deliver(body, count).await;
        }
    }

    /// The next message's worth. Empty when nothing more will come.
    async fn gather(&mut self) -> Vec<T> {
        let mut batch = Vec::new();
        let mut enough = None;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            let wait = async {
                match enough {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // A closed queue gives what it still has, and then nothing.
                () = self.ending.cancelled(), if !self.queue.is_closed() => self.queue.close(),
                more = self.queue.recv_many(&mut batch, room) => if more == 0 { break },
                () = wait => break,
            }
            enough = enough.or_else(|| (!batch.is_empty()).then(|| Instant::now() + GATHER));
        }
        batch
    }

    async fn deliver(&mut self, body: Bytes, count: u64) {
        let mut pause = PAUSE_MIN;
        for tried in 1..=TRIES_MAX {
            // Before the attempt: one that has begun when the end comes is followed by no other.
            let last = tried == TRIES_MAX || self.ending.is_cancelled();
            match self.collector.post(T::PATH, body.clone()).await {
                Answer::Taken(answer) => {
                    let rejected = T::rejected(&answer).min(count);
                    dropped::<T>("rejected", rejected);
                    counter!(names::TELEMETRY_SENT, "signal" => T::NAME).increment(count - rejected);
                    self.said.taken::<T>();
                    return;
                }
                Answer::Refused(status) => {
                    dropped::<T>("refused", count);
                    self.said.failed::<T>(&format!("it answers {}", status.as_u16()));
                    return;
                }
                Answer::Later(why, after) => {
                    self.said.failed::<T>(&why);
                    if last {
                        break;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(after.unwrap_or(pause).min(PAUSE_MAX)) => {}
                        () = self.ending.cancelled() => {}
                    }
                    pause = (2 * pause).min(PAUSE_MAX);
                }
            }
        }
        dropped::<T>("unreachable", count);
    }
}

fn dropped<T: Signal>(reason: &'static str, count: u64) {
    if count > 0 {
        counter!(names::TELEMETRY_DROPPED, "signal" => T::NAME, "reason" => reason).increment(count);
    }
}

/// What the log was told: once when it begins, now and then while it lasts, once when it is over.
#[derive(Default)]
struct Said {
    failing: Option<Instant>,
}

impl Said {
    fn failed<T: Signal>(&mut self, why: &str) {
        let now = Instant::now();
        if self.failing.is_some_and(|said| now.duration_since(said) < SAY_EVERY) {
            return;
        }
        self.failing = Some(now);
        tracing::warn!(
            signal = T::NAME,
            why,
            "the telemetry collector takes nothing; see helmwatch_telemetry_dropped_total"
        );
    }

    fn taken<T: Signal>(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!(signal = T::NAME, "the telemetry collector takes again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A signal of plain numbers.
    struct Number(u8);

    impl Signal for Number {
        const NAME: &'static str = "numbers";
        const PATH: &'static str = "/numbers";

        fn encode(batch: Vec<Self>, _: &ResourceAttributesWithSchema) -> Bytes {
            batch.iter().map(|number| number.0).collect::<Vec<_>>().into()
        }

        fn rejected(_: &[u8]) -> u64 {
            0
        }
    }

    fn pipe(queue_max: usize) -> (Inlet<Number>, Pipe<Number>) {
        let config = crate::config::TelemetryConfig { endpoint: "http://127.0.0.1:9".to_owned(), ..Default::default() };
        let collector = Collector::new(&config, &Tasks::new()).expect("a client");
        let (inlet, queue) = mpsc::channel(queue_max);
        let resource = ResourceAttributesWithSchema::default();
        let ending = CancellationToken::new();
        (Inlet(inlet), Pipe { queue, collector, resource, ending, said: Said::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_drops_the_newest_and_a_message_waits_a_moment_for_more() {
        let (inlet, mut pipe) = pipe(3);
        for number in 0..5 {
            inlet.put(Number(number));
        }
        let began = Instant::now();
        let batch: Vec<_> = pipe.gather().await.iter().map(|number| number.0).collect();
        assert_eq!(batch, [0, 1, 2]);
        assert_eq!(began.elapsed(), GATHER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_message_goes_at_once_and_the_end_waits_for_nothing() {
        let (inlet, mut pipe) = pipe(2 * BATCH_MAX);
        for _ in 0..=BATCH_MAX {
            inlet.put(Number(1));
        }
        let began = Instant::now();
        assert_eq!(pipe.gather().await.len(), BATCH_MAX);
        pipe.ending.cancel();
        assert_eq!(pipe.gather().await.len(), 1);
        assert!(pipe.gather().await.is_empty());
        assert_eq!(began.elapsed(), Duration::ZERO);
        inlet.put(Number(2));
        assert!(pipe.gather().await.is_empty(), "what comes after the end goes nowhere");
    }
}

//! Whatever a browser says, the connection to it lives on, and the next good answer reaches whoever waits for it.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::EventFrameNavigated;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Connection, Event, EventSink};
use crate::browser::BrowserError;
use crate::browser::chromium::RootSink;
use crate::telemetry::Tasks;

/// Frames of one input: a connection nobody reads from is ended when its outbox is full, which is no fault of the frames.
const FRAMES_MAX: usize = 64;
/// The CDP session there is.
const SESSION: &str = "S1";

/// Decodes each event as one that pages follow, and counts.
#[derive(Default)]
struct Ear(AtomicUsize);

impl EventSink for Ear {
    fn event(&self, event: Event<'_>) {
        drop(event.decode::<EventFrameNavigated>());
        drop(event.read::<Value>());
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self, _: &BrowserError) {}
}

/// The frames of an input, ended by zero bytes as on the pipe, at a connection with commands under way and a session attached.
pub fn frames(data: &[u8]) {
    // Deadlines need a clock that stands still.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _inside = runtime.enter();
    let (connection, mut letters) = Connection::unwired();
    let tasks = Tasks::new();
    let root = RootSink::of(&connection, &tasks);
    let root: Weak<dyn EventSink> = Arc::downgrade(&(root as Arc<dyn EventSink>));
    connection.route_root(root.clone());
    let (ear, session) = (Arc::new(Ear::default()), Arc::<str>::from(SESSION));
    connection.route(&session, Arc::downgrade(&(Arc::clone(&ear) as Arc<dyn EventSink>)));

    let (asked, params) = (Duration::from_secs(3_600), json!({}));
    let mut own = pin!(connection.request(None, "Browser.getVersion", &params, asked));
    let mut of_session = pin!(connection.request(Some(&session), "Page.enable", &params, asked));
    let mut context = Context::from_waker(Waker::noop());
    assert!(own.as_mut().poll(&mut context).is_pending() && of_session.as_mut().poll(&mut context).is_pending());
    assert_eq!((next(&mut letters), next(&mut letters)), (1, 2));

    for frame in data.split(|byte| *byte == 0).take(FRAMES_MAX) {
        connection.take(&Bytes::copy_from_slice(frame));
        while letters.try_recv().is_ok() {}
    }
    // Each was answered or still waits; neither is polled again once it was.
    for mut command in [own as std::pin::Pin<&mut dyn Future<Output = _>>, of_session] {
        if let Poll::Ready(Ok(answer)) = command.as_mut().poll(&mut context) {
            serde_json::from_slice::<Box<RawValue>>(&answer).expect("an answer is a JSON value of its own");
        }
    }

    assert!(connection.is_alive(), "frames end no connection");
    let mut good = pin!(connection.request(None, "Browser.getVersion", &params, asked));
    assert!(good.as_mut().poll(&mut context).is_pending());
    let id = next(&mut letters);
    connection.take(&Bytes::from(json!({ "id": id, "result": { "product": "good" } }).to_string()));
    let Poll::Ready(Ok(answer)) = good.as_mut().poll(&mut context) else { panic!("a good answer was not passed on") };
    assert_eq!(answer, r#"{"product":"good"}"#);
    let before = ear.0.load(Ordering::Relaxed);
    connection.route(&session, Arc::downgrade(&(Arc::clone(&ear) as Arc<dyn EventSink>)));
    connection.take(&Bytes::from(json!({ "method": "Page.loadEventFired", "sessionId": SESSION }).to_string()));
    assert_eq!(ear.0.load(Ordering::Relaxed), before + 1, "a good event reaches its session");
}

/// The id of the next command that is sent.
fn next(letters: &mut mpsc::Receiver<Bytes>) -> u64 {
    let letter = letters.try_recv().expect("a command was sent");
    let letter: Value = serde_json::from_slice(&letter).expect("commands are JSON");
    letter["id"].as_u64().expect("each with its id")
}

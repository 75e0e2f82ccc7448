//! One person looking at one session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use helmwatch_protocol::{LiveEvent, MouseKind, ViewerMessage};
use metrics::{counter, histogram};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use super::behind::{Casting, Input, Watched};
use super::hub::{Hub, Seat};
use super::input_meter::InputMeter;
use super::pacer::{Pacer, Step};
use super::scale::shared_width;
use super::stage::Stage;
use crate::approval::Notice;
use crate::auth::{Caller, Scope};
use crate::session::Controller;
use crate::telemetry::names;

/// Input messages that may wait for a page that is busy; beyond it moves are dropped and the rest refused.
const INPUTS_WAITING_MAX: usize = 64;

/// How soon a tab that cannot be watched (it is being opened, it crashed) is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// What goes out on the socket next.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// A text message.
    Event(Box<LiveEvent>),
    /// A binary message, header and picture.
    Frame(Bytes),
}

/// Why a viewer's socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The session is over; the text says why.
    SessionOver(String),
    /// Frames were not acknowledged for `live.viewer_stall_ms`.
    Stalled,
    /// Events came faster than they were taken.
    TooSlow,
    /// The key or login this person came with is no longer good.
    KeyGone,
    /// The service ends.
    ServiceEnds,
}

impl Ending {
    /// One line for the close message.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::SessionOver(why) => why,
            Self::Stalled => "no frame was acknowledged for too long; reconnect",
            Self::TooSlow => "events came faster than they were read; reconnect",
            Self::KeyGone => "the key was revoked or has expired",
            Self::ServiceEnds => "the service ends",
        }
    }

    /// For the metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SessionOver(_) => "session_over",
            Self::Stalled => "stalled",
            Self::TooSlow => "too_slow",
            Self::KeyGone => "key_gone",
            Self::ServiceEnds => "service_ends",
        }
    }
}

/// One person's view. The edge calls [`Viewer::next`] for what goes out and [`Viewer::take`] with what came in.
pub struct Viewer {
    hub: Arc<Hub>,
    session: Arc<dyn Watched>,
    caller: Caller,
    events: broadcast::Receiver<LiveEvent>,
    approvals: BoxStream<'static, Notice>,
    pacer: Pacer,
    /// Bounded by `live.events_waiting_max`: what was heard is taken one at a time, what this viewer provokes is refused beyond it.
    outbox: VecDeque<LiveEvent>,
    /// The tab this person chose; `None` follows the agent.
    chosen: Option<u16>,
    looking: Option<Looking>,
    /// No tab is tried before this time.
    retry_at: Option<Instant>,
    width: Option<u32>,
    meter: InputMeter,
    /// To the task that passes input on; made when the wheel is first taken.
    inputs: Option<mpsc::Sender<(u16, Input)>>,
    refusals: (mpsc::Sender<String>, mpsc::Receiver<String>),
    /// Last input while driving: a silent driver hands back.
    drove_at: Instant,
    over: Option<Ending>,
    /// Counts this viewer at the session.
    _seen: Box<dyn std::any::Any + Send + Sync>,
    seat: Seat,
}

struct Looking {
    page: u16,
    stage: Arc<Stage>,
    casting: Casting,
}

impl Viewer {
    pub(super) fn new(hub: Arc<Hub>, session: Arc<dyn Watched>, caller: Caller, seat: Seat) -> Self {
        let config = &hub.config;
        let now = Instant::now();
        // Listening begins before the state is read: what happens in between is told twice rather than never.
        let (events, approvals) = (session.events(), hub.approvals.news(&caller));
        let seen = session.seen();
        let stall = Duration::from_millis(config.viewer_stall_ms);
        let mut viewer = Self {
            pacer: Pacer::new(config.fps_max, config.frames_in_flight_max, stall),
            meter: InputMeter::new(config.inputs_per_second_max, now),
            hub,
            events,
            approvals,
            outbox: VecDeque::new(),
            chosen: None,
            looking: None,
            retry_at: None,
            width: None,
            inputs: None,
            refusals: mpsc::channel(4),
            drove_at: now,
            over: None,
            session,
            caller,
            _seen: seen,
            seat,
        };
        let state = viewer.state();
        viewer.outbox.push_back(state);
        viewer
    }

    fn state(&self) -> LiveEvent {
        let id = self.session.id();
        let approvals =
            self.hub.approvals.pending(&self.caller).into_iter().filter(|held| held.session == id).collect();
        let controller = self.session.controller();
        LiveEvent::State {
            session: self.session.view(),
            calls: self.session.calls(),
            approvals,
            you_control: controller.as_ref().is_some_and(|who| who.viewer == self.seat.id),
            controller: controller.map(|who| who.name),
        }
    }

    fn drives(&self) -> bool {
        self.session.controller().is_some_and(|who| who.viewer == self.seat.id)
    }

    /// What goes out next. Can be dropped at any time and called again.
    ///
    /// # Errors
    /// Why this view is over.
    pub async fn next(&mut self) -> Result<Out, Ending> {
        loop {
            if let Some(event) = self.outbox.pop_front() {
                return Ok(Out::Event(Box::new(event)));
            }
            if let Some(ending) = self.over.take() {
                return Err(self.end(ending));
            }
            self.look().await;
            let now = Instant::now();
            let frame_at = match self.pacer.next(now) {
                Step::Stalled => return Err(self.end(Ending::Stalled)),
                Step::Send => {
                    if let Some(message) = self.frame().await {
                        return Ok(Out::Frame(message));
                    }
                    continue;
                }
                Step::WaitUntil(at) | Step::WaitForAck(at) => Some(at),
                Step::Idle(at) => at,
            };
            self.wait(frame_at).await;
        }
    }

    fn end(&self, ending: Ending) -> Ending {
        counter!(names::LIVE_VIEWERS_CLOSED, "reason" => ending.word()).increment(1);
        ending
    }

    /// Makes sure that the right tab is watched.
    async fn look(&mut self) {
        let Some(wanted) = self.chosen.or_else(|| self.session.current_page()) else {
            self.looking = None;
            return;
        };
        let now = Instant::now();
        if self.looking.as_ref().is_some_and(|looking| looking.page == wanted)
            || self.retry_at.is_some_and(|at| now < at)
        {
            return;
        }
        self.looking = None;
        self.pacer.forget_unsent();
        self.retry_at = Some(now + RETRY);
        let Some(mut casting) = self.session.watch(wanted).await else { return };
        self.retry_at = None;
        if let Some(frame) = casting.frames.borrow_and_update().as_ref() {
            self.pacer.offer(frame.sequence);
        }
        let stage = self.hub.stages.get(&self.session.id(), wanted, &self.hub.scalers);
        self.looking = Some(Looking { page: wanted, stage, casting });
    }

    /// The newest frame, ready to send.
    async fn frame(&mut self) -> Option<Bytes> {
        let looking = self.looking.as_mut()?;
        let frame = looking.casting.frames.borrow_and_update().clone();
        let Some(frame) = frame else {
            self.pacer.forget_unsent();
            return None;
        };
        // If this is dropped at the await, nothing was sent and nothing is counted; the bytes wait in the stage.
        let message = looking.stage.message(&frame, self.width).await;
        let Some(message) = message else {
            self.pacer.forget_unsent();
            return None;
        };
        self.pacer.offer(frame.sequence);
        self.pacer.sent(frame.sequence, Instant::now());
        counter!(names::LIVE_FRAMES_SENT).increment(1);
        counter!(names::LIVE_FRAME_BYTES_SENT).increment(message.len() as u64);
        Some(message)
    }

    /// Waits until something happened, at most until `frame_at`.
    async fn wait(&mut self, frame_at: Option<Instant>) {
        let driving = self.drives();
        let silent_at = self.drove_at + Duration::from_millis(self.hub.config.control_idle_ms_max);
        let frames = self.looking.as_mut().map(|looking| &mut looking.casting.frames);
        let watching = frames.is_some();
        let new_frame = async {
            match frames {
                Some(frames) => {
                    frames.changed().await.map(|()| frames.borrow_and_update().as_ref().map(|f| f.sequence))
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            event = self.events.recv() => self.heard(event),
            news = self.approvals.next() => self.heard_of_approval(news),
            Some(refused) = self.refusals.1.recv() => self.refuse(refused, "Look at the page and try again."),
            frame = new_frame => match frame {
                Ok(Some(sequence)) => self.pacer.offer(sequence),
                Ok(None) => {}
                // The tab is gone; the next look finds where the agent is now.
                Err(_) => self.looking = None,
            },
            () = until(frame_at) => {}
            () = until(self.retry_at), if !watching => {}
            () = until(Some(silent_at)), if driving => {
                self.session.hand_back(self.seat.id);
                self.refuse("the wheel went back to the agent: no input for a long time", "Take control again if you need it.");
            }
        }
    }

    fn heard(&mut self, event: Result<LiveEvent, RecvError>) {
        match event {
            Ok(LiveEvent::Closed { reason }) => {
                self.outbox.push_back(LiveEvent::Closed { reason: reason.clone() });
                self.over = Some(Ending::SessionOver(reason));
            }
            // Told by this viewer itself: only it knows whether it is the one who drives.
            Ok(LiveEvent::Control { .. }) => self.tell_control(),
            Ok(event) => self.outbox.push_back(event),
            Err(RecvError::Lagged(_)) => self.over = Some(Ending::TooSlow),
            Err(RecvError::Closed) => self.over = Some(Ending::SessionOver("the session is over".to_owned())),
        }
    }

    fn heard_of_approval(&mut self, news: Option<Notice>) {
        match news {
            Some(Notice::Changed(approval)) if approval.session == self.session.id() => {
                self.outbox.push_back(LiveEvent::Approval { approval: (*approval).clone() });
            }
            Some(Notice::Changed(_)) => {}
            Some(Notice::Missed) => self.over = Some(Ending::TooSlow),
            None => self.over = Some(Ending::ServiceEnds),
        }
    }

    fn tell_control(&mut self) {
        let controller = self.session.controller();
        let you_control = controller.as_ref().is_some_and(|who| who.viewer == self.seat.id);
        self.outbox.push_back(LiveEvent::Control { controller: controller.map(|who| who.name), you_control });
    }

    /// Takes a message of this person's. Never waits.
    pub fn take(&mut self, message: ViewerMessage) {
        let now = Instant::now();
        match message {
            ViewerMessage::Ack { seq } => {
                if self.pacer.acknowledged(seq, now).is_some() {
                    self.record_age(seq);
                }
            }
            ViewerMessage::Watch { page } => {
                self.chosen = page;
                self.retry_at = None;
            }
            ViewerMessage::Quality { fps, width } => {
                self.pacer.set_fps(u32::from(fps).clamp(1, self.hub.config.fps_max));
                let before = std::mem::replace(&mut self.width, shared_width(width));
                // Shown again in the new size, also on a page that stands still.
                if before != self.width
                    && let Some(frame) =
                        self.looking.as_ref().and_then(|looking| looking.casting.frames.borrow().clone())
                {
                    self.pacer.offer(frame.sequence);
                }
            }
            ViewerMessage::TakeControl => self.take_control(now),
            ViewerMessage::HandBack => self.session.hand_back(self.seat.id),
            ViewerMessage::Mouse { kind, x, y, button, clicks, delta_x, delta_y, modifiers } => {
                if [x, y, delta_x, delta_y].iter().all(|number| number.is_finite()) {
                    self.input(Input::Mouse { kind, x, y, button, clicks, delta_x, delta_y, modifiers }, now);
                }
            }
            ViewerMessage::Key { down, key, code, modifiers } => {
                self.input(Input::Key { down, key, code, modifiers }, now);
            }
            ViewerMessage::Text { text } if text.len() > self.hub.config.input_text_bytes_max => {
                self.refuse("the text is too long", "Send it in parts.");
            }
            ViewerMessage::Text { text } => self.input(Input::Text(text), now),
        }
    }

    /// The age of a frame when it is on the screen, as the service sees it: the acknowledgement's way back is part of it.
    fn record_age(&self, sequence: u64) {
        let Some(looking) = &self.looking else { return };
        let Some(frame) = looking.casting.frames.borrow().clone() else { return };
        if frame.sequence != sequence {
            return;
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let age = now.saturating_sub(Duration::from_micros(frame.captured_at_us));
        histogram!(names::LIVE_FRAME_AGE_SECONDS).record(age.as_secs_f64());
    }

    fn take_control(&mut self, now: Instant) {
        if !self.caller.may(Scope::Control) {
            self.refuse("this key may not drive: it needs the scope control", "Log in with a key that has control.");
            return;
        }
        let asked = Controller { viewer: self.seat.id, name: self.caller.name().to_owned() };
        match self.session.take_control(asked) {
            Ok(()) => self.drove_at = now,
            Err(by) => self.refuse(format!("{by} drives already"), "Wait until it is handed back."),
        }
    }

    fn input(&mut self, input: Input, now: Instant) {
        let a_move = matches!(input, Input::Mouse { kind: MouseKind::Move, .. });
        if !self.drives() {
            // One who lost the wheel mid-way still sends moves; saying so for each would be noise.
            if !a_move {
                self.refuse("you do not drive", "Take control first.");
            }
            return count_input("not_in_control");
        }
        if self.meter.take(now).is_err() {
            if !a_move {
                self.refuse("too much input at once", "Slow down a little.");
            }
            return count_input("too_fast");
        }
        let Some(page) = self.looking.as_ref().map(|looking| looking.page) else {
            return self.refuse("there is no tab to drive", "Choose a tab.");
        };
        self.drove_at = now;
        match self.inputs().try_send((page, input)) {
            Ok(()) => count_input("sent"),
            Err(TrySendError::Full(_)) if a_move => count_input("dropped"),
            Err(_) => {
                count_input("page_busy");
                self.refuse("the page does not take input now", "Wait a moment; a dialog may be open.");
            }
        }
    }

    /// The way to the page: one task, so that input keeps its order and a page that does not answer holds up no frame.
    fn inputs(&mut self) -> &mpsc::Sender<(u16, Input)> {
        self.inputs.get_or_insert_with(|| {
            let (inputs, mut waiting) = mpsc::channel(INPUTS_WAITING_MAX);
            let (session, refused, viewer) = (Arc::clone(&self.session), self.refusals.0.clone(), self.seat.id);
            self.hub.tasks.spawn("viewer input", async move {
                while let Some((page, input)) = waiting.recv().await {
                    // Asked again here: what waited is not sent after the wheel was handed back.
                    let drives = session.controller().is_some_and(|who| who.viewer == viewer);
                    if drives && let Err(why) = session.input(page, input).await {
                        // A person who does not read what went wrong misses some of it.
                        drop(refused.try_send(why));
                    }
                }
            });
            inputs
        })
    }

    fn refuse(&mut self, error: impl Into<String>, hint: &str) {
        if self.outbox.len() >= self.hub.config.events_waiting_max {
            self.over = Some(Ending::TooSlow);
            return;
        }
        self.outbox.push_back(LiveEvent::Refused { error: error.into(), hint: hint.to_owned() });
    }

    /// A text message that is no [`ViewerMessage`].
    pub fn take_unreadable(&mut self, why: &str) {
        self.refuse(
            format!("a message was not understood: {why}"),
            "Reload the page: viewer and service differ in version.",
        );
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.session.hand_back(self.seat.id);
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn count_input(result: &'static str) {
    counter!(names::LIVE_INPUTS, "result" => result).increment(1);
}

//! One person looking at one session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use helmwatch_protocol::{LiveEvent, ViewerMessage};
use metrics::{counter, histogram};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use super::behind::{Casting, Input, Watched};
use super::ending::Ending;
use super::guest::for_guest;
use super::hub::{Hub, Seat};
use super::pacer::{Pacer, Step};
use super::scale::shared_width;
use super::stage::Stage;
use super::wheel::{Heard, Lease, Refused, Wheel};
use super::witness::Deed;
use crate::approval::Notice;
use crate::auth::Caller;
use crate::session::{Taking, Told};
use crate::telemetry::names;

/// Messages that may wait for the socket; who provokes more refusals than that is too slow for what they send.
const OUTBOX_MAX: usize = 256;

/// Fingers of one touch message.
const FINGERS_MAX: usize = 10;

/// How soon a tab that cannot be watched (it is being opened, it crashed) is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// What goes out on the socket next.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// A text message.
    Event(Arc<Told>),
    /// A binary message, header and picture.
    Frame(Bytes),
}

/// One person's view. The edge calls [`Viewer::next`] for what goes out and [`Viewer::take`] with what came in.
pub struct Viewer {
    hub: Arc<Hub>,
    session: Arc<dyn Watched>,
    caller: Caller,
    events: broadcast::Receiver<Arc<Told>>,
    approvals: BoxStream<'static, Notice>,
    pacer: Pacer,
    /// Bounded by [`OUTBOX_MAX`]: what was heard is taken one at a time, what this viewer provokes is refused beyond it.
    outbox: VecDeque<Arc<Told>>,
    /// The tab this person chose; `None` follows the agent.
    chosen: Option<u16>,
    looking: Option<Looking>,
    /// No tab is tried before this time.
    retry_at: Option<Instant>,
    /// Frames a second this person wants.
    fps: u32,
    /// Greatest width this person wants, device pixels; `None`: as it is.
    width: Option<u32>,
    wheel: Wheel,
    over: Option<Ending>,
    began: Instant,
    /// Counts this viewer at the session.
    _seen: Box<dyn std::any::Any + Send + Sync>,
    _seat: Seat,
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
            pacer: Pacer::new(None, config.frames_in_flight_max, stall),
            fps: config.fps_max,
            wheel: Wheel::new(
                Arc::clone(&session),
                seat.id,
                &caller,
                config,
                hub.witness.clone(),
                hub.tasks.clone(),
                now,
            ),
            began: now,
            hub,
            events,
            approvals,
            outbox: VecDeque::new(),
            chosen: None,
            looking: None,
            retry_at: None,
            width: None,
            over: None,
            session,
            caller,
            _seen: seen,
            _seat: seat,
        };
        let state = viewer.state();
        viewer.own(state);
        for dialog in viewer.session.dialogs() {
            viewer.own(dialog);
        }
        viewer.hub.witness.saw(&*viewer.session, &viewer.caller, Deed::BeganToLook);
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
            you_control: self.wheel.is_held(),
            since: controller.as_ref().map(|who| who.since),
            controller: controller.map(|who| who.name),
        }
    }

    /// What goes out next. Can be dropped at any time and called again.
    ///
    /// # Errors
    /// Why this view is over.
    pub async fn next(&mut self) -> Result<Out, Ending> {
        loop {
            if let Some(event) = self.next_told() {
                return Ok(Out::Event(event));
            }
            if let Some(ending) = self.over.take() {
                return Err(self.end(ending));
            }
            self.look();
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

    /// What else can go out together with an event, without waiting.
    pub fn more(&mut self) -> Option<Arc<Told>> {
        loop {
            if let Some(event) = self.next_told() {
                return Some(event);
            }
            if self.over.is_some() {
                return None;
            }
            match self.events.try_recv() {
                Ok(event) => self.heard(Ok(event)),
                Err(TryRecvError::Lagged(missed)) => self.heard(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// The next that waits and is for this person.
    fn next_told(&mut self) -> Option<Arc<Told>> {
        while let Some(told) = self.outbox.pop_front() {
            if self.caller.only().is_none() {
                return Some(told);
            }
            if let Some(event) = for_guest(told.event().clone()) {
                return Some(Told::new(event));
            }
        }
        None
    }

    /// Tells this viewer alone.
    fn own(&mut self, event: LiveEvent) {
        self.outbox.push_back(Told::new(event));
    }

    fn end(&self, ending: Ending) -> Ending {
        counter!(names::LIVE_VIEWERS_CLOSED, "reason" => ending.word()).increment(1);
        ending
    }

    /// Makes sure that the right tab is watched.
    fn look(&mut self) {
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
        let Some(mut casting) = self.session.watch(wanted, self.fps, self.width) else { return };
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
        let idle_at = self.wheel.idle_at();
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
            Some(heard) = self.wheel.heard() => match heard {
                Heard::NotTaken(error) => self.refuse(Refused::new(error, "Look at the page and try again.")),
                Heard::Copied(text) => self.tell(LiveEvent::Copied { text }),
            },
            frame = new_frame => match frame {
                Ok(Some(sequence)) => self.pacer.offer(sequence),
                // The tab is gone; the next look finds where the agent is now.
                Ok(None) | Err(_) => {
                    self.looking = None;
                    self.retry_at = Some(Instant::now() + RETRY);
                }
            },
            () = until(frame_at) => {}
            () = until(self.retry_at), if !watching => {}
            () = until(idle_at), if idle_at.is_some() => match self.wheel.idle(Instant::now()) {
                Lease::Warn(left) => {
                    let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                    self.tell(LiveEvent::LeaseEnds { at: Some(self.hub.witness.now_ms().saturating_add(left)) });
                }
                Lease::End => {
                    self.wheel.hand_back();
                    self.refuse(Refused::new(
                        "the wheel went back to the agent: no input for a long time",
                        "Take control again if you need it.",
                    ));
                }
            },
        }
    }

    fn heard(&mut self, told: Result<Arc<Told>, RecvError>) {
        match told {
            Ok(told) => match told.event() {
                LiveEvent::Closed { reason } => {
                    self.over = Some(Ending::SessionOver(reason.clone()));
                    self.outbox.push_back(told);
                }
                // Told by this viewer itself: only it knows whether it is the one who drives.
                LiveEvent::Control { .. } => self.tell_control(),
                // Only who drives can give a page files.
                LiveEvent::Chooser { .. } if !self.wheel.is_held() => {}
                _ => self.outbox.push_back(told),
            },
            Err(RecvError::Lagged(_)) => self.over = Some(Ending::TooSlow),
            Err(RecvError::Closed) => self.over = Some(Ending::SessionOver("the session is over".to_owned())),
        }
    }

    fn heard_of_approval(&mut self, news: Option<Notice>) {
        match news {
            Some(Notice::Changed(approval)) if approval.session == self.session.id() => {
                self.own(LiveEvent::Approval { approval: Box::new((*approval).clone()) });
            }
            Some(Notice::Changed(_) | Notice::Grant(_)) => {}
            Some(Notice::Missed) => self.over = Some(Ending::TooSlow),
            None => self.over = Some(Ending::ServiceEnds),
        }
    }

    fn tell_control(&mut self) {
        let lost_to = self.wheel.lost_to();
        let (controller, since) = self.session.controller().map(|who| (who.name, who.since)).unzip();
        let you_control = self.wheel.is_held();
        self.own(LiveEvent::Control { controller, you_control, since });
        if you_control {
            for chooser in self.session.choosers() {
                self.own(chooser);
            }
        }
        if let Some(by) = lost_to {
            self.refuse(Refused::new(
                format!("{by} took the wheel from you"),
                "Agree with them before you take it back.",
            ));
        }
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
                self.fps = u32::from(fps).clamp(1, self.hub.config.fps_max);
                self.pacer.set_fps(self.own_fps());
                let before = std::mem::replace(&mut self.width, shared_width(width));
                if let Some(looking) = &self.looking {
                    looking.casting.share.want(self.fps, self.width);
                }
                // Shown again in the new size, also on a page that stands still.
                if before != self.width
                    && let Some(frame) =
                        self.looking.as_ref().and_then(|looking| looking.casting.frames.borrow().clone())
                {
                    self.pacer.offer(frame.sequence);
                }
            }
            ViewerMessage::TakeControl => {
                let taken = self.wheel.take(Taking::IfFree, now);
                self.unless_done(taken);
            }
            ViewerMessage::TakeOver => {
                let taken = self.wheel.take(Taking::Over, now);
                self.unless_done(taken);
            }
            ViewerMessage::KeepControl => self.renew(now),
            ViewerMessage::HandBack => self.wheel.hand_back(),
            ViewerMessage::Mouse { kind, x, y, button, clicks, delta_x, delta_y, modifiers } => {
                if [x, y, delta_x, delta_y].iter().all(|number| number.is_finite()) {
                    self.input(Input::Mouse { kind, x, y, button, clicks, delta_x, delta_y, modifiers }, now);
                }
            }
            ViewerMessage::Key { down, key, code, modifiers } => {
                self.input(Input::Key { down, key, code, modifiers }, now);
            }
            ViewerMessage::Text { text } if text.len() > self.hub.config.input_text_bytes_max => {
                self.refuse(Refused::new("the text is too long", "Send it in parts."));
            }
            ViewerMessage::Text { text } => self.input(Input::Text(text), now),
            ViewerMessage::Compose { text, .. } if text.len() > self.hub.config.input_text_bytes_max => {
                self.refuse(Refused::new("the text is too long", "Finish it in parts."));
            }
            ViewerMessage::Compose { text, start, end } => self.input(Input::Compose { text, start, end }, now),
            ViewerMessage::Touch { kind, points, modifiers } => {
                if points.len() <= FINGERS_MAX && points.iter().all(|point| point.x.is_finite() && point.y.is_finite())
                {
                    self.input(Input::Touch { kind, points, modifiers }, now);
                }
            }
            ViewerMessage::Choose { page, number, files } => {
                self.input_to(Some(page), Input::Choose { number, files }, now);
            }
            ViewerMessage::AnswerDialog { page, accept, text } => {
                self.input_to(Some(page), Input::AnswerDialog { accept, text }, now);
            }
            ViewerMessage::Copy { cut } => self.input(Input::Copy { cut }, now),
            ViewerMessage::Go { url } => self.input(Input::Go(url), now),
            ViewerMessage::Walk { step } => self.input(Input::Walk(step), now),
        }
    }

    /// The rate this viewer must be held to. Whoever wants all there are is held back by what the page's cast makes, and not once
    /// more: two brakes at the same rate would only add their waits.
    fn own_fps(&self) -> Option<u32> {
        (self.fps < self.hub.config.fps_max).then_some(self.fps)
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

    /// Input to the tab this person looks at, also before its first picture has come.
    fn input(&mut self, input: Input, now: Instant) {
        let looking = self.looking.as_ref().map(|looking| looking.page);
        let page = looking.or(self.chosen).or_else(|| self.session.current_page());
        self.input_to(page, input, now);
    }

    fn input_to(&mut self, page: Option<u16>, input: Input, now: Instant) {
        let turned = self.wheel.turn(page, input, now);
        if turned.is_ok() {
            self.renew(now);
        }
        self.unless_done(turned);
    }

    fn renew(&mut self, now: Instant) {
        if self.wheel.renew(now) {
            self.tell(LiveEvent::LeaseEnds { at: None });
        }
    }

    fn unless_done(&mut self, done: Result<(), Refused>) {
        if let Err(refused) = done {
            self.refuse(refused);
        }
    }

    fn refuse(&mut self, refused: Refused) {
        self.tell(LiveEvent::Refused { error: refused.error, hint: refused.hint.to_owned() });
    }

    /// Tells this viewer something it provoked.
    fn tell(&mut self, event: LiveEvent) {
        if self.outbox.len() >= OUTBOX_MAX {
            self.over = Some(Ending::TooSlow);
            return;
        }
        self.own(event);
    }

    /// A text message that is no [`ViewerMessage`].
    pub fn take_unreadable(&mut self, why: &str) {
        self.refuse(Refused::new(
            format!("a message was not understood: {why}"),
            "Reload the page: viewer and service differ in version.",
        ));
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.hub.witness.saw(&*self.session, &self.caller, Deed::StoppedLooking { after: self.began.elapsed() });
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

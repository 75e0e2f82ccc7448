//! Claims about viewers, with a session whose tabs are fed by hand.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use helmwatch_protocol::{
    ApprovalView, CallView, FeedEvent, FrameHeader, LiveEvent, MouseButton, MouseKind, SessionId, SessionState,
    SessionView, ViewerMessage,
};
use tokio::sync::{broadcast, watch};

use super::*;
use crate::approval::Notice;
use crate::audit::Log;
use crate::auth::{Caller, Scope, Scopes, Tenant, WallClock};
use crate::browser::Frame;
use crate::config::LiveConfig;
use crate::session::{Controller, Taking, Told};
use crate::telemetry::Tasks;

pub(crate) struct FakeSession {
    events: broadcast::Sender<Arc<Told>>,
    control: Mutex<Option<Controller>>,
    dialogs: Mutex<Vec<LiveEvent>>,
    viewers: Arc<AtomicUsize>,
    frames: watch::Sender<Option<Arc<Frame>>>,
    casts: Arc<AtomicUsize>,
    /// Frames a second, and width, that the last one to say so wanted.
    wanted: Arc<AtomicU32>,
    width: Arc<AtomicU32>,
    inputs: Mutex<Vec<(u16, Input)>>,
    got_input: watch::Sender<usize>,
}

struct Hold(Arc<AtomicUsize>);

struct FakeShare {
    _hold: Hold,
    wanted: Arc<AtomicU32>,
    width: Arc<AtomicU32>,
}

impl Share for FakeShare {
    fn want(&self, fps: u32, width: Option<u32>) {
        self.wanted.store(fps, Ordering::SeqCst);
        self.width.store(width.unwrap_or(0), Ordering::SeqCst);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(crate) fn view() -> SessionView {
    SessionView {
        handoff: None,
        id: "s_one".parse().unwrap(),
        name: "default".to_owned(),
        state: SessionState::Idle,
        url: "https://example.org/".to_owned(),
        title: "Example".to_owned(),
        opened_at: 1,
        used_at: 1,
        tenant: Tenant::DEFAULT.to_owned(),
        owner: "agent".to_owned(),
        tabs: Vec::new(),
        approvals_pending: 0,
        viewers: 0,
    }
}

impl FakeSession {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            events: broadcast::Sender::new(8),
            control: Mutex::default(),
            dialogs: Mutex::default(),
            viewers: Arc::default(),
            frames: watch::Sender::new(None),
            casts: Arc::default(),
            wanted: Arc::default(),
            width: Arc::default(),
            inputs: Mutex::default(),
            got_input: watch::Sender::new(0),
        })
    }

    fn tell_control(&self) {
        drop(self.events.send(Told::new(LiveEvent::Control { controller: None, you_control: false, since: None })));
    }

    pub(crate) fn show(&self, sequence: u64, jpeg: &[u8]) {
        let jpeg = Bytes::copy_from_slice(jpeg);
        let frame = Frame { sequence, captured_at_us: 1, jpeg, picture_width: 1280, width: 1280, height: 720 };
        self.frames.send_replace(Some(Arc::new(frame)));
    }
}

impl Watched for FakeSession {
    fn id(&self) -> SessionId {
        view().id
    }
    fn view(&self) -> SessionView {
        view()
    }
    fn calls(&self) -> Vec<CallView> {
        Vec::new()
    }
    fn dialogs(&self) -> Vec<LiveEvent> {
        self.dialogs.lock().unwrap().clone()
    }
    fn events(&self) -> broadcast::Receiver<Arc<Told>> {
        self.events.subscribe()
    }
    fn current_page(&self) -> Option<u16> {
        Some(1)
    }
    fn watch(&self, page: u16, fps: u32, width: Option<u32>) -> Option<Casting> {
        (page == 1).then(|| {
            self.casts.fetch_add(1, Ordering::SeqCst);
            let hold = Hold(Arc::clone(&self.casts));
            let (wanted, wide) = (Arc::clone(&self.wanted), Arc::clone(&self.width));
            let share = FakeShare { _hold: hold, wanted, width: wide };
            share.want(fps, width);
            Casting { frames: self.frames.subscribe(), share: Box::new(share) }
        })
    }
    fn choosers(&self) -> Vec<LiveEvent> {
        Vec::new()
    }
    fn input(&self, page: u16, input: Input) -> BoxFuture<'_, Result<Option<String>, String>> {
        let answer = matches!(input, Input::Copy { .. }).then(|| "copied".to_owned());
        self.inputs.lock().unwrap().push((page, input));
        self.got_input.send_modify(|count| *count += 1);
        async { Ok(answer) }.boxed()
    }
    fn controller(&self) -> Option<Controller> {
        self.control.lock().unwrap().clone()
    }
    fn take_control(&self, asked: Controller, taking: Taking) -> Result<Option<String>, String> {
        let mut control = self.control.lock().unwrap();
        let other = control.as_ref().filter(|other| other.viewer != asked.viewer).map(|other| other.name.clone());
        if taking == Taking::IfFree
            && let Some(other) = other
        {
            return Err(other);
        }
        *control = Some(asked);
        self.tell_control();
        Ok(other)
    }
    fn hand_back(&self, viewer: ViewerId) -> bool {
        let mut control = self.control.lock().unwrap();
        let drives = control.as_ref().is_some_and(|who| who.viewer == viewer);
        if drives {
            *control = None;
            self.tell_control();
        }
        drives
    }
    fn seen(&self) -> Box<dyn std::any::Any + Send + Sync> {
        self.viewers.fetch_add(1, Ordering::SeqCst);
        Box::new(Hold(Arc::clone(&self.viewers)))
    }
}

pub(crate) struct FakeApprovals(broadcast::Sender<Arc<ApprovalView>>);

impl Approvals for FakeApprovals {
    fn pending(&self, _: &Caller) -> Vec<ApprovalView> {
        Vec::new()
    }
    fn grants(&self, _: &Caller) -> Vec<helmwatch_protocol::GrantView> {
        Vec::new()
    }

    fn news(&self, _: &Caller) -> BoxStream<'static, Notice> {
        stream::unfold(self.0.subscribe(), |mut news| async { Some((Notice::Changed(news.recv().await.ok()?), news)) })
            .boxed()
    }
}

fn hub(config: LiveConfig) -> Arc<Hub> {
    let witness = Witness::new(Log::to_nowhere(), WallClock::system());
    Hub::new(config, Arc::new(FakeApprovals(broadcast::Sender::new(8))), witness, Tasks::new())
}

fn caller(scopes: &[Scope]) -> Caller {
    Caller::for_tests("watcher", Tenant::DEFAULT, scopes.iter().copied().collect::<Scopes>())
}

fn driver() -> Caller {
    caller(&[Scope::View, Scope::Control])
}

async fn event(viewer: &mut Viewer) -> LiveEvent {
    match viewer.next().await.unwrap() {
        Out::Event(told) => told.event().clone(),
        Out::Frame(_) => panic!("a frame, not an event"),
    }
}

async fn frame(viewer: &mut Viewer) -> (u64, Bytes) {
    loop {
        if let Out::Frame(message) = viewer.next().await.unwrap() {
            let (header, picture) = FrameHeader::decode(&message).unwrap();
            return (header.sequence, message.slice_ref(picture));
        }
    }
}

fn a_click() -> ViewerMessage {
    ViewerMessage::Mouse {
        kind: MouseKind::Down,
        x: 5.0,
        y: 6.0,
        button: MouseButton::Left,
        clicks: 1,
        delta_x: 0.0,
        delta_y: 0.0,
        modifiers: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_comes_first_then_the_newest_frame_and_no_more_than_agreed() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    session.show(1, b"one");
    session.show(2, b"two");
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    assert!(matches!(event(&mut viewer).await, LiveEvent::State { you_control: false, .. }));
    assert_eq!(frame(&mut viewer).await, (2, Bytes::from_static(b"two")));
    session.show(3, b"three");
    assert_eq!(frame(&mut viewer).await.0, 3);
    session.show(4, b"four");
    let waited = tokio::time::timeout(Duration::from_secs(5), viewer.next()).await;
    assert!(waited.is_err(), "two are under way: {waited:?}");
    session.show(5, b"five");
    viewer.take(ViewerMessage::Ack { seq: 3 });
    assert_eq!(frame(&mut viewer).await.0, 5, "four was never sent");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_acknowledges_nothing_is_closed() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    session.show(1, b"one");
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    event(&mut viewer).await;
    frame(&mut viewer).await;
    assert_eq!(viewer.next().await, Err(Ending::Stalled));
}

#[tokio::test]
async fn the_picture_runs_only_while_somebody_looks() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    session.show(1, b"one");
    let mut first = hub.watch(session.clone(), driver()).unwrap();
    let mut second = hub.watch(session.clone(), driver()).unwrap();
    assert_eq!(session.casts.load(Ordering::SeqCst), 0);
    let (one, two) = (frame(&mut first).await, frame(&mut second).await);
    assert_eq!(session.casts.load(Ordering::SeqCst), 2);
    assert_eq!(one.1.as_ptr(), two.1.as_ptr(), "both get the same bytes, not copies");
    assert_eq!(session.viewers.load(Ordering::SeqCst), 2);
    drop((first, second));
    assert_eq!(session.casts.load(Ordering::SeqCst), 0);
    assert_eq!(session.viewers.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_small_view_gets_a_small_picture() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let mut jpeg = Vec::new();
    let picture = image::RgbImage::new(1280, 720);
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&picture).unwrap();
    session.show(1, &jpeg);
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    viewer.take(ViewerMessage::Quality { fps: 2, width: 300 });
    let (_, small) = frame(&mut viewer).await;
    assert_eq!(session.wanted.load(Ordering::SeqCst), 2, "no more are made than wanted");
    assert_eq!(session.width.load(Ordering::SeqCst), 320, "and no larger ones");
    let small = image::load_from_memory(&small).unwrap();
    assert_eq!((small.width(), small.height()), (320, 180));
    viewer.take(ViewerMessage::Ack { seq: 1 });
    viewer.take(ViewerMessage::Quality { fps: 30, width: 4_000 });
    assert_eq!((session.wanted.load(Ordering::SeqCst), session.width.load(Ordering::SeqCst)), (30, 0));
    assert_eq!(frame(&mut viewer).await.1.len(), jpeg.len(), "the same frame again, as it is");
}

#[tokio::test]
async fn one_drives_at_a_time_and_only_with_the_scope() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    session.show(1, b"one");
    let mut looker = hub.watch(session.clone(), caller(&[Scope::View])).unwrap();
    let mut first = hub.watch(session.clone(), driver()).unwrap();
    let mut second = hub.watch(session.clone(), driver()).unwrap();
    for viewer in [&mut looker, &mut first, &mut second] {
        frame(viewer).await;
    }

    looker.take(ViewerMessage::TakeControl);
    assert!(matches!(event(&mut looker).await, LiveEvent::Refused { .. }));
    first.take(a_click());
    assert!(matches!(event(&mut first).await, LiveEvent::Refused { .. }));

    first.take(ViewerMessage::TakeControl);
    assert!(matches!(event(&mut first).await, LiveEvent::Control { you_control: true, .. }));
    second.take(ViewerMessage::TakeControl);
    assert!(matches!(
        event(&mut second).await,
        LiveEvent::Control { you_control: false, controller: Some(_), .. } | LiveEvent::Refused { .. }
    ));
    first.take(a_click());
    let mut got = session.got_input.subscribe();
    got.wait_for(|count| *count == 1).await.unwrap();
    assert_eq!(session.inputs.lock().unwrap()[0].0, 1);

    drop(first);
    assert!(session.controller().is_none(), "who leaves hands back");
    second.take(ViewerMessage::TakeControl);
    assert_eq!(session.controller().map(|who| who.name).as_deref(), Some("watcher"));
}

#[tokio::test(start_paused = true)]
async fn a_driver_who_does_nothing_hands_back() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    event(&mut viewer).await;
    viewer.take(ViewerMessage::TakeControl);
    assert!(matches!(event(&mut viewer).await, LiveEvent::Control { you_control: true, .. }));
    assert!(matches!(event(&mut viewer).await, LiveEvent::LeaseEnds { at: Some(_) }), "a warning first");
    viewer.take(ViewerMessage::KeepControl);
    assert_eq!(event(&mut viewer).await, LiveEvent::LeaseEnds { at: None }, "the lease runs on");
    assert!(matches!(event(&mut viewer).await, LiveEvent::LeaseEnds { at: Some(_) }));
    assert!(matches!(event(&mut viewer).await, LiveEvent::Refused { .. }));
    assert!(matches!(event(&mut viewer).await, LiveEvent::Control { you_control: false, controller: None, .. }));
}

#[tokio::test]
async fn the_wheel_is_taken_over_by_an_explicit_act_and_both_are_told() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let (mut first, mut second) =
        (hub.watch(session.clone(), driver()).unwrap(), hub.watch(session.clone(), driver()).unwrap());
    event(&mut first).await;
    event(&mut second).await;
    first.take(ViewerMessage::TakeControl);
    assert!(matches!(event(&mut first).await, LiveEvent::Control { you_control: true, .. }));
    event(&mut second).await;
    second.take(ViewerMessage::TakeOver);
    assert!(matches!(event(&mut second).await, LiveEvent::Control { you_control: true, .. }));
    assert!(matches!(event(&mut first).await, LiveEvent::Control { you_control: false, controller: Some(_), .. }));
    assert!(matches!(event(&mut first).await, LiveEvent::Refused { error, .. } if error.contains("took the wheel")));
    first.take(a_click());
    assert!(matches!(event(&mut first).await, LiveEvent::Refused { .. }), "who lost it moves nothing");
}

#[tokio::test]
async fn input_before_the_first_picture_goes_to_the_tab_that_will_be_shown() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    viewer.take(ViewerMessage::TakeControl);
    viewer.take(a_click());
    viewer.take(ViewerMessage::Copy { cut: false });
    let mut got = session.got_input.subscribe();
    got.wait_for(|count| *count == 2).await.unwrap();
    assert_eq!(session.inputs.lock().unwrap()[0].0, 1);
    loop {
        if let LiveEvent::Copied { text } = event(&mut viewer).await {
            break assert_eq!(text, "copied");
        }
    }
}

#[tokio::test]
async fn events_are_told_in_order_and_never_skipped() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    let say = |page| {
        session.events.send(Told::new(LiveEvent::Dialog { page, kind: None, message: String::new() })).unwrap();
    };
    event(&mut viewer).await;
    (0..8).for_each(say);
    for expected in 0..8 {
        assert!(matches!(event(&mut viewer).await, LiveEvent::Dialog { page, .. } if page == expected));
    }
    (0..9).for_each(say);
    assert_eq!(viewer.next().await, Err(Ending::TooSlow));
}

#[tokio::test]
async fn who_comes_while_a_dialog_is_open_is_told_of_it_after_the_state() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let open = LiveEvent::Dialog { page: 1, kind: Some("confirm".to_owned()), message: "Really?".to_owned() };
    session.dialogs.lock().unwrap().push(open.clone());
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    assert!(matches!(event(&mut viewer).await, LiveEvent::State { .. }));
    assert_eq!(event(&mut viewer).await, open);
}

#[tokio::test]
async fn the_end_of_the_session_is_told() {
    let (session, hub) = (FakeSession::new(), hub(LiveConfig::default()));
    let mut viewer = hub.watch(session.clone(), driver()).unwrap();
    event(&mut viewer).await;
    session.events.send(Told::new(LiveEvent::Closed { reason: "idle for too long".to_owned() })).unwrap();
    assert!(matches!(event(&mut viewer).await, LiveEvent::Closed { .. }));
    assert_eq!(viewer.next().await, Err(Ending::SessionOver("idle for too long".to_owned())));
}

#[tokio::test]
async fn seats_are_limited_and_given_back() {
    let hub = hub(LiveConfig { viewers_max: 1, viewers_total_max: 2, ..LiveConfig::default() });
    let session = FakeSession::new();
    let seat = hub.watch(session.clone(), driver()).unwrap();
    assert_eq!(hub.watch(session.clone(), driver()).err(), Some(NoRoom::Session));
    drop(seat);
    assert!(hub.watch(session, driver()).is_ok());
}

pub(crate) struct FakeSessions(pub(crate) broadcast::Sender<FeedEvent>);

impl Sessions for FakeSessions {
    fn list(&self, _: &Caller) -> Vec<SessionView> {
        vec![view()]
    }
    fn feed(&self) -> broadcast::Receiver<FeedEvent> {
        self.0.subscribe()
    }
    fn shows(&self, _: &Caller, id: &SessionId) -> bool {
        *id == view().id
    }
}

#[tokio::test]
async fn a_feed_tells_nothing_of_another_tenant() {
    let hub = hub(LiveConfig::default());
    let sessions = Arc::new(FakeSessions(broadcast::Sender::new(8)));
    let mut feed = hub.feed(sessions.clone(), caller(&[Scope::View])).unwrap();
    assert!(matches!(feed.next().await, Ok(FeedEvent::State { sessions, .. }) if sessions.len() == 1));
    let theirs = SessionView { id: "s_theirs".parse().unwrap(), tenant: "others".to_owned(), ..view() };
    let send = |event| assert_eq!(sessions.0.send(event).unwrap(), 1);
    send(FeedEvent::Session { session: theirs.clone() });
    send(FeedEvent::SessionClosed { id: theirs.id });
    send(FeedEvent::SessionClosed { id: view().id });
    assert_eq!(feed.next().await, Ok(FeedEvent::SessionClosed { id: view().id }));
}

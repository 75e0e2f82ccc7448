//! What this room asks of the rooms behind it: a session that can be watched and steered, and the approvals as they come.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use helmwatch_protocol::{
    ApprovalView, CallView, FeedEvent, GrantView, LiveEvent, MouseButton, MouseKind, SessionId, SessionView, Step,
    TouchKind, TouchPoint,
};
use tokio::sync::{broadcast, watch};

use crate::approval::Notice;
use crate::auth::Caller;
use crate::browser::Frame;
use crate::session::{Controller, Taking, Told};

/// One open WebSocket of a person, for as long as it is open.
pub type ViewerId = u64;

/// What a person does to a page. CSS pixels; `modifiers` as in CDP: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Mouse {
        kind: MouseKind,
        x: f64,
        y: f64,
        button: MouseButton,
        clicks: u8,
        delta_x: f64,
        delta_y: f64,
        modifiers: u8,
    },
    Key {
        down: bool,
        key: String,
        code: String,
        modifiers: u8,
    },
    Text(String),
    /// What an input method has so far, and the selection in it.
    Compose {
        text: String,
        start: u32,
        end: u32,
    },
    Touch {
        kind: TouchKind,
        points: Vec<TouchPoint>,
        modifiers: u8,
    },
    /// Files, by the names their upload was answered with, for the chooser of this number; none cancels it.
    Choose {
        number: u64,
        files: Vec<String>,
    },
    AnswerDialog {
        accept: bool,
        text: Option<String>,
    },
    /// Asks for what is selected.
    Copy {
        cut: bool,
    },
    Go(String),
    Walk(Step),
}

/// The live picture of one tab. Dropping it ends this watcher's share; the last share stops the screencast.
pub struct Casting {
    /// The newest frame, always; `None` before the first and after the tab is gone.
    pub frames: watch::Receiver<Option<Arc<Frame>>>,
    /// Keeps the picture running.
    pub share: Box<dyn Share>,
}

/// One watcher's share in a live picture.
pub trait Share: Send + Sync {
    /// Frames a second this watcher has a use for, and width in device pixels (`None`: as large as may be).
    fn want(&self, fps: u32, width: Option<u32>);
}

/// A session, as its viewers need it. Found for one caller and checked then.
pub trait Watched: Send + Sync + 'static {
    /// Its id.
    fn id(&self) -> SessionId;
    /// As it is now.
    fn view(&self) -> SessionView;
    /// The last calls, oldest first.
    fn calls(&self) -> Vec<CallView>;
    /// The dialogs that are open, each as the event `Dialog`.
    fn dialogs(&self) -> Vec<LiveEvent>;
    /// Everything from now on, in order. Ends, or says `Closed`, when the session is over.
    fn events(&self) -> broadcast::Receiver<Arc<Told>>;
    /// Counts somebody who looks, until what it answers is dropped.
    fn seen(&self) -> Box<dyn std::any::Any + Send + Sync>;
    /// The tab the agent's next call acts on.
    fn current_page(&self) -> Option<u16>;
    /// Starts watching a tab, with the wish as in [`Share::want`]; `None` when there is no such tab (any more).
    fn watch(&self, page: u16, fps: u32, width: Option<u32>) -> Option<Casting>;
    /// The tabs that ask for files, each as the event `Chooser`.
    fn choosers(&self) -> Vec<LiveEvent>;
    /// Passes a person's input to a tab, and answers what they asked for. The error is one line, for that person.
    fn input(&self, page: u16, input: Input) -> BoxFuture<'_, Result<Option<String>, String>>;
    /// Who drives. A change is told by the event `Control`.
    fn controller(&self) -> Option<Controller>;
    /// Takes the wheel for a person: agent calls wait from then on. Answers the name of who lost it.
    ///
    /// # Errors
    /// The name of the one who drives already.
    fn take_control(&self, controller: Controller, taking: Taking) -> Result<Option<String>, String>;
    /// Hands back to the agent, if this viewer drives; did it?
    fn hand_back(&self, viewer: ViewerId) -> bool;
}

/// The held calls, as viewers need them.
pub trait Approvals: Send + Sync + 'static {
    /// Those that wait for a person and `caller` may see.
    fn pending(&self, caller: &Caller) -> Vec<ApprovalView>;
    /// The grants that stand and `caller` may see.
    fn grants(&self, caller: &Caller) -> Vec<GrantView>;
    /// Each time one that `caller` may see is asked or decided. Ends with the service.
    fn news(&self, caller: &Caller) -> BoxStream<'static, Notice>;
}

/// The sessions, as the feed needs them.
pub trait Sessions: Send + Sync + 'static {
    /// Those `caller` may see.
    fn list(&self, caller: &Caller) -> Vec<SessionView>;
    /// Opened, changed and closed, of every tenant.
    fn feed(&self) -> broadcast::Receiver<FeedEvent>;
    /// May `caller` see this one?
    fn shows(&self, caller: &Caller, id: &SessionId) -> bool;
}

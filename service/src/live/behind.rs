//! What this room asks of the rooms behind it: a session that can be watched and steered, and the approvals as they come.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use helmwatch_protocol::{
    ApprovalView, CallView, FeedEvent, LiveEvent, MouseButton, MouseKind, SessionId, SessionView,
};
use tokio::sync::{broadcast, watch};

use crate::auth::{Caller, Tenant};
use crate::browser::Frame;

/// One open WebSocket of a person, for as long as it is open.
pub type ViewerId = u64;

/// Who drives a session, when a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The socket that took the wheel: the same person's second window does not drive.
    pub viewer: ViewerId,
    /// Name of the key or login, for people.
    pub name: String,
}

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
}

/// The live picture of one tab. Dropping it ends this watcher's share; the last share stops the screencast.
pub struct Casting {
    /// The newest frame, always; `None` before the first and after the tab is gone.
    pub frames: watch::Receiver<Option<Arc<Frame>>>,
    /// Whatever keeps the picture running.
    pub hold: Box<dyn std::any::Any + Send + Sync>,
}

/// A session, as its viewers need it. Found for one caller and checked then.
pub trait Watched: Send + Sync + 'static {
    /// Its id.
    fn id(&self) -> SessionId;
    /// Whose it is.
    fn tenant(&self) -> Tenant;
    /// As it is now; viewers and pending approvals are filled in by this room.
    fn view(&self) -> SessionView;
    /// The last calls, oldest first.
    fn calls(&self) -> Vec<CallView>;
    /// Everything from now on, in order. Ends, or says `Closed`, when the session is over.
    fn events(&self) -> broadcast::Receiver<LiveEvent>;
    /// The tab the agent's next call acts on.
    fn current_page(&self) -> Option<u16>;
    /// Starts watching a tab; `None` when there is no such tab (any more).
    fn watch(&self, page: u16) -> BoxFuture<'_, Option<Casting>>;
    /// Passes a person's input to a tab. The error is one line, for that person.
    fn input(&self, page: u16, input: Input) -> BoxFuture<'_, Result<(), String>>;
    /// Who drives.
    fn controller(&self) -> watch::Receiver<Option<Controller>>;
    /// Takes the wheel for a person: agent calls wait from then on. `Err` is who has it.
    ///
    /// # Errors
    /// The one who drives already.
    fn take_control(&self, controller: Controller) -> Result<(), Controller>;
    /// Hands back to the agent, if this viewer drives.
    fn hand_back(&self, viewer: ViewerId);
}

/// The held calls, as viewers need them.
pub trait Approvals: Send + Sync + 'static {
    /// Those that wait for a person and `caller` may see.
    fn pending(&self, caller: &Caller) -> Vec<ApprovalView>;
    /// Each time one is asked or decided, of every tenant.
    fn subscribe(&self) -> broadcast::Receiver<(Tenant, ApprovalView)>;
}

/// The sessions, as the feed needs them.
pub trait Sessions: Send + Sync + 'static {
    /// Those `caller` may see.
    fn list(&self, caller: &Caller) -> Vec<SessionView>;
    /// Opened, changed and closed, of every tenant.
    fn subscribe(&self) -> broadcast::Receiver<FeedEvent>;
}

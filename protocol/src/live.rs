//! Text messages of the live view, both ways.
//!
//! `/v1/sessions/{id}/live` carries binary frames ([`crate::FrameHeader`]) and [`LiveEvent`]s out, [`ViewerMessage`]s in.
//! `/v1/feed` carries [`FeedEvent`]s: all sessions and approvals, for the grid and the inbox.
//! Both begin with a full state, so a viewer that reconnects is right at once.

use serde::{Deserialize, Serialize};

use crate::{ApprovalView, GrantView, SessionId, SessionView};

/// One tab of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TabView {
    /// Stays with the tab for its life; frames name it.
    pub page: u16,
    pub url: String,
    /// Page text: show it as text only.
    pub title: String,
    /// The tab the agent's next call acts on.
    pub current: bool,
    pub crashed: bool,
    pub opened_by: TabOpener,
}

/// Whose doing a tab is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TabOpener {
    /// The session began with it, or a call opened it.
    #[default]
    Agent,
    /// A page opened it while the agent drove.
    Page,
    /// It came while a person drove.
    Person,
}

/// CSS pixels, from the viewport's top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// How far a tool call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum CallState {
    Running,
    /// Held until a person decides.
    Waiting,
    Done,
    Failed,
    /// Refused by the policy or a person.
    Refused,
}

/// One tool call on the timeline. Sent again with the same `number` when its state changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CallView {
    /// Counts up per session.
    pub number: u32,
    pub tool: String,
    /// One line in plain words, secrets masked.
    pub summary: String,
    pub state: CallState,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub started_at: u64,
    /// Milliseconds, absent while it runs.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub took_ms: Option<u64>,
    /// First line of the error, when it failed or was refused.
    pub error: Option<String>,
}

/// One console message of the page: page text, show it as text only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConsoleLine {
    pub page: u16,
    /// `log`, `info`, `warning`, `error`, `debug`.
    pub level: String,
    pub text: String,
    /// Milliseconds since the Unix epoch.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: u64,
}

/// What the service tells one session's viewers. Ordered; never skipped: a viewer too slow for them is closed and reconnects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LiveEvent {
    /// First message: everything as it is now.
    State {
        session: SessionView,
        /// The last calls, oldest first.
        calls: Vec<CallView>,
        /// This session's pending approvals.
        approvals: Vec<ApprovalView>,
        /// Who drives, when a person does.
        controller: Option<String>,
        /// True when this very viewer drives.
        you_control: bool,
        /// Since when the controller drives, milliseconds since the Unix epoch.
        #[cfg_attr(test, ts(type = "number | null"))]
        since: Option<u64>,
    },
    /// The session's state, tabs, address or title changed.
    Session {
        session: SessionView,
    },
    Call {
        call: CallView,
    },
    Console {
        line: ConsoleLine,
    },
    Approval {
        approval: Box<ApprovalView>,
    },
    /// A dialog opened on a page, or (`None`) was answered.
    Dialog {
        page: u16,
        kind: Option<String>,
        message: String,
    },
    /// The wheel changed hands, or (`controller: None`) went back to the agent.
    Control {
        controller: Option<String>,
        you_control: bool,
        /// As in `State`.
        #[cfg_attr(test, ts(type = "number | null"))]
        since: Option<u64>,
    },
    /// Only to the one who drives: without input the wheel goes back to the agent at this time, milliseconds since the Unix epoch;
    /// `None` when input came and the lease runs on.
    LeaseEnds {
        #[cfg_attr(test, ts(type = "number | null"))]
        at: Option<u64>,
    },
    /// Only to the one who drives: a page asks for files, or (`number: None`) no longer does.
    Chooser {
        page: u16,
        /// Names this request in [`ViewerMessage::Choose`].
        #[cfg_attr(test, ts(type = "number | null"))]
        number: Option<u64>,
        /// May more than one be given?
        several: bool,
    },
    /// Only to the one who drives: what was selected on the page when they asked for it.
    Copied {
        text: String,
    },
    /// A message of this viewer's was refused, with what to do.
    Refused {
        error: String,
        hint: String,
    },
    /// The session is over; the socket closes next.
    Closed {
        reason: String,
    },
}

/// What the service tells the grid and the inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FeedEvent {
    /// First message: everything as it is now.
    State {
        sessions: Vec<SessionView>,
        approvals: Vec<ApprovalView>,
        /// Those that stand.
        grants: Vec<GrantView>,
    },
    /// Opened or changed.
    Session {
        session: SessionView,
    },
    SessionClosed {
        id: SessionId,
    },
    /// Asked or decided.
    Approval {
        approval: Box<ApprovalView>,
    },
    /// Given, used or ended.
    Grant {
        grant: GrantView,
    },
}

/// Kind of a mouse message, as in CDP `Input.dispatchMouseEvent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MouseKind {
    Move,
    Down,
    Up,
    Wheel,
}

/// A mouse button.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MouseButton {
    #[default]
    None,
    Left,
    Middle,
    Right,
}

/// Kind of a touch message, as in CDP `Input.dispatchTouchEvent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TouchKind {
    Start,
    Move,
    End,
    Cancel,
}

/// One finger on the page, CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TouchPoint {
    /// Stays with the finger while it is down.
    pub id: u8,
    pub x: f64,
    pub y: f64,
}

/// Where a person at the helm sends a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Step {
    Back,
    Forward,
    Reload,
}

/// What a viewer tells the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ViewerMessage {
    /// The frame with this sequence number (and every older one) is on the screen.
    Ack {
        #[cfg_attr(test, ts(type = "number"))]
        seq: u64,
    },
    /// Look at another tab; `None` follows the agent.
    Watch { page: Option<u16> },
    /// Frames a second at most, and the picture's greatest width in device pixels (the service scales once for all who share it).
    Quality { fps: u8, width: u32 },
    /// Take the wheel (needs `control`); agent calls wait from then on.
    TakeControl,
    /// The same, from another person who drives: both are told.
    TakeOver,
    /// Hand back to the agent.
    HandBack,
    /// Still here: the lease runs on without input.
    KeepControl,
    /// Only while in control. CSS pixels; `modifiers` as in CDP: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift.
    Mouse {
        kind: MouseKind,
        x: f64,
        y: f64,
        #[serde(default)]
        button: MouseButton,
        #[serde(default)]
        clicks: u8,
        #[serde(default)]
        delta_x: f64,
        #[serde(default)]
        delta_y: f64,
        #[serde(default)]
        modifiers: u8,
    },
    /// Only while in control. `key` and `code` as in DOM `KeyboardEvent`.
    Key {
        down: bool,
        key: String,
        code: String,
        #[serde(default)]
        modifiers: u8,
    },
    /// Only while in control: text from an input method or the clipboard.
    Text { text: String },
    /// Only while in control: what an input method has so far, with the selection in it (UTF-16 units); empty cancels. The finished
    /// word comes as `Text` and takes its place.
    Compose { text: String, start: u32, end: u32 },
    /// Only while in control. For `start` and `move` the fingers that are down, for `end` those that stay.
    Touch {
        kind: TouchKind,
        points: Vec<TouchPoint>,
        #[serde(default)]
        modifiers: u8,
    },
    /// Only while in control: files for the page that asked for them, by the names their upload was answered with; none cancels.
    Choose {
        page: u16,
        #[cfg_attr(test, ts(type = "number"))]
        number: u64,
        files: Vec<String>,
    },
    /// Only while in control: the answer to a page's dialog.
    AnswerDialog {
        page: u16,
        accept: bool,
        /// What a prompt is answered with.
        text: Option<String>,
    },
    /// Only while in control: asks for what is selected on the page; `cut` takes it away there.
    Copy {
        #[serde(default)]
        cut: bool,
    },
    /// Only while in control: sends the tab that is looked at to an address.
    Go { url: String },
    /// Only while in control.
    Walk { step: Step },
}

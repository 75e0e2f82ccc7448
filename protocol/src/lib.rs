//! The words between the service and its viewer.
//!
//! Everything that crosses the wire to a person's page is declared here once: the binary frame
//! header ([`FrameHeader`]), the live-view messages ([`LiveEvent`], [`ViewerMessage`]) and the JSON shapes
//! of `/v1` ([`SessionView`], [`ApprovalView`], [`PoolView`]). The TypeScript types of the viewer are generated from
//! these by the test in `typescript.rs`. This crate must never do I/O, read a clock or know tokio.

mod approval;
mod frame;
mod grant;
mod guest;
mod handoff;
mod id;
mod link;
mod live;
mod pool;
mod session;
#[cfg(test)]
mod typescript;

pub use approval::{
    ApprovalList, ApprovalState, ApprovalView, CardField, Decision, DecisionRequest, EditField, EditKind, EditView,
    YesView,
};
pub use frame::{FRAME_HEADER_BYTES, FRAME_VERSION, FrameError, FrameHeader, FrameKind};
pub use grant::{GrantList, GrantView, GrantWish};
pub use guest::{GuestView, LinkAccess, LinkList, LinkMade, LinkRequest, LinkState, LinkView};
pub use handoff::{HandoffAnswer, HandoffOutcome, HandoffView};
pub use id::{ApprovalId, GrantId, IdError, LinkId, SessionId};
pub use link::{approval_link, handoff_link, session_link};
pub use live::{
    CallState, CallView, ConsoleLine, FeedEvent, LiveEvent, MouseButton, MouseKind, Rect, Step, TabOpener, TabView,
    TouchKind, TouchPoint, ViewerMessage,
};
pub use pool::{PoolPatch, PoolView};
pub use session::{
    ErrorBody, FileList, FileView, GivenFile, LoginRequest, LoginView, OpenRequest, RequestLine, RequestLines,
    SessionList, SessionState, SessionView,
};

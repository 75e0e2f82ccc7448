//! Writes the viewer's types from ours, and fails when the committed file is not what we would write.
//!
//! `HELMWATCH_WRITE=1 cargo test -p helmwatch-protocol typescript` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::{
    ApprovalId, ApprovalList, ApprovalState, ApprovalView, CallState, CallView, CardField, ConsoleLine, Decision,
    DecisionRequest, EditField, EditKind, EditView, ErrorBody, FRAME_HEADER_BYTES, FRAME_VERSION, FeedEvent, FileList,
    FileView, FrameKind, GivenFile, GrantId, GrantList, GrantView, GrantWish, GuestView, HandoffAnswer, HandoffOutcome,
    HandoffView, LinkAccess, LinkId, LinkList, LinkMade, LinkRequest, LinkState, LinkView, LiveEvent, LoginRequest,
    LoginView, MouseButton, MouseKind, OpenRequest, PoolPatch, PoolView, Rect, RequestLine, RequestLines, SessionId,
    SessionList, SessionState, SessionView, Step, TabOpener, TabView, TouchKind, TouchPoint, ViewerMessage, YesView,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../viewer/src/protocol/generated/wire.ts");

const WRITE: &str = "HELMWATCH_WRITE=1 cargo test -p helmwatch-protocol typescript";

/// One exported declaration, its documentation above it.
fn declare<T: TS + 'static>(config: &Config, text: &mut String) {
    let docs = T::docs().unwrap_or_default();
    writeln!(text, "\n{}export {}", docs.trim_start(), T::decl(config)).expect("a String takes all that is written");
}

fn wire() -> String {
    let config = Config::new();
    let mut text =
        format!("// Generated from the crate `helmwatch-protocol`; do not edit. To write it anew:\n// {WRITE}\n");
    writeln!(text, "\nexport const FRAME_VERSION = {FRAME_VERSION};").expect("a String takes all that is written");
    writeln!(text, "export const FRAME_HEADER_BYTES = {FRAME_HEADER_BYTES};")
        .expect("a String takes all that is written");
    writeln!(text, "export const FRAME_KIND_JPEG = {};", FrameKind::Jpeg as u8)
        .expect("a String takes all that is written");
    macro_rules! declare_all {
        ($($shape:ty),* $(,)?) => { $(declare::<$shape>(&config, &mut text);)* };
    }
    declare_all!(
        SessionId,
        ApprovalId,
        GrantId,
        ErrorBody,
        LoginRequest,
        LoginView,
        TabOpener,
        TabView,
        HandoffView,
        HandoffOutcome,
        HandoffAnswer,
        SessionState,
        SessionView,
        SessionList,
        OpenRequest,
        FileView,
        FileList,
        GivenFile,
        LinkId,
        LinkAccess,
        LinkRequest,
        LinkState,
        LinkView,
        LinkMade,
        LinkList,
        GuestView,
        RequestLine,
        RequestLines,
        CallState,
        CallView,
        ConsoleLine,
        Rect,
        CardField,
        YesView,
        EditKind,
        EditField,
        EditView,
        GrantWish,
        GrantView,
        GrantList,
        ApprovalState,
        ApprovalView,
        ApprovalList,
        Decision,
        DecisionRequest,
        PoolView,
        PoolPatch,
        FeedEvent,
        LiveEvent,
        MouseKind,
        MouseButton,
        TouchKind,
        TouchPoint,
        Step,
        ViewerMessage,
    );
    // ts-rs leaves blanks at line ends; every editor would strip them and make the file "stale".
    text.lines().map(str::trim_end).fold(String::with_capacity(text.len()), |tidy, line| tidy + line + "\n")
}

#[test]
fn the_viewers_types_are_ours() {
    let fresh = wire();
    let file = Path::new(FILE);
    if std::env::var_os("HELMWATCH_WRITE").is_some() {
        std::fs::create_dir_all(file.parent().expect("the file stands in a folder")).expect("the folder can be made");
        std::fs::write(file, &fresh).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(committed == fresh, "the viewer's types are stale; write them anew: {WRITE}");
}

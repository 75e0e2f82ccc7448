//! Chromium: starting it, speaking CDP to it, its contexts, its pages.
//!
//! The only room that speaks CDP. It knows nothing of agents, tools, keys or people; it must never start Chromium without its
//! sandbox unless the setting says so, and never leave a process behind.

mod adopted;
mod annotate;
pub mod cdp;
mod chromium;
mod context;
mod door;
mod error;
mod executable;
#[cfg(test)]
mod fake;
mod launch;
mod lock;
mod page;
mod page_script;
mod picture;
mod process;
mod profile;
mod run_as;
mod stranger;
mod video;
mod weight;

pub use adopted::reap_adopted;
pub use annotate::{Label, annotate};
pub use chromium::Chromium;
/// A mouse button, as CDP names it.
pub use chromiumoxide::cdp::browser_protocol::input::MouseButton;
pub use context::{
    Context, Cookie, DownloadNews, Inbox, Media, NetworkState, OriginItems, Partition, Recorded, Route, RouteDoing,
    SameSite,
};
pub use door::{Door, Doorkeeper, Sending, SendingKind};
pub use error::BrowserError;
pub use executable::{Build, Executable};
#[cfg(test)]
pub(crate) use fake::{Deed, Fakes, Step};
pub use launch::{CastOptions, LaunchOptions, Sandbox, Source};
pub use page::{
    ActionStyle, Check, ClickOptions, ConsoleEntry, ConsoleLevel, Dialog, DocumentStatus, Dropped, Finger, Frame,
    KeyInput, Mark, Marked, Marks, Matches, Modal, MouseAction, Page, PageFacts, PageFieldKind, PageForm, PageSecret,
    PageSending, PageSentForm, PageShown, PageTool, PictureFormat, Reading, RequestBody, RequestEntry, RequestHeaders,
    RequestList, RequestOutcome, RequestSide, Screencast, SentField, Shot, SnapshotOptions, SnapshotText, StorageArea,
    StoredItem, StoredItems, Target,
};
pub use picture::{PictureLimit, fit};
pub use profile::Profile;
pub use run_as::RunAs;
pub use video::VideoWriter;
pub use weight::{Weight, end_part, weigh};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use cdp::fuzz::frames as fuzz_frames;

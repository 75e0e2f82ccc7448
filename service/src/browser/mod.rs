//! Chromium: starting it, speaking CDP to it, its contexts, its pages.
//!
//! The only room that speaks CDP. It knows nothing of agents, tools, keys or people; it must never start Chromium without its
//! sandbox unless the setting says so, and never leave a process behind.

mod annotate;
mod aside;
pub mod cdp;
mod chromium;
mod context;
mod cookies;
mod downloads;
mod emulation;
mod error;
mod executable;
mod glob;
mod launch;
mod lock;
mod origins;
mod page;
mod page_script;
mod picture;
mod process;
mod profile;
mod recording;
mod route;
mod routing;
mod run_as;
mod video;
mod webm;
mod workers;

pub use annotate::{Label, annotate};
pub use chromium::Chromium;
/// A mouse button, as CDP names it.
pub use chromiumoxide::cdp::browser_protocol::input::MouseButton;
pub use context::Context;
pub use cookies::{Cookie, Partition, SameSite};
pub use downloads::{DownloadNews, Inbox};
pub use emulation::{Media, NetworkState};
pub use error::BrowserError;
pub use executable::{Build, Executable};
pub use launch::{CastOptions, LaunchOptions, Sandbox, Source};
pub use origins::OriginItems;
pub use page::{
    ActionStyle, Check, ClickOptions, ConsoleEntry, ConsoleLevel, Dialog, DocumentStatus, Dropped, Frame, KeyInput,
    Mark, Marked, Marks, Matches, Modal, MouseAction, Page, PageFacts, PageFieldKind, PageTool, PictureFormat, Reading,
    RequestBody, RequestEntry, RequestHeaders, RequestList, RequestOutcome, RequestSide, Screencast, Shot,
    SnapshotOptions, SnapshotText, StorageArea, StoredItem, StoredItems, Target,
};
pub use picture::{PictureLimit, fit};
pub use profile::Profile;
pub use recording::Recorded;
pub use route::{Route, RouteDoing};
pub use run_as::RunAs;
pub use video::VideoWriter;

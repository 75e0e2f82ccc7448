//! Putting the script that hides secrets in front of every document.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;

use super::Page;
use super::frames::FrameRef;
use super::scripting::WORLD;
use crate::browser::cdp::CdpSession;
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};
use crate::config::MaskConfig;

/// How long a frame may take to look through itself before a picture.
const COVER_WAIT_MAX: Duration = Duration::from_millis(500);

impl Page {
    /// Hides secrets in all documents of a CDP session from now on (`Page.addScriptToEvaluateOnNewDocument`), before they run and draw
    /// anything. What is in the target already is looked through at once.
    pub(super) async fn mask(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let MaskConfig { password, card, one_time_code } = self.options.mask;
        if !(password || card || one_time_code) {
            return Ok(());
        }
        let kinds = serde_json::json!({ "password": password, "card": card, "one_time_code": one_time_code });
        let script = AddScriptToEvaluateOnNewDocumentParams::builder()
            .source(page_script::mask(&kinds.to_string()))
            .world_name(WORLD)
            .run_immediately(true)
            .build()
            .map_err(impossible)?;
        session.execute(script).await.map(drop)
    }

    /// Looks once more for secrets before a picture is taken, in all frames: a shadow tree can come without a change that is heard of. A
    /// frame whose script is busy draws nothing new either, and is not waited for long.
    pub(super) async fn cover(&self) {
        let MaskConfig { password, card, one_time_code } = self.options.mask;
        if !(password || card || one_time_code) {
            return;
        }
        let frames: Vec<FrameRef> = lock(&self.state).frames.keys().map(|id| FrameRef { id: id.clone() }).collect();
        let nothing = serde_json::json!({});
        let looks = frames.iter().map(|frame| self.call_once(frame, "sweep", &nothing, COVER_WAIT_MAX));
        let all = self.unless_dialog(async { Ok(futures_util::future::join_all(looks).await) });
        if !matches!(tokio::time::timeout(COVER_WAIT_MAX, all).await, Ok(Ok(_))) {
            tracing::debug!("a page could not be looked through before its picture");
        }
    }
}

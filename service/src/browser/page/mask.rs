//! Putting the script that hides secrets in front of every document.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;

use super::Page;
use super::capture::{PictureFormat, Shot};
use super::frames::FrameRef;
use super::scripting::WORLD;
use crate::browser::cdp::CdpSession;
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};
use crate::config::MaskConfig;

/// How long a frame may take to look through itself before a picture.
const COVER_WAIT_MAX: Duration = Duration::from_millis(500);
/// How often a page that is watched is told so: half of the time for which its script goes on looking by itself (`SEEN_MS`).
const COVER_EVERY: Duration = Duration::from_secs(5);

impl Page {
    /// Hides secrets in all documents of a CDP session from now on (`Page.addScriptToEvaluateOnNewDocument`), before they run and draw
    /// anything. What is in the target already is looked through at once, but for the empty document of a tab of ours ([`Self::bare_mask`]).
    pub(super) async fn mask(&self, session: &CdpSession) -> Result<(), BrowserError> {
        let Some(source) = self.mask_script() else { return Ok(()) };
        let script = AddScriptToEvaluateOnNewDocumentParams::builder()
            .source(source)
            .world_name(WORLD)
            .run_immediately(!self.is_bare())
            .build()
            .map_err(impossible)?;
        session.execute(script).await.map(drop)
    }

    /// The script for the empty document that a tab of ours begins with. Nothing is on it until a script puts it there, so it gets this
    /// with our world or before such a script, not when the tab is made: most tabs leave it at once, and a fresh renderer pays 4 ms.
    pub(super) fn bare_mask(&self) -> Option<String> {
        self.is_bare().then(|| self.mask_script()).flatten()
    }

    /// Is it a tab of ours that has shown no document yet?
    pub(super) fn is_bare(&self) -> bool {
        !self.opened_by_page && self.shows_nothing()
    }

    fn mask_script(&self) -> Option<String> {
        let MaskConfig { password, card, one_time_code } = self.options.mask;
        if !(password || card || one_time_code) {
            return None;
        }
        let kinds = serde_json::json!({ "password": password, "card": card, "one_time_code": one_time_code });
        Some(page_script::mask(&kinds.to_string()))
    }

    /// Looks once more for secrets before a picture is taken, in all frames: a shadow tree can come without a change that is heard of. A
    /// frame whose script is busy draws nothing new either, and is not waited for long. Answers whether one was found, in any frame: what
    /// is drawn until now shows it.
    pub(super) async fn cover(&self) -> bool {
        let MaskConfig { password, card, one_time_code } = self.options.mask;
        if !(password || card || one_time_code) {
            return false;
        }
        let frames: Vec<FrameRef> = lock(&self.state).frames.keys().map(|id| FrameRef { id: id.clone() }).collect();
        let nothing = serde_json::json!({});
        // Each for itself, so that one that hangs takes nothing from what the others answer.
        let look = async |frame| {
            let looked = self.call_once(frame, "sweep", &nothing, COVER_WAIT_MAX);
            let looked = tokio::time::timeout(COVER_WAIT_MAX, looked).await.ok().and_then(Result::ok);
            looked.map(|look| look["found"].as_u64().unwrap_or(0))
        };
        let looks = async { Ok(futures_util::future::join_all(frames.iter().map(look)).await) };
        let looks = self.unless_dialog(looks).await.unwrap_or_else(|_| vec![None]);
        if looks.contains(&None) {
            tracing::debug!("a page could not be looked through before its picture");
        }
        looks.into_iter().flatten().any(|found| found > 0)
    }

    /// [`Self::cover`] before the first picture of a cast, which is what was drawn last: where that shows what was only now covered,
    /// it is drawn once more first.
    pub(super) async fn cover_what_is_drawn(&self) {
        if self.cover().await
            && let Err(error) = self.capture(Shot::Viewport, PictureFormat::Jpeg, 1).await
        {
            tracing::debug!(%error, "a page could not be drawn anew before its picture");
        }
    }

    /// Keeps the frames of a page that was just covered and is watched looking for secrets, until dropped.
    pub(super) async fn stay_covered(&self) {
        loop {
            tokio::time::sleep(COVER_EVERY).await;
            self.cover().await;
        }
    }
}

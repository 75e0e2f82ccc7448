//! Putting the script that hides secrets in front of every document.

use chromiumoxide::cdp::browser_protocol::page::AddScriptToEvaluateOnNewDocumentParams;

use super::Page;
use super::scripting::WORLD;
use crate::browser::cdp::CdpSession;
use crate::browser::error::impossible;
use crate::browser::{BrowserError, page_script};
use crate::config::MaskConfig;

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
}

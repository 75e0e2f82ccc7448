//! From a point in a frame to the same point in the tab, through every frame around it, also those of other processes.

use chromiumoxide::cdp::browser_protocol::dom::GetFrameOwnerParams;
use chromiumoxide::cdp::browser_protocol::page::FrameId;
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Frames around a frame that are gone through: more than pages nest, fewer than would hold up a call.
const FRAMES_AROUND_MAX: usize = 32;

/// Where a point is, seen from the frame around.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Through {
    pub x: f64,
    pub y: f64,
    /// One of its pixels in pixels around it: a page may show a frame larger or smaller.
    pub scale: f64,
    /// Is the frame drawn, and the point in the window around?
    pub in_view: bool,
    /// What lies over the frame at the point, in words: page text, data.
    pub cover: Option<String>,
    pub moving: bool,
}

#[derive(Serialize)]
struct Query<'a> {
    target: &'a str,
    x: f64,
    y: f64,
}

impl Page {
    /// A point of a frame's viewport as each frame around it sees it, from the inside out; empty for the main frame.
    ///
    /// # Errors
    /// As the connection; `Page` when a frame on the way is gone.
    pub(super) async fn through(&self, frame: &FrameRef, x: f64, y: f64) -> Result<Vec<Through>, BrowserError> {
        let (mut x, mut y) = (x, y);
        let mut seen = Vec::new();
        let mut inner = frame.clone();
        while seen.len() < FRAMES_AROUND_MAX {
            let parent = lock(&self.state).frames.get(&inner.id).and_then(|frame| frame.parent.clone());
            let Some(parent) = parent else { break };
            let outer = FrameRef { id: parent };
            let next = self.one_out(&inner, &outer, x, y).await?;
            (x, y) = (next.x, next.y);
            seen.push(next);
            inner = outer;
        }
        Ok(seen)
    }

    /// Where a frame's viewport begins in the tab's viewport, CSS pixels, and how large one of its pixels is there.
    ///
    /// # Errors
    /// As [`Self::through`].
    pub(super) async fn corner(&self, frame: &FrameRef) -> Result<(f64, f64, f64), BrowserError> {
        let around = self.through(frame, 0.0, 0.0).await?;
        let scale = around.iter().map(|one| one.scale).product();
        Ok(around.last().map_or((0.0, 0.0, 1.0), |outermost| (outermost.x, outermost.y, scale)))
    }

    async fn one_out(&self, inner: &FrameRef, outer: &FrameRef, x: f64, y: f64) -> Result<Through, BrowserError> {
        let deadline = self.session.deadline();
        // The name of the frame's element is good as long as the document around it.
        let known = lock(&self.state).frames.get(&inner.id).and_then(|frame| frame.owner.clone());
        if let Some(owner) = known {
            let asked = self.call(outer, "through", &Query { target: &owner, x, y }, deadline).await;
            match asked {
                Err(BrowserError::Page { code, .. }) if code == "stale_ref" => {}
                other => return other,
            }
        }
        let owner = self.owner_of(inner, outer).await?;
        let asked = self.call(outer, "through", &Query { target: &owner.name, x, y }, deadline).await;
        if asked.is_ok()
            && let Some(frame) = lock(&self.state).frames.get_mut(&inner.id)
        {
            frame.owner = Some(owner.name);
        }
        asked
    }

    /// The element that shows a frame.
    async fn owner_of(&self, inner: &FrameRef, outer: &FrameRef) -> Result<Place, BrowserError> {
        let (_, session) = self.world(outer).await?;
        let owner = GetFrameOwnerParams::new(FrameId::from(inner.id.clone()));
        let owner = self.unless_dialog(session.execute(owner)).await?;
        let object = self.node_in_our_world(outer, owner.backend_node_id).await?;
        Ok(Place { frame: outer.clone(), name: self.hold(outer, object).await? })
    }
}

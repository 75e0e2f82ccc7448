//! Where a target is: in which frame, and how our script there names it.

use chromiumoxide::cdp::js_protocol::runtime::{CallArgument, CallFunctionOnParams, RemoteObjectId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Page;
use super::frames::FrameRef;
use super::target::{Kind, Target, stale};
use crate::browser::error::impossible;
use crate::browser::lock::lock;
use crate::browser::{BrowserError, page_script};

/// A target found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub frame: FrameRef,
    /// A ref, a selector, or the name our script gave to an element it holds for us.
    pub name: String,
}

/// Frames inside one another that a point is looked for in.
const FRAMES_DEEP_MAX: usize = 32;

#[derive(Serialize)]
struct Point {
    x: f64,
    y: f64,
}

/// Answer of `at`.
#[derive(Deserialize)]
struct At {
    name: String,
    frame: bool,
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
struct Held {
    name: String,
}

impl Page {
    /// Finds the frame a target is looked up in, and its name there.
    ///
    /// # Errors
    /// `Page` (`stale_ref`) when its frame is gone, (`not_found`) when nothing is at the point, (`no_chooser`).
    pub(super) async fn place(&self, target: &Target) -> Result<Place, BrowserError> {
        match target.kind() {
            Kind::Named(text) => {
                let state = lock(&self.state);
                let id = match target.frame_number() {
                    None => state.main_frame.clone(),
                    Some(number) => {
                        let found = state.frames.iter().find(|(_, frame)| frame.number == number);
                        found.map(|(id, _)| id.clone()).ok_or_else(|| stale(target))?
                    }
                };
                Ok(Place { frame: FrameRef { id }, name: text.clone() })
            }
            Kind::Chooser => self.chooser_place(None).await,
            Kind::At { x, y } => self.place_at(*x, *y).await,
            Kind::UnderPointer => {
                let (x, y) = self.pointer();
                self.place_at(x, y).await
            }
        }
    }

    /// The innermost frame at a point of the tab's viewport, and what a click there would press.
    async fn place_at(&self, x: f64, y: f64) -> Result<Place, BrowserError> {
        let mut frame = self.main_frame();
        let (mut x, mut y) = (x, y);
        for _ in 0..FRAMES_DEEP_MAX {
            let found: At = self.call(&frame, "at", &Point { x, y }, self.session.deadline()).await?;
            let place = Place { frame: frame.clone(), name: found.name };
            if !found.frame {
                return Ok(place);
            }
            // A frame that is not looked into is itself what is there.
            let Some(inner) = self.content_frame(&place).await? else { return Ok(place) };
            (x, y) = (found.x, found.y);
            frame = inner;
        }
        Err(BrowserError::Page {
            code: "not_found".to_owned(),
            message: format!("more than {FRAMES_DEEP_MAX} frames are inside one another at this point; use a ref"),
        })
    }

    /// Lets our script hold an element, so that it can be named again.
    pub(super) async fn hold(&self, frame: &FrameRef, object: RemoteObjectId) -> Result<String, BrowserError> {
        let (_, session) = self.world(frame).await?;
        let call = CallFunctionOnParams::builder()
            .function_declaration(page_script::HOLD)
            .object_id(object)
            .return_by_value(true)
            .silent(true)
            .build()
            .map_err(impossible)?;
        let answered = self.unless_dialog(session.execute(call)).await?;
        let held: Held = serde_json::from_value(answered.result.value.unwrap_or_default()).map_err(|source| {
            BrowserError::Unreadable {
                method: "the page script's hold".to_owned(),
                source: std::sync::Arc::new(source),
            }
        })?;
        Ok(held.name)
    }

    /// The element at a place, as a handle in our world: for commands that take an object (`DOM.*`).
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn handle(&self, place: &Place) -> Result<RemoteObjectId, BrowserError> {
        let (world, session) = self.world(&place.frame).await?;
        let call = CallFunctionOnParams::builder()
            .function_declaration(page_script::CALL)
            .execution_context_id(chromiumoxide::cdp::js_protocol::runtime::ExecutionContextId::new(world))
            .argument(CallArgument::builder().value("element").build())
            .argument(CallArgument::builder().value(json!({ "target": place.name })).build())
            .silent(true)
            .build()
            .map_err(impossible)?;
        let answered = self.unless_dialog(session.execute(call)).await?;
        match answered.result.object_id {
            Some(id) if answered.result.subtype.is_some() => Ok(id),
            _ => Err(stale(&Target::new(&place.name))),
        }
    }
}

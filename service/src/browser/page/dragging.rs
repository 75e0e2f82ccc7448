//! Dragging from one element to another, and dropping what comes from outside the page.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::aim::{Check, Point};
use super::pointer::{Released, nothing};
use super::target::Target;
use super::{MouseButton, Page};
use crate::browser::BrowserError;

/// How far the pointer goes before it has begun to drag, CSS pixels: above what Chromium, and libraries that drag by
/// themselves, take for a click.
const BEGIN_PX: f64 = 12.0;
/// Moves on the way: pages follow a pointer, they do not expect it to jump.
const STEPS: u32 = 5;
/// What a drop from outside may do: copy, link or move, as the page likes.
const ANY_OPERATION: i64 = 1 | 2 | 16;

#[derive(Serialize)]
struct On<'a> {
    target: &'a str,
}

/// What came of a drag in the frame of the element it went to.
#[derive(Deserialize)]
struct Taken {
    /// Did the frame hear of it? One of another origin does not hear of a drag that begins around it.
    came: bool,
    /// Does the element say that it takes it, or take such things by itself?
    accepted: bool,
    dropped: bool,
    /// The element in words: page text, data.
    text: String,
}

/// What is dropped from outside.
#[derive(Debug, Clone, Default)]
pub struct Dropped {
    /// By MIME type.
    pub data: Vec<(String, String)>,
    /// Where Chromium can read them.
    pub files: Vec<PathBuf>,
}

impl Page {
    /// Drags one element onto another with the left button; answers why nothing took it, when a page's own drag was refused.
    ///
    /// # Errors
    /// As [`Page::aim`] for both; `DialogOpen` when the page opened one on the way.
    pub async fn drag(&self, start: &Target, end: &Target) -> Result<Option<String>, BrowserError> {
        // Nothing is begun that cannot be ended.
        self.aim(end, &[Check::Visible, Check::Stable, Check::Hit]).await?;
        let from = self.aim(start, &[Check::Visible, Check::Stable, Check::Hit]).await?;
        let dragged = self.drag_from(from, end).await;
        if dragged.is_err() {
            self.let_go();
        }
        dragged
    }

    async fn drag_from(&self, from: Point, end: &Target) -> Result<Option<String>, BrowserError> {
        self.move_to(from.x, from.y).await?;
        self.press_button(&MouseButton::Left, 1, (from.x, from.y), 0).await?;
        // What is dragged may lie under the pointer from now on, so that the end is no longer hit; and it may have to be scrolled to.
        let to = self.aim(end, &[Check::Visible]).await?;
        self.move_along((from.x, from.y), (to.x, to.y)).await?;
        if self.drags() {
            // Forgets what came of drags before this one.
            self.taken(end).await?;
            self.move_to(to.x, to.y).await?;
        }
        if self.release_button(&MouseButton::Left, 1, (to.x, to.y), 0).await? == Released::Up {
            return Ok(None);
        }
        Ok(match self.taken(end).await {
            Ok(taken) if !taken.accepted && !taken.dropped => Some(taken.text),
            // A drop that took the page away was taken.
            Ok(_) | Err(BrowserError::Page { .. }) => None,
            Err(error) => return Err(error),
        })
    }

    /// Drags from one point to another with the left button, CSS pixels of the tab's viewport.
    ///
    /// # Errors
    /// `DialogOpen` when the page opened one on the way; as the connection.
    pub async fn drag_points(&self, from: (f64, f64), to: (f64, f64)) -> Result<(), BrowserError> {
        let dragged = async {
            self.move_to(from.0, from.1).await?;
            self.press_button(&MouseButton::Left, 1, from, 0).await?;
            self.move_along(from, to).await?;
            self.release_button(&MouseButton::Left, 1, to, 0).await.map(drop)
        };
        let dragged = dragged.await;
        if dragged.is_err() {
            self.let_go();
        }
        dragged
    }

    async fn move_along(&self, from: (f64, f64), to: (f64, f64)) -> Result<(), BrowserError> {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let begin = (BEGIN_PX / across.hypot(down).max(1.0)).min(0.5);
        for step in 0..=STEPS {
            let part = begin + (1.0 - begin) * f64::from(step) / f64::from(STEPS);
            self.move_to(from.0 + across * part, from.1 + down * part).await?;
        }
        Ok(())
    }

    /// Drops data or files from outside the page onto an element, as a person who drags them into the window.
    ///
    /// # Errors
    /// As [`Page::aim`]; `Page` (`drop_refused`) when the element does not take them: nothing is dropped then.
    pub async fn drop_on(&self, target: &Target, what: &Dropped) -> Result<(), BrowserError> {
        let at = self.aim(target, &[Check::Visible, Check::Stable, Check::Hit]).await?;
        let at = (at.x, at.y);
        let items: Vec<Value> =
            what.data.iter().map(|(kind, text)| json!({ "mimeType": kind, "data": text })).collect();
        let files: Vec<_> = what.files.iter().map(|file| file.to_string_lossy()).collect();
        let data = json!({ "items": items, "files": files, "dragOperationsMask": ANY_OPERATION });
        self.taken(target).await?;
        self.drag_event("dragEnter", at, &data, 0).await?;
        self.drag_event("dragOver", at, &data, 0).await?;
        let taken = self.taken(target).await?;
        // A page may keep what it hears to itself; then the drop shows.
        if taken.came && !taken.accepted {
            self.drag_event("dragCancel", at, &nothing(), 0).await?;
            return Err(BrowserError::Page {
                code: "drop_refused".to_owned(),
                message: format!(
                    "{} does not take what was dropped: it let \"dragover\" pass without preventDefault(); look for the element that does",
                    taken.text
                ),
            });
        }
        self.drag_event("drop", at, &data, 0).await
    }

    async fn taken(&self, target: &Target) -> Result<Taken, BrowserError> {
        let place = self.place(target).await?;
        self.call(&place.frame, "drag_taken", &On { target: &place.name }, self.session.deadline()).await
    }
}

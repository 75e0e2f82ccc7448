//! Where the elements are that a person could press, type into or choose, under the refs of the snapshot of this moment.

use std::time::Duration;

use helmwatch_protocol::Rect;
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Frames whose elements are looked for.
const FRAMES_MAX: usize = 64;
/// As long as a snapshot may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// One element: name and role are page text, data.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// As in `e12` or `f1e3`.
    pub label: String,
    pub role: String,
    pub name: String,
    /// CSS pixels of the tab's viewport.
    pub rect: Rect,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// In the order of the document.
    pub elements: Vec<Marked>,
    /// How many more there are.
    pub left_out: usize,
    /// How far the page is scrolled, CSS pixels.
    pub scroll: (f64, f64),
    /// Pixels of a picture to a CSS pixel.
    pub scale: f64,
}

#[derive(Serialize)]
struct Query {
    prefix: String,
    full: bool,
}

#[derive(Deserialize)]
struct Part {
    marks: Vec<RawMark>,
    frames: Vec<String>,
    left_out: usize,
    scroll_x: f64,
    scroll_y: f64,
    scale: f64,
}

#[derive(Deserialize)]
struct RawMark {
    #[serde(rename = "ref")]
    label: String,
    role: String,
    name: String,
    #[serde(flatten)]
    rect: Rect,
}

impl Page {
    /// What is in the window and on top there, or (`full`) all of the document; frames too.
    ///
    /// # Errors
    /// As [`Page::snapshot`]; a child frame that cannot be read has no elements.
    pub async fn marks(&self, full: bool) -> Result<Marks, BrowserError> {
        let main = self.main_frame();
        let top = self.marks_of(&main, full).await?;
        let mut marks = Marks { scroll: (top.scroll_x, top.scroll_y), scale: top.scale, ..Marks::default() };
        let mut open = vec![(main, top, (0.0, 0.0, 1.0))];
        let mut frames = 0;
        while let Some((frame, part, (left, above, scale))) = open.pop() {
            marks.left_out += part.left_out;
            marks.elements.extend(part.marks.into_iter().map(|mark| Marked {
                label: mark.label,
                role: mark.role,
                name: mark.name,
                rect: Rect {
                    x: left + mark.rect.x * scale,
                    y: above + mark.rect.y * scale,
                    width: mark.rect.width * scale,
                    height: mark.rect.height * scale,
                },
            }));
            for owner in part.frames {
                if frames == FRAMES_MAX {
                    break;
                }
                frames += 1;
                if let Ok(Some(child)) = self.content_frame(&Place { frame: frame.clone(), name: owner }).await
                    && let Ok(part) = self.marks_of(&child, full).await
                    && let Ok(offset) = self.corner(&child).await
                {
                    open.push((child, part, offset));
                }
            }
        }
        Ok(marks)
    }

    async fn marks_of(&self, frame: &FrameRef, full: bool) -> Result<Part, BrowserError> {
        let prefix = lock(&self.state).frames.get(&frame.id).map(|frame| frame.prefix()).unwrap_or_default();
        self.call(frame, "marks", &Query { prefix, full }, DEADLINE).await
    }
}

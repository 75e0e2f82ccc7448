//! The page as an agent reads it: each frame's own part, put together.

use chromiumoxide::cdp::browser_protocol::dom::DescribeNodeParams;
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::place::Place;
use super::target::Target;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Frames within frames that are followed.
const DEPTH_MAX: usize = 8;
/// Frames of one snapshot; the rest stay empty `iframe` lines.
const FRAMES_MAX: usize = 64;

/// What is wanted of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct SnapshotOptions {
    /// Only this element and what is in it.
    pub target: Option<Target>,
    /// Levels below the root, those of child frames counted with their parents'; all when absent or 0.
    pub depth: Option<u32>,
    /// With `[box=x,y,w,h]`.
    pub boxes: bool,
}

/// A snapshot.
#[derive(Debug, Clone, Default)]
pub struct SnapshotText {
    /// Two-space indented YAML, one node a line.
    pub yaml: String,
    /// Was the page larger than is looked at?
    pub truncated: bool,
}

/// Arguments of `snapshot`.
#[derive(Debug, Clone, Default, Serialize)]
struct Query<'a> {
    /// Put before each ref: empty in the main frame, `f1` in a child frame.
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    /// Levels below the root; all of them when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    /// Adds `[box=x,y,width,height]`, in CSS pixels of the frame's viewport.
    boxes: bool,
}

/// One frame's snapshot; the frames inside it are stitched in with [`Part::stitch`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Part {
    /// Two-space indented, one node a line.
    yaml: String,
    frames: Vec<FramePlace>,
    /// Cut at a bound; the text says where.
    truncated: bool,
}

/// Where a child frame's own snapshot belongs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct FramePlace {
    /// Ref of the `iframe` node; `element({target: ref})` gives the element.
    #[serde(rename = "ref")]
    owner: String,
    /// Line of `yaml`, from 0.
    line: usize,
    /// Spaces before that line.
    indent: usize,
}

impl Part {
    /// The text with the snapshots of child frames under their lines: `inner` has the finished text of each of `frames`, in
    /// their order; a frame without one stays a line.
    fn stitch(&self, inner: impl IntoIterator<Item = Option<String>>) -> String {
        let mut out = String::with_capacity(self.yaml.len());
        let mut places = self.frames.iter().zip(inner).peekable();
        for (number, line) in self.yaml.lines().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            out.push_str(line);
            let Some((place, Some(text))) = places.next_if(|(place, _)| place.line == number) else { continue };
            if text.is_empty() {
                continue;
            }
            if !line.ends_with(':') {
                out.push(':');
            }
            for below in text.lines() {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', place.indent + 2));
                out.push_str(below);
            }
        }
        out
    }
}

/// A frame that was read: its part, and where in the list of all that were read each of its child frames is.
struct Read {
    frame: FrameRef,
    part: Part,
    children: Vec<Option<usize>>,
    /// Levels its part may have.
    depth: Option<u32>,
}

impl Page {
    /// Takes a snapshot of the tab, all frames stitched in.
    ///
    /// # Errors
    /// As the connection; a child frame that cannot be read stays an empty line.
    pub async fn snapshot(&self, options: &SnapshotOptions) -> Result<SnapshotText, BrowserError> {
        let place = match &options.target {
            Some(target) => Some(self.place(target).await?),
            None => None,
        };
        let frame = place.as_ref().map_or_else(|| self.main_frame(), |place| place.frame.clone());
        let depth = options.depth.filter(|depth| *depth > 0);
        let part = self.part(&frame, options, place.as_ref().map(|place| place.name.as_str()), depth).await?;
        let mut all = vec![Read { frame, part, children: Vec::new(), depth }];
        let mut level = 0..1;
        // All frames of a level at once: each costs a few round trips, and none waits for another.
        for _ in 0..DEPTH_MAX {
            let places: Vec<(usize, usize)> = level
                .clone()
                .flat_map(|at| (0..all[at].part.frames.len()).map(move |place| (at, place)))
                .take(FRAMES_MAX.saturating_sub(all.len() - 1))
                .collect();
            let reading =
                places.iter().map(|(at, place)| self.child(&all[*at], &all[*at].part.frames[*place], options));
            let read = futures_util::future::join_all(reading).await;
            let before = all.len();
            for ((parent, _), child) in places.into_iter().zip(read) {
                let at = child.is_some().then_some(all.len());
                all[parent].children.push(at);
                all.extend(child);
            }
            level = before..all.len();
            if level.is_empty() {
                break;
            }
        }
        let truncated = all.iter().any(|read| read.part.truncated);
        // Children stand behind their parents, so the last ones are finished first.
        let mut texts: Vec<String> = vec![String::new(); all.len()];
        for (at, read) in all.iter().enumerate().rev() {
            let inner: Vec<Option<String>> =
                read.children.iter().map(|child| child.map(|child| std::mem::take(&mut texts[child]))).collect();
            texts[at] = read.part.stitch(inner);
        }
        Ok(SnapshotText { yaml: texts.swap_remove(0), truncated })
    }

    async fn part(
        &self,
        frame: &FrameRef,
        options: &SnapshotOptions,
        target: Option<&str>,
        depth: Option<u32>,
    ) -> Result<Part, BrowserError> {
        let prefix = lock(&self.state).frames.get(&frame.id).map(|frame| frame.prefix()).unwrap_or_default();
        let query = Query { prefix, target, depth, boxes: options.boxes };
        self.call(frame, "snapshot", &query, self.options.command_deadline).await
    }

    /// What is in a child frame; nothing when it lies below the last level or cannot be read.
    async fn child(&self, parent: &Read, place: &FramePlace, options: &SnapshotOptions) -> Option<Read> {
        let depth = match parent.depth {
            Some(depth) => Some(depth.checked_sub(u32::try_from(place.indent / 2).ok()? + 1)?),
            None => None,
        };
        let frame =
            self.content_frame(&Place { frame: parent.frame.clone(), name: place.owner.clone() }).await.ok()??;
        match self.part(&frame, options, None, depth).await {
            Ok(part) => Some(Read { frame, part, children: Vec::new(), depth }),
            Err(error) => {
                tracing::debug!(%error, "a frame could not be read");
                None
            }
        }
    }

    /// The frame inside an `iframe` element.
    pub(super) async fn content_frame(&self, owner: &Place) -> Result<Option<FrameRef>, BrowserError> {
        let object = self.handle(owner).await?;
        let (_, session) = self.world(&owner.frame).await?;
        let node = session.execute(DescribeNodeParams::builder().object_id(object).build()).await?.node;
        let Some(id) = node.frame_id.map(|id| AsRef::<str>::as_ref(&id).to_owned()) else { return Ok(None) };
        Ok(lock(&self.state).frames.contains_key(&id).then_some(FrameRef { id }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn child_frames_stand_under_their_line() {
        let place = |owner: &str, line| FramePlace { owner: owner.to_owned(), line, indent: 2 };
        let part = Part {
            yaml: "- generic [ref=e1]:\n  - iframe [ref=e2]\n  - iframe [ref=e3]\n  - button \"B\" [ref=e4]".to_owned(),
            frames: vec![place("e2", 1), place("e3", 2)],
            truncated: false,
        };
        let text = part.stitch([Some("- paragraph [ref=f1e1]: in\n- text: two".to_owned()), None]);
        assert_eq!(
            text,
            "- generic [ref=e1]:\n  - iframe [ref=e2]:\n    - paragraph [ref=f1e1]: in\n    - text: two\n  - iframe [ref=e3]\n  - button \"B\" [ref=e4]"
        );
        assert_eq!(part.stitch([]), part.yaml, "frames past the bound stay lines");
    }
}
